//! Checkpoints: the writer folds SQLite's log into the database between two commits, when whoever waited has been answered.
//! SQLite's own would run inside a commit, and keep it to itself when the disk fails.

use sqlx::SqliteConnection;

use crate::journal::error::{Result, is_full};
use crate::ports::JournalError;

/// A checkpoint syncs the disk twice, and 64 busy tills fill SQLite's usual 4 MB in a few commits.
const LOG_PAGES: i64 = 8000;
/// The log is measured once in so many commits, which takes a trip to SQLite's thread; a full batch writes some hundred pages.
const COMMITS: u32 = 16;
/// A reader of ours may hold a checkpoint up for a moment: only a log that is so many times too long is anybody's fault.
const STARVED: i64 = 4;
const STARVED_BY: &str = "another program has been reading the journal for long; end it (a shell, a backup that hangs)";

/// When the log is folded.
pub(super) struct Checkpoints {
    log_pages: i64,
    every: u32,
    /// Commits since the log was measured.
    commits: u32,
    has_warned: bool,
}

/// How the log stands, in pages.
struct Log {
    pages: i64,
    folded: i64,
}

impl Checkpoints {
    pub(super) fn new() -> Self {
        Self::when(LOG_PAGES, COMMITS)
    }

    /// When the log has so many pages, looked at after so many commits.
    pub(super) fn when(log_pages: i64, every: u32) -> Self {
        Self { log_pages, every, commits: 0, has_warned: false }
    }

    /// Counts a commit. Returns whether the log is to be looked at.
    pub(super) fn count(&mut self) -> bool {
        self.commits = (self.commits + 1) % self.every;
        self.commits == 0
    }

    /// Folds the log where it is long. Nobody is waited for: what a reader still needs is folded another time.
    pub(super) async fn fold(&mut self, connection: &mut SqliteConnection) -> Result<()> {
        let log = measure(connection, "PRAGMA wal_checkpoint(NOOP)").await.map_err(broken)?;
        if log.pages < self.log_pages {
            return Ok(());
        }
        let trouble = match measure(connection, "PRAGMA wal_checkpoint(PASSIVE)").await {
            Ok(log) => log.is_starved(self.log_pages).then(|| STARVED_BY.to_owned()),
            // What is in the log is as durable as what is in the database.
            Err(error) if is_full(&error) => Some(error.to_string()),
            Err(error) => return Err(broken(error)),
        };
        if let Some(trouble) = &trouble
            && !self.has_warned
        {
            tracing::warn!("the journal's log is not folded into the database, and grows: {trouble}");
        }
        self.has_warned = trouble.is_some();
        Ok(())
    }
}

impl Log {
    fn is_starved(&self, log_pages: i64) -> bool {
        self.folded < self.pages && self.pages >= STARVED * log_pages
    }
}

async fn measure(connection: &mut SqliteConnection, checkpoint: &'static str) -> Result<Log, sqlx::Error> {
    let (_, pages, folded): (i64, i64, i64) = sqlx::query_as(checkpoint).fetch_one(connection).await?;
    Ok(Log { pages, folded })
}

/// After a sync that failed, the system may claim that lost pages are on disk.
fn broken(error: sqlx::Error) -> JournalError {
    JournalError::Broken(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_log_that_is_far_too_long_is_a_foreign_readers() {
        let is_starved = |pages, folded| Log { pages, folded }.is_starved(10);
        assert!(!is_starved(39, 0) && is_starved(40, 39) && !is_starved(40, 40));
    }
}
