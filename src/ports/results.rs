//! How results reach tills that do not ask for them: from an outbox, and from the log.

use async_trait::async_trait;
use jiff::Timestamp;

use super::journal::JournalError;
use super::push::{OutboxEntry, Pushes};
use crate::domain::identifiers::TillId;
use crate::domain::operation::{Operation, Status};

/// A result of a till, as the log has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedResult {
    /// Its position in the log of all operations.
    pub sequence: i64,
    /// The operation as it is now.
    pub operation: Operation,
}

/// A stretch of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPage {
    /// What it holds of the till's results, oldest first.
    pub results: Vec<LoggedResult>,
    /// Where it ends.
    pub end: i64,
    /// The log went on after it when it was read.
    pub more: bool,
}

/// The part of the durable state that tells results without being asked. A result that is to be pushed stands in the
/// outbox from the commit on that brought it.
#[async_trait]
pub trait Results: Send + Sync {
    /// What is to be pushed next to this till, even if it is not due yet: first what was never tried. A result waits for the
    /// earlier ones of its operation.
    async fn next_push(&self, till: &TillId) -> Result<Option<OutboxEntry>, JournalError>;
    /// The till took the result of this attempt (as good as [`super::Journal::told`]), or there was nothing to send any
    /// more (`None`).
    async fn pushed(&self, push: &OutboxEntry, told: Option<(u32, Status)>, now: Timestamp)
    -> Result<(), JournalError>;
    /// A try failed; the next one is at `due_at`, or never. It is tried since `push.since`, which may be another moment than
    /// before.
    async fn not_pushed(
        &self,
        push: &OutboxEntry,
        why: &str,
        due_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(), JournalError>;
    /// Gives up what waits for tills to which nothing is pushed any more.
    async fn give_up_unwanted(&self) -> Result<(), JournalError>;
    /// Makes what is not delivered due now, as if it were new: one, or all that were given up.
    async fn push_again(&self, number: Option<i64>, now: Timestamp) -> Result<(), JournalError>;
    /// What is not delivered yet.
    async fn pushes(&self) -> Result<Pushes, JournalError>;

    /// Where the log ends.
    async fn log_end(&self) -> Result<i64, JournalError>;
    /// Where the log ended when it was opened: nothing that was lost had been taken in yet.
    fn log_end_at_opening(&self) -> i64;
    /// Whether a result of the till stands there, however its operation goes on since.
    async fn is_result(&self, till: &TillId, position: i64) -> Result<bool, JournalError>;
    /// The till's results in the next stretch of the log after a position.
    async fn results_after(&self, till: &TillId, position: i64) -> Result<LogPage, JournalError>;
}
