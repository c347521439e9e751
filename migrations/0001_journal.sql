-- The journal of a payment bridge. Times are milliseconds since 1970 (UTC), amounts are minor units, ids are text.

-- Marks the file as ours ("PBJ1"), so that the bridge never writes into another program's database.
PRAGMA application_id = 1346521649;

-- What a till asked for: a sale or a refund.
CREATE TABLE operation (
    sequence           INTEGER PRIMARY KEY,  -- commit order, which breaks ties between equal times
    id                 TEXT    NOT NULL UNIQUE,
    kind               TEXT    NOT NULL CHECK (kind IN ('sale', 'refund')),
    till               TEXT    NOT NULL,
    reference          TEXT    NOT NULL,
    -- Tells operations apart that carry one reference: a payment found at the provider after a lost journal. The
    -- highest one is what the reference means.
    generation         INTEGER NOT NULL,
    amount             INTEGER NOT NULL CHECK (amount > 0),
    currency           TEXT    NOT NULL CHECK (length(currency) = 3),
    original           TEXT    REFERENCES operation (id),
    -- The attempt that decides what the till is told. Not a foreign key: the operation is written before its attempt.
    deciding_attempt   TEXT    NOT NULL,
    -- The deciding attempt's phase in the till's words, kept here so that a till's list is found by an index.
    status             TEXT    NOT NULL
        CHECK (status IN ('pending', 'approved', 'declined', 'cancelled', 'failed', 'unknown')),
    -- What the provider's back office gave back. It only grows: money that went back does not return to the sale.
    refunded_elsewhere INTEGER NOT NULL DEFAULT 0 CHECK (refunded_elsewhere >= 0),
    simulated          INTEGER NOT NULL CHECK (simulated IN (0, 1)),
    -- Both are about the present result and are cleared when it changes: the till must learn the new one first.
    told_at            INTEGER,
    acknowledged_at    INTEGER,
    details            TEXT    NOT NULL,  -- JSON
    created_at         INTEGER NOT NULL,
    updated_at         INTEGER NOT NULL,
    UNIQUE (till, kind, reference, generation),
    CHECK ((kind = 'refund') = (original IS NOT NULL))
) STRICT;

-- A till's list, newest first, and with each of its filters.
CREATE INDEX operation_by_till ON operation (till, created_at);
CREATE INDEX operation_by_status ON operation (till, status, created_at);
CREATE INDEX operation_by_amount ON operation (till, amount, created_at);
CREATE INDEX operation_open ON operation (till, created_at) WHERE status IN ('pending', 'unknown');
CREATE INDEX operation_not_acknowledged ON operation (till, created_at) WHERE acknowledged_at IS NULL;
-- The refunds of a sale.
CREATE INDEX operation_by_original ON operation (original) WHERE original IS NOT NULL;

-- One run of an operation at the provider. Terminal, shop and provider are the run's: a later run may go elsewhere.
CREATE TABLE attempt (
    reference         TEXT    PRIMARY KEY NOT NULL,  -- what the provider's books carry; unique for ever
    operation         TEXT    NOT NULL REFERENCES operation (id),
    number            INTEGER NOT NULL CHECK (number >= 1),
    terminal          TEXT    NOT NULL,
    provider_terminal TEXT    NOT NULL,
    store             TEXT    NOT NULL,
    provider          TEXT    NOT NULL,
    refunds           TEXT,  -- the sale's payment at the provider, for a refund
    expires_at        INTEGER NOT NULL,
    horizon           INTEGER NOT NULL,
    cancel_wanted     INTEGER NOT NULL CHECK (cancel_wanted IN (0, 1)),
    contradicted      INTEGER NOT NULL CHECK (contradicted IN (0, 1)),
    phase             TEXT    NOT NULL CHECK (phase IN ('reserved', 'sending', 'open', 'unknown', 'abandoned',
                                                        'approved', 'declined', 'cancelled', 'failed')),
    phase_since       INTEGER NOT NULL,
    phase_detail      TEXT    NOT NULL,  -- JSON: the phase with everything that it holds
    -- The device while this attempt holds it: provider/terminal, since a local name may be given to another device. Its
    -- unique index is the lease.
    leased_terminal   TEXT,
    -- The amount while the money has moved or may still move, else 0: what a refund takes away from its sale.
    set_aside         INTEGER NOT NULL CHECK (set_aside >= 0),
    -- Copies out of phase_detail, for queries and for accountants.
    transaction_id    TEXT,
    amount_approved   INTEGER,
    card_brand        TEXT,
    card_masked_pan   TEXT,
    card_entry_method TEXT,
    UNIQUE (operation, number),
    CHECK (leased_terminal IS NULL
        OR (leased_terminal = provider || '/' || provider_terminal AND phase IN ('reserved', 'sending', 'open', 'unknown')))
) STRICT;

