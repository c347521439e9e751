//! One attempt, from the first byte to its proof: start it, read the provider's record, stop it when that is wanted.
//!
//! The attempt has this one task for as long as it is live. Everything that it learns goes through [`Engine::record`].

use std::time::Duration;

use jiff::SignedDuration;
use rand::RngExt;
use tokio::time::{Instant, sleep};

use crate::domain::attempt::{Alarm, AlarmKind, Attempt, EMPTY_LOOK_GAP, Event, Kind, Phase, Reason};
use crate::domain::evidence::Finding;
use crate::domain::identifiers::{AttemptReference, Handle, OperationId};
use crate::domain::operation::Operation;
use crate::domain::reading;
use crate::domain::refund::sendable;
use crate::domain::request::Details;
use crate::ports::{Answer, JournalError, Look, Provider, ReadError, RefundOrder, Refundable, SaleOrder, Seen};

use super::readers::Reading;
use super::{Engine, Refusal};

/// How long a call that provably never left is tried again while the till waits.
const SEND_PATIENCE: Duration = Duration::from_secs(10);
/// Between two such tries.
const SEND_PAUSE: Duration = Duration::from_millis(250);
/// Between two readings however often somebody calls: callbacks cannot make the bridge hammer the provider.
const SHORTEST_PAUSE: Duration = Duration::from_millis(200);
/// Between two requests to stop the same attempt.
const CANCEL_PAUSE: Duration = Duration::from_secs(10);
/// The longest that a provider may keep the bridge from looking: a customer waits.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(60);
/// Until an attempt that has lost its reader is read again.
const RESUME_PAUSE: Duration = Duration::from_secs(10);
/// Between two tries to write what must be written.
const WRITE_PAUSE: Duration = Duration::from_secs(1);

impl Engine {
    /// Drives a new attempt: nothing of it was sent yet.
    pub(super) fn drive_new(&self, operation: Operation, details: Details) {
        let engine = self.clone();
        self.supervise(operation.attempt.order.reference, async move {
            let Some(reading) = engine.claim(&operation.attempt, operation.original) else { return false };
            let Some(attempt) = engine.start(&operation, &details, &reading).await else { return false };
            drop(details);
            engine.follow(&operation, attempt, &reading, || ()).await
        });
    }

