//! What goes wrong with SQLite, in the words of the port and of the people who set the machine up.

use std::path::PathBuf;

use crate::ports::JournalError;

/// What comes of a step or a reading.
pub(super) type Result<T, E = JournalError> = std::result::Result<T, E>;

/// Why the journal could not be opened. Every message tells the people who run the machine what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder or a file cannot be made, read or protected.
    #[error("{path}: {cause}; give the bridge's user a folder of its own that it can write to")]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// A file that is there and belongs to somebody else, such as a backup that root has put back.
    #[error(
        "{path} is there, but the bridge's user may not open it ({cause}); give it to that user, as root: chown \
         --reference={folder} {path}"
    )]
    NotOurs {
        /// Which one.
        path: PathBuf,
        /// The one that it lies in, which belongs to the bridge's user.
        folder: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// A symbolic link or a device stands where a file of the journal should be.
    #[error("{0} is not a regular file (a symbolic link?); put the journal's files there themselves")]
    NotRegular(PathBuf),
    /// Other users of the machine could replace the journal.
    #[error("{0} can be written by other users; use a folder of its own, or run `chmod 700` on it")]
    FolderWritableByOthers(PathBuf),
    /// SQLite's locks and syncs cannot be trusted there.
    #[error("{path} is on a network file system ({kind}), which can lose payments; use a disk of this machine")]
    NetworkFileSystem {
        /// The folder.
        path: PathBuf,
        /// What it is.
        kind: String,
    },
    /// Another bridge runs on this file.
    #[error("{0} is in use by another running bridge; stop that one first, or give this one its own database")]
    InUse(PathBuf),
    /// The file is something else.
    #[error("{0} is not a database of the bridge; name another file, or restore the latest backup there")]
    NotAJournal(PathBuf),
    /// The file cannot be read as it should.
    #[error("{path} is damaged ({cause}); keep a copy of it for analysis and restore the latest backup")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        cause: String,
    },
    /// A newer program wrote it.
    #[error("{path} was written by a newer bridge (schema {found}, this one knows {known}); install that one again")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The newest schema that this program knows.
        known: i64,
    },
    /// The schema could not be brought up to date.
    #[error("the schema of {path} could not be brought up to date: {cause}; restore the latest backup if this stays")]
    Migration {
        /// The file.
        path: PathBuf,
        /// What stood in the way.
        cause: String,
    },
    /// A SQLite with the WAL-reset corruption bug.
    #[error("this program was built with SQLite {0}, which can corrupt its files; build it with 3.51.3 or later")]
    OldSqlite(String),
    /// Anything else that SQLite says.
    #[error("{path} cannot be opened: {cause}")]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        cause: String,
    },
}

const SQLITE_ERROR: i32 = 1;
const SQLITE_BUSY: i32 = 5;
const SQLITE_CORRUPT: i32 = 11;
const SQLITE_FULL: i32 = 13;
const SQLITE_CONSTRAINT: i32 = 19;
const SQLITE_NOTADB: i32 = 26;

/// SQLite's primary result code, when the error is SQLite's own.
fn code(error: &sqlx::Error) -> Option<i32> {
    let code: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}

/// An error before COMMIT: the step is rolled back, so nothing of it is written.
pub(super) fn of_step(error: sqlx::Error) -> JournalError {
    let text = error.to_string();
    match (code(&error), error) {
        (Some(SQLITE_CORRUPT | SQLITE_NOTADB | SQLITE_CONSTRAINT | SQLITE_ERROR), _) => JournalError::Corrupt(text),
        (Some(_), _) | (_, sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_)) => {
            JournalError::Unavailable(text)
        }
        (_, sqlx::Error::WorkerCrashed) => JournalError::Broken(text),
        _ => JournalError::Corrupt(text),
    }
}

/// Something in a row that the domain does not accept.
pub(super) fn unreadable(error: impl std::fmt::Display) -> JournalError {
    JournalError::Corrupt(error.to_string())
}

/// A COMMIT that SQLite can still roll back: no space for the log, or a lock in the way. Anything else (a failed sync
/// above all) leaves open what is on disk.
pub(super) fn may_be_rolled_back(error: &sqlx::Error) -> bool {
    matches!(code(error), Some(SQLITE_FULL | SQLITE_BUSY))
}

/// ROLLBACK found nothing to do, because SQLite had rolled back by itself. It has no code of its own for that.
pub(super) fn is_no_transaction(error: &sqlx::Error) -> bool {
    code(error) == Some(SQLITE_ERROR) && error.to_string().contains("no transaction is active")
}

/// There is no room on the disk, which is nothing worse.
pub(super) fn is_full(error: &sqlx::Error) -> bool {
    code(error) == Some(SQLITE_FULL)
}

/// The content of the file is at fault, not its surroundings.
pub(super) fn is_damage(error: &sqlx::Error) -> bool {
    matches!(code(error), Some(SQLITE_CORRUPT | SQLITE_NOTADB))
}
