//! A till waits for the result of its operation.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::Waiting;
use crate::domain::operation::Operation;
use crate::engine::{Engine, Refusal};

impl Engine {
    /// Waits until the operation is settled ([`Operation::is_settled`]), the cashier must do something, the time is up or
    /// the program stops, and returns it as it is then.
    ///
    /// `waiting` is what has heard of it since before it was on disk
    /// ([`Progress::waiting`](crate::engine::Progress::waiting)). Without it the journal is asked first whether it has moved
    /// meanwhile.
    ///
    /// # Errors
    /// [`Refusal::StorageUnavailable`] when the journal cannot be read.
    pub async fn settled(
        &self,
        operation: &Operation,
        waiting: Option<Waiting>,
        wait: Duration,
    ) -> Result<Operation, Refusal> {
        if operation.is_settled() || wait.is_zero() {
            return Ok(operation.clone());
        }
        let deadline = Instant::now() + wait;
        let has_heard = waiting.is_some();
        // Wait first and read then: what is written in between is not missed.
        let mut waiting = waiting.unwrap_or_else(|| self.waiters.wait_for(operation.id));
        if !has_heard && let Some(due) = self.due(operation, deadline).await? {
            return Ok(due);
        }
        loop {
            tokio::select! {
                biased;
                rung = waiting.rung() => match rung {
                    // A settled state stays settled, so it need not be read once more, unless it is an earlier attempt's
                    // whose ring came late.
                    Some(settled)
                        if settled.is_settled() && settled.attempt.number >= operation.attempt.number =>
                    {
                        return Ok(Arc::unwrap_or_clone(settled));
                    }
                    _ => {}
                },
                () = sleep_until(deadline) => {}
                () = self.stopping.cancelled() => {}
            }
            if let Some(due) = self.due(operation, deadline).await? {
                return Ok(due);
            }
        }
    }

    /// The operation as it is on disk, once whoever waits for it is to hear of it.
    async fn due(&self, operation: &Operation, deadline: Instant) -> Result<Option<Operation>, Refusal> {
        let read = self.health.journal(self.journal.operation(operation.id).await)?;
        let latest = read.ok_or(Refusal::NotFound(operation.kind.name()))?;
        let is_due = latest.is_settled() || self.at_terminal(&latest).signature_until.is_some();
        let is_over = Instant::now() >= deadline || self.stopping.is_cancelled();
        Ok((is_due || is_over).then_some(latest))
    }
}
