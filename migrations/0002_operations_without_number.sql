-- Tills without receipt numbers: the bridge makes one, and knows a repeated request by what it asks for.

-- The terminal that the till asked for, where it had no number of its own; NULL where it had one. Not the attempts'
-- terminal, which is read from them.
ALTER TABLE operation ADD COLUMN asked_terminal TEXT;

-- The latest one that a request without a number may be, and whether the till has asked for another one there since.
-- Both hold nothing of tills that have numbers.
CREATE INDEX operation_by_content ON operation (till, asked_terminal, kind, amount, currency)
    WHERE asked_terminal IS NOT NULL;
CREATE INDEX operation_by_asked_terminal ON operation (till, asked_terminal) WHERE asked_terminal IS NOT NULL;
