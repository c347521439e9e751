//! The one way in for every fact: it is written, then told to whoever waits and to whoever watches.

use std::fmt::Display;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::sleep;

use crate::domain::attempt::{Alarm, Attempt, Event};
use crate::domain::evidence::Finding;
use crate::domain::identifiers::{AttemptReference, OperationId};
use crate::engine::{Engine, Refusal};
use crate::ports::{JournalError, Recorded};

/// Between two tries to write what must be written.
const WRITE_PAUSE: Duration = Duration::from_secs(1);

impl Engine {
    /// Writes what an event makes of an attempt, then tells whoever waits.
    pub(in crate::engine) async fn record(
        &self,
        attempt: AttemptReference,
        event: Event,
    ) -> Result<Attempt, JournalError> {
        self.record_all(attempt, vec![event]).await
    }

    /// The one way in for every fact: writes what events make of an attempt, one after the other and in one commit, then
    /// tells whoever waits.
    async fn record_all(&self, attempt: AttemptReference, events: Vec<Event>) -> Result<Attempt, JournalError> {
        let names: Vec<&str> = events.iter().map(Event::name).collect();
        let recorded = self.journal.record(attempt, events, self.clock.now()).await?;
        for (name, recorded) in names.into_iter().zip(&recorded).filter(|(_, recorded)| recorded.moved) {
            self.tell(name, recorded);
        }
        recorded.into_iter().next_back().map(|last| last.attempt).ok_or(JournalError::NotFound)
    }

    /// Tells whoever waits and whoever watches that an event has moved an attempt.
    pub(in crate::engine) fn tell(&self, event: &str, recorded: &Recorded) {
        let Recorded { operation, attempt, .. } = recorded;
        tracing::info!(
            operation = %operation.id, attempt = %attempt.order.reference, till = %operation.till,
            terminal = %operation.terminal, kind = attempt.kind.name(), event,
            phase = attempt.phase.name(), "moved",
        );
        if let Some(alarm) = &recorded.alarm {
            ring_out(operation.id, alarm);
        }
        if recorded.decided {
            let labels = [("kind", attempt.kind.name()), ("outcome", attempt.phase.name())];
            metrics::counter!("pos_bridge_outcomes_total", &labels).increment(1);
        }
        self.waiters.ring(operation);
        if !attempt.phase.is_live() {
            self.lines.ring(&attempt.order.terminal);
        }
        if operation.status().is_final() {
            self.bells.ring(&operation.till);
        }
        for stopped in &recorded.stopped {
            if !stopped.phase.is_live() {
                self.lines.ring(&stopped.order.terminal);
            }
            self.readers.wake(stopped.order.reference);
        }
    }

    /// Raises an alarm that does not come of an event, once.
    pub(in crate::engine) async fn raise(&self, operation: OperationId, alarm: Alarm) -> Result<(), Refusal> {
        let raised = self.journal.raise(operation, alarm.clone(), self.clock.now()).await;
        if self.health.journal(raised)? {
            ring_out(operation, &alarm);
        }
        Ok(())
    }

    /// Writes what somebody from outside wants of an attempt and wakes its reader, even when the caller goes away.
    pub(in crate::engine) async fn record_and_wake(
        &self,
        attempt: AttemptReference,
        event: Event,
    ) -> Result<(), Refusal> {
        let engine = self.clone();
        let recording = self.tasks.spawn(async move {
            let recorded = engine.record(attempt, event).await;
            engine.readers.wake(attempt);
            engine.health.journal(recorded)
        });
        let recorded = recording.await.map_err(|failure| Refusal::StorageUnavailable(failure.to_string()))?;
        recorded.map(drop)
    }

    /// Writes an answer that cannot be asked for again, and what came behind it, however long the disk refuses. `None`
    /// when the journal cannot take it at all or the program stops; what is on disk by then has the attempt read anew.
    pub(super) async fn record_surely(&self, attempt: &Attempt, events: Vec<Event>) -> Option<Attempt> {
        loop {
            match self.record_all(attempt.order.reference, events.clone()).await {
                Ok(attempt) => return Some(attempt),
                Err(error @ JournalError::Unavailable(_)) => {
                    let _ = self.health.journal::<()>(Err(error));
                    tokio::select! {
                        biased;
                        () = sleep(WRITE_PAUSE) => {}
                        () = self.stopping.cancelled() => return None,
                    }
                }
                Err(error) => {
                    tracing::error!(attempt = %attempt.order.reference, %error, "an answer could not be written");
                    return None;
                }
            }
        }
    }

    /// Writes a finding unless it changes nothing.
    pub(in crate::engine) async fn record_news(
        &self,
        attempt: &Attempt,
        finding: Finding,
        at: Timestamp,
    ) -> Option<Attempt> {
        let news = news(attempt, finding, at)?;
        self.health.journal(self.record(attempt.order.reference, news).await).ok()
    }
}

/// What was found of an attempt, unless it changes nothing.
pub(super) fn news(attempt: &Attempt, finding: Finding, at: Timestamp) -> Option<Event> {
    attempt.would_move(&finding, at).then_some(Event::Seen { finding, at })
}

/// An alarm that stands in the journal is told to whoever watches the log and the figures.
pub(in crate::engine) fn ring_out(subject: impl Display, alarm: &Alarm) {
    tracing::error!(%subject, alarm = alarm.kind.name(), "{}", alarm.text);
    metrics::counter!("pos_bridge_alarms_total", "kind" => alarm.kind.name()).increment(1);
}
