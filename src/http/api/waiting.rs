//! How long a till waits, and what it hears when its time is up.

use std::time::{Duration, Instant};

use tokio::time::timeout;

use super::asked::Asked;
use crate::domain::identifiers::TillId;
use crate::domain::operation::Operation;
use crate::engine::{Patience, Progress, Refusal, Waiting};
use crate::http::TillApi;
use crate::http::capacity::{Counted, Share};
use crate::till::fields::Invalid;

/// A disk that has not answered for so long stands still, however briefly the till waits.
const STALLED: Duration = Duration::from_secs(5);
/// What ends with the till's time has ended by itself before.
const BETWEEN_TWO_ENDS: Duration = Duration::from_millis(500);

/// An operation to tell the till of, and whether it had asked for it before.
pub(super) struct Found {
    pub(super) operation: Operation,
    pub(super) replayed: bool,
    pub(super) possible_duplicate: bool,
}

/// How long a till waits until something has begun, and until it has come to its result.
pub(super) struct TimeGiven {
    pub(super) seconds: u32,
    pub(super) deadline: Instant,
    pub(super) patience: Patience,
    /// Counts a till that may wait for a terminal, until it is dropped.
    pub(super) queueing: Option<Counted<TillId>>,
}

/// What was looked up was not asked for anew.
impl From<Operation> for Found {
    fn from(operation: Operation) -> Self {
        Self { operation, replayed: false, possible_duplicate: false }
    }
}

impl TillApi {
    /// The time that a till gives to what it asks for; from here on only that and who asked is kept of its request.
    pub(super) fn time_given(&self, asked: &mut Asked, wait: Option<u32>) -> Result<TimeGiven, Invalid> {
        let seconds = asked.sent_wait_seconds(wait, asked.till.profile.wait_seconds)?;
        asked.forget_request();
        let deadline = after(seconds);
        let (patience, queueing) = self.patience(asked, seconds);
        Ok(TimeGiven { seconds, deadline, patience, queueing })
    }

    /// What has begun is waited for until the deadline.
    pub(super) async fn followed(&self, progress: Progress, deadline: Instant) -> Found {
        let Progress { mut operation, waiting, replayed, possible_duplicate } = progress;
        self.settle(&mut operation, waiting, deadline).await;
        Found { operation, replayed, possible_duplicate }
    }

    /// How long a new operation may take to begin, and what counts a till that may wait for a terminal meanwhile. Past the
    /// calls of one till that may wait, none waits; nor does a till that closed its side, since it may have hung up.
    fn patience(&self, asked: &Asked, seconds: u32) -> (Patience, Option<Counted<TillId>>) {
        let till = &asked.till;
        let patience = |wait| Patience::starting_now(wait, asked.exchange.ended());
        let wait = Duration::from_secs(seconds.into());
        if till.profile.queue_seconds == 0 && !till.profile.supersede {
            return (patience(wait), None);
        }
        match self.waiting.take(till.id.clone(), self.settings.limits.waiting_per_till) {
            Some(share) => (patience(wait), Some(waiting_till(share))),
            None => (patience(Duration::ZERO), None),
        }
    }

    /// Waits for a result until the deadline, and brings the operation up to date. What was started cannot be refused any
    /// more: when waiting fails, the program stops or too many calls of the till wait already, the till gets what was known
    /// last and asks again.
    pub(super) async fn settle(&self, operation: &mut Operation, waiting: Option<Waiting>, deadline: Instant) {
        let wait = deadline.saturating_duration_since(Instant::now());
        if operation.is_settled() || wait.is_zero() {
            return;
        }
        let share = self.waiting.take(operation.till.clone(), self.settings.limits.waiting_per_till);
        let Some(_waiting) = share.map(waiting_till) else { return };
        let waited = tokio::select! {
            waited = self.engine.settled(operation, waiting, wait) => waited,
            () = self.shutdown.cancelled() => return,
        };
        match waited {
            Ok(settled) => *operation = settled,
            Err(refusal) => {
                tracing::warn!(%refusal, operation = %operation.id, "waiting for a result ended early");
            }
        }
    }
}

/// Counts a till that waits.
fn waiting_till(share: Share<TillId>) -> Counted<TillId> {
    Counted::new(share, metrics::gauge!("pos_bridge_waiting_tills"))
}

/// What a till asks for is on disk within the time that it waits, or it is told that the disk stands still. What was asked for
/// goes on: asking again finds it.
pub(super) async fn in_time<T>(seconds: u32, doing: impl Future<Output = Result<T, Refusal>>) -> Result<T, Refusal> {
    let longest = Duration::from_secs(seconds.into()).max(STALLED) + BETWEEN_TWO_ENDS;
    timeout(longest, doing).await.unwrap_or(Err(Refusal::StorageStalled))
}

/// When a till that waits so long must be answered.
pub(super) fn after(seconds: u32) -> Instant {
    Instant::now() + Duration::from_secs(seconds.into())
}
