//! One attempt, from the first byte to its proof: started, then followed. It has this one task for as long as it is live.

use std::time::Duration;

use tokio::time::sleep;

use super::start::Started;
use crate::domain::attempt::{Attempt, Event};
use crate::domain::identifiers::AttemptReference;
use crate::domain::operation::Operation;
use crate::domain::request::Details;
use crate::engine::Engine;

/// Until an attempt that has lost its reader is read again.
const RESUME_PAUSE: Duration = Duration::from_secs(10);

impl Engine {
    /// Drives a new attempt: nothing of it was sent yet.
    pub(in crate::engine) fn drive_new(&self, operation: Operation, details: Details) {
        let (engine, operation) = (self.clone(), Box::new(operation));
        self.supervise(operation.attempt.order.reference, async move {
            let Some(claim) = engine.readers.claim(operation.attempt.order.reference, &operation) else {
                return false;
            };
            // Boxed: a future that waits is as large as its largest part (docs/performance.md).
            let started = Box::pin(engine.start(&operation, &details, &claim)).await;
            let Some(started) = started else { return false };
            drop(details);
            engine.follow(&operation, started, &claim, || ()).await
        });
    }

    /// Drives an attempt that was under way when the program started: it is only read. `after_first_look` is called
    /// once, after the first reading.
    pub(in crate::engine) fn drive_old(
        &self,
        operation: Operation,
        attempt: Attempt,
        after_first_look: impl FnOnce() + Send + 'static,
    ) {
        let engine = self.clone();
        self.supervise(attempt.order.reference, async move {
            let Some(claim) = engine.readers.claim(attempt.order.reference, &operation) else { return false };
            engine.follow(&operation, Started::unread(attempt), &claim, after_first_look).await
        });
    }

    /// Runs what drives an attempt, and has it read again should that end, by a bug, before the attempt is settled: an
    /// attempt without a reader would hold its terminal for ever. The driving tells whether it is settled.
    fn supervise(&self, attempt: AttemptReference, driving: impl Future<Output = bool> + Send + 'static) {
        let engine = self.clone();
        let driving = self.tasks.spawn(driving);
        self.tasks.spawn(async move {
            match driving.await {
                Ok(true) => return,
                Ok(false) => {}
                Err(failure) => tracing::error!(%attempt, %failure, "what drove this attempt failed; it is read again"),
            }
            Box::pin(engine.resume_unless_settled(attempt)).await;
        });
    }

    /// A journal that cannot be read just now is asked again.
    async fn resume_unless_settled(&self, attempt: AttemptReference) {
        loop {
            let left = self.health.journal(self.journal.find_attempt(attempt).await);
            let settled = matches!(&left, Ok(left) if !left.as_ref().is_some_and(|(_, left)| left.phase.is_live()));
            if settled || self.readers.is_read(attempt) {
                return;
            }
            if self.stopping.run_until_cancelled(sleep(RESUME_PAUSE)).await.is_none() {
                return;
            }
            if let Ok(Some((operation, left))) = left {
                return self.resume(operation, &left).await;
            }
        }
    }

    /// Follows an attempt that has lost its reader, by reading alone.
    pub(in crate::engine) async fn resume(&self, operation: Operation, left: &Attempt) {
        if let Some(attempt) = self.record_surely(left, vec![Event::Interrupted]).await {
            self.drive_old(operation, attempt, || ());
        }
    }
}