CREATE UNIQUE INDEX attempt_lease ON attempt (leased_terminal) WHERE leased_terminal IS NOT NULL;
CREATE INDEX attempt_live ON attempt (phase) WHERE phase IN ('reserved', 'sending', 'open', 'unknown');
CREATE INDEX attempt_abandoned ON attempt (phase_since) WHERE phase = 'abandoned';
CREATE INDEX attempt_by_transaction ON attempt (transaction_id) WHERE transaction_id IS NOT NULL;
-- Which terminals there are, and when each last took money.
CREATE INDEX attempt_by_terminal ON attempt (terminal, phase, phase_since);

-- What happened, for ever: nothing here is changed or deleted.
CREATE TABLE event (
    sequence  INTEGER PRIMARY KEY,
    at        INTEGER NOT NULL,
    operation TEXT    NOT NULL REFERENCES operation (id),
    attempt   INTEGER NOT NULL,  -- its number
    name      TEXT    NOT NULL,
    event     TEXT    NOT NULL,  -- JSON, without receipts and card numbers
    phase     TEXT    NOT NULL   -- where the attempt stood afterwards
) STRICT;

CREATE INDEX event_by_operation ON event (operation, sequence);

CREATE TRIGGER event_is_never_changed BEFORE UPDATE ON event
BEGIN SELECT RAISE(ABORT, 'the event log is append-only'); END;
CREATE TRIGGER event_is_never_deleted BEFORE DELETE ON event
BEGIN SELECT RAISE(ABORT, 'the event log is append-only'); END;

-- Genuine callbacks, kept to recognise a repeated delivery.
CREATE TABLE callback (
    provider    TEXT    NOT NULL,
    delivery    TEXT    NOT NULL,
    attempt     TEXT,  -- not a foreign key: a callback may be about an attempt that the journal has lost
    query       TEXT    NOT NULL,
    received_at INTEGER NOT NULL,
    PRIMARY KEY (provider, delivery)
) STRICT;

-- What a person must see.
CREATE TABLE alarm (
    id              INTEGER PRIMARY KEY,
    subject         TEXT    NOT NULL,  -- the operation, or the attempt reference of a payment that cannot become one
    kind            TEXT    NOT NULL,
    text            TEXT    NOT NULL,
    operation       TEXT    REFERENCES operation (id),
    terminal        TEXT,
    freezes         TEXT,  -- the device that takes nothing while this stands: provider/terminal
    raised_at       INTEGER NOT NULL,
    acknowledged_at INTEGER,
    acknowledged_by TEXT
) STRICT;

-- An alarm stands once per subject and kind.
CREATE UNIQUE INDEX alarm_stands_once ON alarm (subject, kind) WHERE acknowledged_at IS NULL;
CREATE INDEX alarm_standing ON alarm (id) WHERE acknowledged_at IS NULL;
CREATE INDEX alarm_freezing ON alarm (freezes) WHERE acknowledged_at IS NULL AND freezes IS NOT NULL;
CREATE INDEX alarm_by_subject ON alarm (subject, kind);

-- One row that is overwritten to measure how long this disk needs for a durable write.
CREATE TABLE probe (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    at INTEGER NOT NULL
) STRICT;
