//! What has reached a till is noted.

use std::pin::Pin;
use std::task::{Context, Waker};

use crate::domain::identifiers::OperationId;
use crate::domain::operation::Operation;
use crate::engine::Engine;

impl Engine {
    /// The till's machine has acknowledged a reply with this state (or the kernel does not tell); returns at once.
    ///
    /// The note stands in the journal's queue when this returns, ahead of whatever the till asks next: only then may the
    /// same reference start a new attempt.
    pub fn told(&self, operation: &Operation) {
        if !operation.status().is_final() || operation.told_at.is_some() {
            return;
        }
        let (engine, id, attempt, status) = (self.clone(), operation.id, operation.attempt.number, operation.status());
        let mut note: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(async move {
            let told = engine.journal.told(id, attempt, status, engine.clock.now()).await;
            // Without the note the till gets the stored result once more: harmless.
            let _ = engine.health.journal(told);
        });
        // Polled once here, so that it is in the writer's queue before this returns.
        let first_step = note.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        if first_step.is_pending() {
            self.tasks.spawn(note);
        }
    }

    /// The warning that this superseded sale was paid has reached the till; returns at once.
    pub fn warned(&self, older: OperationId) {
        let engine = self.clone();
        self.tasks.spawn(async move {
            let noted = engine.journal.warned(older, engine.clock.now()).await;
            // Without the note the till is warned once more: harmless.
            let _ = engine.health.journal(noted);
        });
    }
}
