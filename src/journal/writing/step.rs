//! What the writer runs: a step, and its caller who waits for the commit.

use std::time::Instant;

use async_trait::async_trait;
use tokio::sync::oneshot;

use super::transaction::{Transaction, Writes};
use crate::journal::error::Result;
use crate::ports::JournalError;

/// One atomic step: first it reads and decides, then what it decided is written, whole or not at all.
#[async_trait]
pub(in crate::journal) trait Step: Send + 'static {
    /// What the caller gets, once it is on disk.
    type Outcome: Send + 'static;
    /// Nobody is kept waiting by it, so it may wait a moment for the next step and share that one's commit.
    fn can_wait(&self) -> bool {
        false
    }
    /// Reads what it needs inside the writer's transaction and decides: what is to be written, and what the caller gets
    /// once that is on disk.
    async fn decide(self, transaction: &mut Transaction<'_>) -> Result<(Writes, Self::Outcome)>;
}

/// A step with its caller, without its type.
#[async_trait]
pub(super) trait Command: Send {
    /// Has the step decide and keeps its outcome; `None` when it failed and nothing is to be written.
    async fn decide(&mut self, transaction: &mut Transaction<'_>) -> Option<Writes>;
    /// What the step decided could not be written.
    fn fail(&mut self, error: JournalError);
    /// Answers the caller: with the step's outcome once the batch is committed, else with what went wrong.
    fn answer(self: Box<Self>, batch: &Result<()>);
    /// As [`Step::can_wait`].
    fn can_wait(&self) -> bool;
    /// When the caller handed it in.
    fn queued_at(&self) -> Instant;
}

/// A step that waits for its commit.
pub(super) struct Pending<S: Step> {
    step: Option<S>,
    outcome: Option<Result<S::Outcome>>,
    reply: oneshot::Sender<Result<S::Outcome>>,
    can_wait: bool,
    queued_at: Instant,
}

impl<S: Step> Pending<S> {
    /// A step that is handed in now.
    pub(super) fn new(step: S, reply: oneshot::Sender<Result<S::Outcome>>) -> Self {
        let can_wait = step.can_wait();
        Self { step: Some(step), outcome: None, reply, can_wait, queued_at: Instant::now() }
    }
}

#[async_trait]
impl<S: Step> Command for Pending<S> {
    async fn decide(&mut self, transaction: &mut Transaction<'_>) -> Option<Writes> {
        let decided = self.step.take()?.decide(transaction).await;
        let decided = decided.and_then(|(writes, outcome)| Ok((writes.checked()?, outcome)));
        match decided {
            Ok((writes, outcome)) => {
                self.outcome = Some(Ok(outcome));
                Some(writes)
            }
            Err(error) => {
                self.fail(error);
                None
            }
        }
    }

    fn fail(&mut self, error: JournalError) {
        self.outcome = Some(Err(error));
    }

    fn answer(self: Box<Self>, batch: &Result<()>) {
        let answer = match (self.outcome, batch) {
            (Some(outcome), Ok(())) => outcome,
            (Some(Err(own)), Err(JournalError::Unavailable(_))) => Err(own),
            (_, Err(error)) => Err(error.clone()),
            (None, Ok(())) => Err(JournalError::Unavailable("the step was not run".to_owned())),
        };
        // A caller that no longer waits learns of it by asking again.
        let _ = self.reply.send(answer);
    }

    fn can_wait(&self) -> bool {
        self.can_wait
    }

    fn queued_at(&self) -> Instant {
        self.queued_at
    }
}
