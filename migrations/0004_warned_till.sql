-- A superseded sale that was paid all the same stands in the way of its till's next one until the till has been warned of
-- it. That is no result, so it is not noted as told.
ALTER TABLE operation ADD COLUMN warned_at INTEGER;

CREATE INDEX operation_unheard ON operation (till)
    WHERE status = 'approved' AND told_at IS NULL AND warned_at IS NULL AND acknowledged_at IS NULL;
