-- Until when each shop's payments at a provider were compared with the journal, by the provider's clock, in milliseconds: a
-- bridge that was off for longer than a sweep looks back looks back to there.
CREATE TABLE sweep (
    provider    TEXT    NOT NULL,
    store       TEXT    NOT NULL,
    complete_at INTEGER NOT NULL,
    PRIMARY KEY (provider, store)
) STRICT, WITHOUT ROWID;
