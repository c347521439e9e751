-- When a till last tried an operation again, where it did: what it asked for last need not be what it asked for first.
ALTER TABLE operation ADD COLUMN tried_again_at INTEGER;

-- Few are tried again.
CREATE INDEX operation_tried_again ON operation (till, tried_again_at) WHERE tried_again_at IS NOT NULL;
