//! The journal in SQLite: one writer that commits steps in batches, and a few readers beside it.
//!
//! `WAL` with `synchronous=FULL`: what was answered survives a power cut. Every rule of money is the domain's; the steps
//! here load, ask the domain, and write what it says together with a line of the event log.
//!
//! | room | what stands there |
//! | --- | --- |
//! | `opening` | the file: whose it is, and how it is opened |
//! | `writing` | the one writer: steps wait, are committed together, and are answered |
//! | `steps` | what is decided and written as one: an operation begins, moves, is taken in; what is kept beside it |
//! | `results` | what tills know of their results, and those that they did not ask for: to be pushed, to be followed |
//! | `read` | readings beside the writer |
//! | `port` | the port that the engine sees |
//! | `rows` | rows to the domain and back |
//! | `error` | what can be wrong with the file and with SQLite |

mod error;
mod opening;
#[cfg(test)]
mod plans;
mod port;
mod read;
mod results;
mod rows;
mod steps;
mod writing;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use sqlx::SqlitePool;

pub use error::OpenError;

use crate::domain::identifiers::TillId;
use crate::ports::JournalError;
use opening::{connection, files};
use results::outbox::Outbox;
use results::told::Notes;
use steps::Probe;
use writing::Queue;

/// Where and how to open a journal.
#[derive(Debug, Clone)]
pub struct JournalOptions {
    /// The database file; `-wal`, `-shm` and `.lock` stand beside it. Its folder is made when missing.
    pub path: PathBuf,
    /// How long a step waits for a lock of another program (a backup, a shell) until it is
    /// [`JournalError::Unavailable`].
    pub busy_timeout: Duration,
    /// For tests of a full disk: the most pages of 4 KiB that the file may have. `None` means as many as the disk has.
    pub max_pages: Option<u32>,
    /// The tills whose results are pushed to them.
    pub pushed_to: HashSet<TillId>,
}

impl JournalOptions {
    /// The journal in this file, with five seconds of patience for locks.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), busy_timeout: Duration::from_secs(5), max_pages: None, pushed_to: HashSet::new() }
    }
}

/// How a journal stands to this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// There is none yet: opening makes it.
    Missing,
    /// An earlier version left it: opening brings it up to date.
    Earlier,
    /// It is this program's.
    Current,
}

/// The journal in one SQLite file. Dropping it closes it in the background; [`SqliteJournal::close`] waits for that.
pub struct SqliteJournal {
    path: PathBuf,
    queue: Queue,
    readers: SqlitePool,
    outbox: Outbox,
    notes: Notes,
    log_end_at_opening: i64,
}

impl SqliteJournal {
    /// Opens the journal, making it or bringing its schema up to date where needed. Must be called inside a tokio
    /// runtime, which then runs the writer.
    ///
    /// # Errors
    /// [`OpenError`], whose message tells what to do.
    pub async fn open(options: JournalOptions) -> Result<Self, OpenError> {
        let lock = files::prepare(&options.path)?;
        let writer = connection::open_writer(&options).await?;
        let readers = connection::open_readers(&options).await?;
        let log_end_at_opening = connection::log_end(&readers, &options.path).await?;
        Ok(Self {
            log_end_at_opening,
            path: options.path,
            queue: Queue::start(writer, lock),
            readers,
            outbox: Outbox::of(options.pushed_to),
            notes: Notes::default(),
        })
    }

    /// How the journal in this file stands, without making it or bringing it up to date.
    ///
    /// # Errors
    /// [`OpenError`], whose message tells what to do.
    pub async fn schema(path: &Path) -> Result<Schema, OpenError> {
        connection::schema(&JournalOptions::at(path)).await
    }

    /// Commits what is queued, folds the log into the database and releases the file. Later calls are
    /// [`JournalError::Unavailable`].
    pub async fn close(&self) {
        self.readers.close().await;
        self.queue.close().await;
    }

    /// Returns, with the reason, once a commit has failed in a way that leaves open what is on disk. The process must
    /// stop then, and read the truth anew. Never returns otherwise.
    pub fn failed(&self) -> impl Future<Output = String> + Send + 'static {
        self.queue.failed()
    }

    /// How long one durable write takes on this disk, with its wait for the writer.
    ///
    /// # Errors
    /// [`JournalError`] when it could not be written.
    pub async fn measure_sync(&self) -> Result<Duration, JournalError> {
        let began = Instant::now();
        self.queue.commit(Probe { now: Timestamp::now() }).await?;
        Ok(began.elapsed())
    }

    /// Reads the whole file and returns what is wrong with it; empty when it is healthy. Takes seconds on a large one.
    ///
    /// # Errors
    /// [`JournalError`] when it cannot even be read.
    pub async fn check_integrity(&self) -> Result<Vec<String>, JournalError> {
        read::check_integrity(&self.readers).await
    }

    /// What the journal takes on disk, in bytes.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        files::size_bytes(&self.path)
    }
}