    /// Drives an attempt that was under way when the program started: it is only read. `looked` is called once, after
    /// the first reading.
    pub(super) fn drive_old(&self, operation: Operation, attempt: Attempt, looked: impl FnOnce() + Send + 'static) {
        let engine = self.clone();
        self.supervise(attempt.order.reference, async move {
            let Some(reading) = engine.claim(&attempt, operation.original) else { return false };
            engine.follow(&operation, attempt, &reading, looked).await
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

    async fn resume_unless_settled(&self, attempt: AttemptReference) {
        let left = self.health.journal(self.journal.find_attempt(attempt).await);
        let Ok(Some((operation, left))) = left else { return };
        if !left.phase.is_live() || self.readers.is_read(attempt) {
            return;
        }
        if self.stopping.run_until_cancelled(sleep(RESUME_PAUSE)).await.is_some() {
            self.resume(operation, attempt).await;
        }
    }

    /// Follows an attempt that has lost its reader, by reading alone.
    pub(super) async fn resume(&self, operation: Operation, attempt: AttemptReference) {
        let interrupted = self.record(attempt, Event::Interrupted).await;
        if let Ok(attempt) = self.health.journal(interrupted) {
            self.drive_old(operation, attempt, || ());
        }
    }

    fn claim(&self, attempt: &Attempt, original: Option<OperationId>) -> Option<Reading> {
        self.readers.claim(attempt.order.reference, original)
    }

    // ── Start ──

    /// Sends what starts the attempt, at most once, and writes what the answer means.
    async fn start(&self, operation: &Operation, details: &Details, reading: &Reading) -> Option<Attempt> {
        let provider = self.provider(operation.provider).ok()?;
        let event = match operation.kind {
            Kind::Sale => self.start_sale(provider.as_ref(), operation, details, reading).await,
            Kind::Refund => self.start_refund(provider.as_ref(), operation, details, reading).await?,
        };
        self.record_surely(&operation.attempt, event).await
    }

    async fn start_sale(
        &self,
        provider: &dyn Provider,
        operation: &Operation,
        details: &Details,
        reading: &Reading,
    ) -> Event {
        let Some(store) = self.store(&operation.store) else {
            return not_sent("unknown_store", "the configuration no longer knows the shop of this terminal");
        };
        let till_reference = format!("{}/{}", operation.till, operation.reference);
        let order = SaleOrder { attempt: &operation.attempt, store, till_reference: &till_reference, details };
        self.send(operation, reading, || provider.start_sale(order)).await
    }

    /// Asks the provider what is left to refund, writes that the refund is being sent, and sends it.
    async fn start_refund(
        &self,
        provider: &dyn Provider,
        operation: &Operation,
        details: &Details,
        reading: &Reading,
    ) -> Option<Event> {
        let attempt = &operation.attempt;
        let Some(transaction) = &attempt.refunds else {
            return Some(not_sent("no_transaction", "the sale has no payment at the provider"));
        };
        match provider.refundable(transaction).await {
            Err(error) => return Some(not_sent("provider_unreachable", error.to_string())),
            Ok(refundable) => {
                if let Some(event) = self.lost_refund(operation, &refundable).await {
                    return Some(event);
                }
                if let Err(reason) = sendable(attempt.order.money.amount, refundable.captured, refundable.refunded) {
                    return Some(Event::Refused { reason });
                }
            }
        }
        match self.record(attempt.order.reference, Event::Dispatched).await {
            Ok(dispatched) if matches!(dispatched.phase, Phase::Sending) => {}
            // It was cancelled meanwhile.
            Ok(_) => return None,
            // Later, what was just read of the payment would be stale.
            Err(error) => return Some(not_sent("storage_unavailable", error.to_string())),
        }
        let order = RefundOrder { attempt, transaction, details };
        Some(self.send(operation, reading, || provider.start_refund(order)).await)
    }

    /// A refund of ours that this journal does not hold (a restored backup) may be the very one that is asked for.
    async fn lost_refund(&self, operation: &Operation, refundable: &Refundable) -> Option<Event> {
        for reference in &refundable.references {
            match self.health.journal(self.journal.find_attempt(*reference).await) {
                Ok(Some(_)) => {}
                Ok(None) => {
                    self.raise_lost_refund(operation.original.unwrap_or(operation.id), *reference).await;
                    let text = "this sale has a refund that the bridge's journal lost; see the provider's back office";
                    return Some(not_sent("lost_refund", text));
                }
                Err(refusal) => return Some(not_sent("storage_unavailable", refusal.to_string())),
            }
        }
        None
    }

    /// Sends until there is an answer other than "it provably never left"; that one is tried again while a till waits.
    async fn send<'a, Sending>(&self, operation: &Operation, reading: &Reading, call: impl Fn() -> Sending) -> Event
    where
        Sending: Future<Output = Answer<Handle>> + 'a,
    {
        let begun = Instant::now();
        loop {
            let reason = match call().await {
                Answer::Yes(handle) => {
                    self.health.provider(operation.provider, None);
                    return Event::Accepted { handle };
                }
                Answer::No(reason) => return Event::Refused { reason },
                Answer::Unknown(cause) => return Event::Silent { cause },
                Answer::NotSent(reason) => reason,
            };
            self.health.provider(operation.provider, Some(reason.text.clone()));
            tokio::select! {
                () = sleep(SEND_PAUSE) => {}
                () = reading.woken() => return Event::NotSent { reason },
                () = self.stopping.cancelled() => return Event::NotSent { reason },
            }
            if begun.elapsed() > SEND_PATIENCE || !self.waiters.anybody_waits(operation.id) {
                return Event::NotSent { reason };
            }
        }
    }

    // ── Follow ──

    /// Reads the provider's record until the attempt is settled; `false` when it ends before.
    async fn follow(
        &self,
        operation: &Operation,
        mut attempt: Attempt,
        reading: &Reading,
        looked: impl FnOnce(),
    ) -> bool {
        let Ok(provider) = self.provider(operation.provider) else { return false };
        let provider = provider.as_ref();
        let begun = Instant::now().checked_sub(self.age(operation)).unwrap_or_else(Instant::now);
        let mut looked = Some(looked);
        let mut cancelled_at: Option<Instant> = None;
        while attempt.phase.is_live() && !self.stopping.is_cancelled() {
            if wants_cancel(&attempt, cancelled_at) && self.cancel_at(provider, &attempt).await {
                cancelled_at = Some(Instant::now());
            }
            let known_wish = attempt.cancel_wanted;
            let retry_after = self.look(provider, operation, &mut attempt).await.err().flatten();
            if let Some(looked) = looked.take() {
                looked();
            }
            if !attempt.phase.is_live() {
                break;
            }
            if attempt.cancel_wanted != known_wish {
                continue;
            }
            let usual = self.pause(&attempt, begun.elapsed());
            let pause = retry_after.map_or(usual, |wanted| wanted.min(RETRY_AFTER_MAX).max(usual));
            if self.rest(reading, pause).await {
                // A wish to cancel or an operator's decision may have come meanwhile.
                attempt = self.latest(&attempt).await.unwrap_or(attempt);
            }
        }
        if let Some(looked) = looked {
            looked();
        }
        let settled = !attempt.phase.is_live();
        if matches!(attempt.phase, Phase::Cancelled { resolution: None }) && attempt.kind == Kind::Sale {
            // Kept apart, so that the many that wait do not hold the space of the few that were cancelled.
            Box::pin(self.watch_cancelled(provider, operation, attempt, reading)).await;
        }
        settled
    }

    /// A card that was presented while the cancel was under way may still win: the record is read for as long as such a
    /// payment can take, though the terminal is free and the till has its answer.
    async fn watch_cancelled(
        &self,
        provider: &dyn Provider,
        operation: &Operation,
        mut attempt: Attempt,
        reading: &Reading,
    ) {
        let until = Instant::now() + provider.patience().afterwards.unsigned_abs();
        let pause = self.pace.poll_interval * 5;
        while Instant::now() < until && matches!(attempt.phase, Phase::Cancelled { .. }) {
            self.rest(reading, pause).await;
            if self.stopping.is_cancelled() {
                return;
            }
            // What cannot be read now is read with the next round.
            let _ = self.look(provider, operation, &mut attempt).await;
        }
    }

    /// Reads once and writes what is new.
    ///
    /// # Errors
    /// When it could not be read: until when the provider does not want to be asked again, where it said so.
    pub(super) async fn look(
        &self,
        provider: &dyn Provider,
        operation: &Operation,
        attempt: &mut Attempt,
    ) -> Result<(), Option<Duration>> {
        let look = look_for(attempt);
        let seen = match attempt.kind {
            Kind::Sale => provider.look_for_sale(attempt, look).await,
            Kind::Refund => provider.look_for_refund(attempt, look).await,
        };
        match seen {
            Ok(Seen { finding, at }) => {
                self.health.provider(operation.provider, None);
                if let Some(moved) = self.record_news(attempt, finding, at).await {
                    *attempt = moved;
                }
                Ok(())
            }
            Err(error) => {
                tracing::warn!(operation = %operation.id, attempt = %attempt.order.reference, %error, "reading failed");
                self.health.provider(operation.provider, Some(error.to_string()));
                Box::pin(self.warn_of_unreadable(provider, operation, attempt)).await;
                Err(retry_after(&error))
            }
        }
    }

    /// An attempt that should have been decided long ago and cannot be read is for a person to see.
    async fn warn_of_unreadable(&self, provider: &dyn Provider, operation: &Operation, attempt: &Attempt) {
        if provider.now() < attempt.horizon {
            return;
        }
        let text = format!(
            "{} of {}: the provider's record cannot be read, so nobody knows what became of it; see `pos-bridge check`",
            attempt.kind.name(),
            attempt.order.money
        );
        let alarm = Alarm { kind: AlarmKind::Unreadable, text };
        let raised = self.journal.raise(operation.id, alarm, self.clock.now()).await;
        // It is raised again with the next reading that fails.
        let _ = self.health.journal(raised);
    }

    /// Writes a finding unless it changes nothing.
    pub(super) async fn record_news(
        &self,
        attempt: &Attempt,
        finding: Finding,
        at: jiff::Timestamp,
    ) -> Option<Attempt> {
        if !attempt.would_move(&finding, at) {
            return None;
        }
        let seen = Event::Seen { finding, at };
        self.health.journal(self.record(attempt.order.reference, seen).await).ok()
    }

    /// Asks for the attempt to be stopped; whether it was, only a reading tells. `true` when the provider answered.
    async fn cancel_at(&self, provider: &dyn Provider, attempt: &Attempt) -> bool {
        let Some(handle) = attempt.phase.handle() else { return false };
        match provider.cancel_sale(handle).await {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(attempt = %attempt.order.reference, %error, "the wish to cancel did not arrive");
                false
            }
        }
    }

    /// Rests until the next reading is due; `true` when somebody wants it sooner, as everybody does who changes the
    /// attempt from outside.
    async fn rest(&self, reading: &Reading, pause: Duration) -> bool {
        let shortest = SHORTEST_PAUSE.min(pause);
        tokio::select! {
            biased;
            () = reading.woken() => {
                sleep(shortest).await;
                true
            }
            () = self.stopping.cancelled() => false,
            () = sleep(pause) => false,
        }
    }

    fn pause(&self, attempt: &Attempt, age: Duration) -> Duration {
        let waits_for_second_look = matches!(attempt.phase, Phase::Unknown { empty_since: Some(_), .. });
        let pause = reading::pause(age, self.pace.poll_interval);
        let pause = if waits_for_second_look { pause.min(EMPTY_LOOK_GAP.unsigned_abs()) } else { pause };
        // A tenth of jitter, so that forty shops do not ask in step.
        pause * rand::rng().random_range(95..=105) / 100
    }

    fn age(&self, operation: &Operation) -> Duration {
        let age = self.clock.now().duration_since(operation.updated_at).max(SignedDuration::ZERO);
        age.unsigned_abs()
    }

    async fn latest(&self, attempt: &Attempt) -> Option<Attempt> {
        let found = self.journal.find_attempt(attempt.order.reference).await;
        self.health.journal(found).ok().flatten().map(|(_, attempt)| attempt)
    }

    // ── Record ──

    /// The one way in for every fact: writes what the event makes of the attempt, then tells whoever waits.
    pub(super) async fn record(&self, attempt: AttemptReference, event: Event) -> Result<Attempt, JournalError> {
        let name = event.name();
        let recorded = self.journal.record(attempt, event, self.clock.now()).await?;
        if recorded.moved {
            let (operation, attempt) = (&recorded.operation, &recorded.attempt);
            tracing::info!(
                operation = %operation.id, attempt = %attempt.order.reference, till = %operation.till,
                terminal = %operation.terminal, kind = attempt.kind.name(), event = name,
                phase = attempt.phase.name(), "moved",
            );
            if let Some(alarm) = &recorded.alarm {
                tracing::error!(operation = %operation.id, alarm = alarm.kind.name(), "{}", alarm.text);
                metrics::counter!("pos_bridge_alarms_total", "kind" => alarm.kind.name()).increment(1);
            }
            if attempt.phase.is_final() {
                let labels = [("kind", attempt.kind.name()), ("outcome", attempt.phase.name())];
                metrics::counter!("pos_bridge_outcomes_total", &labels).increment(1);
            }
            self.waiters.ring(operation);
            for stopped in recorded.stopped {
                self.readers.wake(stopped);
            }
        }
        Ok(recorded.attempt)
    }

    /// Writes what somebody from outside wants of an attempt and wakes its reader, even when the caller goes away.
    pub(super) async fn record_and_wake(&self, attempt: AttemptReference, event: Event) -> Result<(), Refusal> {
        let engine = self.clone();
        let recording = self.tasks.spawn(async move {
            let recorded = engine.record(attempt, event).await;
            engine.readers.wake(attempt);
            engine.health.journal(recorded)
        });
        let recorded = recording.await.map_err(|failure| Refusal::StorageUnavailable(failure.to_string()))?;
        recorded.map(drop)
    }

    /// Writes an answer that cannot be asked for again, however long the disk refuses. `None` when the journal cannot
    /// take it at all or the program stops; what is on disk by then has the attempt read anew.
    async fn record_surely(&self, attempt: &Attempt, event: Event) -> Option<Attempt> {
        loop {
            match self.record(attempt.order.reference, event.clone()).await {
                Ok(attempt) => return Some(attempt),
                Err(error @ JournalError::Unavailable(_)) => {
                    let _ = self.health.journal::<()>(Err(error));
                    tokio::select! {
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
}

fn not_sent(code: &str, text: impl Into<String>) -> Event {
    Event::NotSent { reason: Reason::new(code, text) }
}

fn wants_cancel(attempt: &Attempt, cancelled_at: Option<Instant>) -> bool {
    let due = cancelled_at.is_none_or(|at| at.elapsed() >= CANCEL_PAUSE);
    attempt.cancel_wanted && attempt.kind == Kind::Sale && due
}

/// The last reading before an attempt is given up must not rest on a stale connection or token.
fn look_for(attempt: &Attempt) -> Look {
    match attempt.phase {
        Phase::Unknown { empty_since: Some(_), .. } => Look::Fresh,
        _ => Look::Usual,
    }
}

fn retry_after(error: &ReadError) -> Option<Duration> {
    match error {
        ReadError::Unreachable { retry_after, .. } => *retry_after,
        ReadError::Refused(_) => None,
    }
}
