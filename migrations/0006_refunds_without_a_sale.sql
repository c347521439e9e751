-- Refunds without a sale. SQLite changes no CHECK in place, so the table is made anew (https://sqlite.org/lang_altertable.html,
-- "Making Other Kinds Of Table Schema Changes"); the connection has foreign keys switched off for that.

CREATE TABLE operation_anew (
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
    -- The sale that a refund gives back; NULL where it is of none.
    original           TEXT    REFERENCES operation (id) CHECK (original IS NULL OR kind = 'refund'),
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
    -- The terminal that the till asked for, where it had no number of its own; NULL where it had one. Not the attempts'
    -- terminal, which is read from them.
    asked_terminal     TEXT,
    -- When the till was warned that a sale of its own which it had superseded was paid all the same.
    warned_at          INTEGER,
    UNIQUE (till, kind, reference, generation)
) STRICT;

INSERT INTO operation_anew (sequence, id, kind, till, reference, generation, amount, currency, original,
    deciding_attempt, status, refunded_elsewhere, simulated, told_at, acknowledged_at, details, created_at, updated_at,
    asked_terminal, warned_at)
SELECT sequence, id, kind, till, reference, generation, amount, currency, original,
    deciding_attempt, status, refunded_elsewhere, simulated, told_at, acknowledged_at, details, created_at, updated_at,
    asked_terminal, warned_at
FROM operation;

DROP TABLE operation;
ALTER TABLE operation_anew RENAME TO operation;

-- As they were.
CREATE INDEX operation_by_till ON operation (till, created_at);
CREATE INDEX operation_by_status ON operation (till, status, created_at);
CREATE INDEX operation_by_amount ON operation (till, amount, created_at);
CREATE INDEX operation_open ON operation (till, created_at) WHERE status IN ('pending', 'unknown');
CREATE INDEX operation_not_acknowledged ON operation (till, created_at) WHERE acknowledged_at IS NULL;
CREATE INDEX operation_by_original ON operation (original) WHERE original IS NOT NULL;
CREATE INDEX operation_by_content ON operation (till, asked_terminal, kind, amount, currency)
    WHERE asked_terminal IS NOT NULL;
CREATE INDEX operation_by_asked_terminal ON operation (till, asked_terminal) WHERE asked_terminal IS NOT NULL;
CREATE INDEX operation_unheard ON operation (till)
    WHERE status = 'approved' AND told_at IS NULL AND warned_at IS NULL AND acknowledged_at IS NULL;
