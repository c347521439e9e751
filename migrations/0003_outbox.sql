-- Results that are to be pushed to their till. A row goes when its till has taken the result.
CREATE TABLE push (
    -- The last event of the commit that brought the result: the log only grows, so no number comes twice.
    number     INTEGER PRIMARY KEY,
    till       TEXT    NOT NULL,
    operation  TEXT    NOT NULL REFERENCES operation (id),
    tries      INTEGER NOT NULL DEFAULT 0,  -- those that failed
    since      INTEGER NOT NULL,            -- when it was first to be sent: it is given up some time after that
    due_at     INTEGER,                     -- when it is tried next; NULL once it is given up
    last_error TEXT
) STRICT;

-- What is next for a till, and whether an earlier result of the same operation still waits.
CREATE INDEX push_due ON push (till, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX push_in_order ON push (operation, number) WHERE due_at IS NOT NULL;
CREATE INDEX push_undelivered ON push (since) WHERE due_at IS NULL;
