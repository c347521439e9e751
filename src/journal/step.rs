//! What the writer runs: a step, and its caller who waits for the commit.

use std::time::Instant;

use async_trait::async_trait;
use sqlx::SqliteConnection;
use tokio::sync::oneshot;

use crate::ports::JournalError;

/// One atomic step: what it writes is committed whole or not at all.
#[async_trait]
pub(super) trait Step: Send + 'static {
    /// What the caller gets, once it is on disk.
    type Outcome: Send + 'static;
    /// Nobody is kept waiting by it, so it may wait for the next step and share that one's commit.
    const CAN_WAIT: bool = false;
    /// Runs inside the writer's transaction. Whatever it wrote is rolled back when it returns an error.
    async fn run(self, connection: &mut SqliteConnection) -> Result<Self::Outcome, JournalError>;
}

/// A step with its caller, without its type.
#[async_trait]
pub(super) trait Command: Send {
    /// Runs the step and keeps its outcome; `false` when what it wrote must be rolled back.
    async fn run(&mut self, connection: &mut SqliteConnection) -> bool;
    /// Answers the caller: with the step's outcome once the batch is committed, else with what became of the batch.
    fn answer(self: Box<Self>, batch: &Result<(), JournalError>);
    /// As [`Step::CAN_WAIT`].
    fn can_wait(&self) -> bool;
    /// When the caller handed it in.
    fn queued_at(&self) -> Instant;
}

/// A step that waits for its commit.
pub(super) struct Pending<S: Step> {
    step: Option<S>,
    outcome: Option<Result<S::Outcome, JournalError>>,
    reply: oneshot::Sender<Result<S::Outcome, JournalError>>,
    queued_at: Instant,
}

impl<S: Step> Pending<S> {
    /// A step that is handed in now.
    pub(super) fn new(step: S, reply: oneshot::Sender<Result<S::Outcome, JournalError>>) -> Self {
        Self { step: Some(step), outcome: None, reply, queued_at: Instant::now() }
    }
}

#[async_trait]
impl<S: Step> Command for Pending<S> {
    async fn run(&mut self, connection: &mut SqliteConnection) -> bool {
        let Some(step) = self.step.take() else { return false };
        let outcome = step.run(connection).await;
        let succeeded = outcome.is_ok();
        self.outcome = Some(outcome);
        succeeded
    }

    fn answer(self: Box<Self>, batch: &Result<(), JournalError>) {
        let answer = match (self.outcome, batch) {
            (Some(outcome), Ok(())) => outcome,
            (_, Err(error)) => Err(error.clone()),
            (None, Ok(())) => Err(JournalError::Unavailable("the step was not run".to_owned())),
        };
        // A caller that no longer waits learns of it by asking again.
        let _ = self.reply.send(answer);
    }

    fn can_wait(&self) -> bool {
        S::CAN_WAIT
    }

    fn queued_at(&self) -> Instant {
        self.queued_at
    }
}
