//! What the use cases need in order to push results to tills.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::domain::directory::Till;
use crate::domain::identifiers::{OperationId, TillId};
use crate::domain::operation::Operation;

/// A result that is to be pushed to its till.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxEntry {
    /// Its number, never used again.
    pub number: i64,
    /// Whose result.
    pub till: TillId,
    /// Of which operation. What is sent is its result at the time of sending.
    pub operation: OperationId,
    /// How often it was tried in vain.
    pub tries: u32,
    /// Since when it is tried, without the time in which the bridge was off.
    pub since: Timestamp,
    /// When it is tried next; `None` once it is given up.
    pub due_at: Option<Timestamp>,
    /// Why the last try failed.
    pub last_error: Option<String>,
}

impl OutboxEntry {
    /// What the till recognises a repeated delivery by. With the operation in it, because numbers would come again after
    /// an old backup was put back.
    #[must_use]
    pub fn message_id(&self) -> String {
        format!("{}-{}", self.operation, self.number)
    }
}

/// What is not delivered yet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pushes {
    /// The oldest ones.
    pub oldest: Vec<OutboxEntry>,
    /// How many are still tried, in all.
    pub waiting: u64,
    /// How many were given up, in all.
    pub undelivered: u64,
}

/// Why a till did not take a result; in words that hold no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotPushed {
    /// The till did not answer, or only that it is busy or away: it would take no other result either.
    #[error("{0}")]
    Unreached(String),
    /// The till answered that it does not take this one, or this one cannot be sent. Others may go.
    #[error("{0}")]
    Refused(String),
}

/// Posts results to the tills' own addresses.
#[async_trait]
pub trait Pusher: Send + Sync {
    /// Posts the operation as it is, once. `Ok` means that the till took it.
    async fn push(&self, till: &Till, message_id: &str, operation: &Operation, now: Timestamp)
    -> Result<(), NotPushed>;
}
