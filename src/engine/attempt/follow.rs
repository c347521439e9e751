//! Following an attempt: the provider's record is read until it decides, and a wish to cancel is passed on.

use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::{Instant, sleep};

use super::readers::Claim;
use super::start::Started;
use super::wishes::PassedOn;
use crate::domain::attempt::{Alarm, AlarmKind, Attempt, EMPTY_LOOK_GAP, Event, Kind};
use crate::domain::evidence::Finding;
use crate::domain::operation::Operation;
use crate::domain::polling;
use crate::domain::prompt::AtTerminal;
use crate::engine::Engine;
use crate::ports::{Look, Provider, ReadError, Seen};

/// Between two readings however often somebody calls: callbacks cannot make the bridge hammer the provider.
const SHORTEST_PAUSE: Duration = Duration::from_millis(200);
/// The longest that a provider may keep the bridge from looking: a customer waits.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(60);

/// How long after the horizon readings may fail until a person must look.
const UNREADABLE_PATIENCE: SignedDuration = SignedDuration::from_mins(5);

/// How a look at the provider's record went: when it could not be read, until when the provider does not want to be asked
/// again, where it said so.
pub(super) type Looked = Result<(), Option<Duration>>;

impl Engine {
    /// Reads the provider's record until the attempt is settled; `false` when it ends before. `after_first_look` is called
    /// once, at the latest when it ends.
    pub(super) async fn follow(
        &self,
        operation: &Operation,
        started: Started,
        claim: &Claim,
        after_first_look: impl FnOnce(),
    ) -> bool {
        let Ok(provider) = self.provider(operation.provider) else { return false };
        let provider = provider.as_ref();
        let begun = Instant::now().checked_sub(self.age(operation)).unwrap_or_else(Instant::now);
        let mut after_first_look = Some(after_first_look);
        let Started { mut attempt, looked: mut first_look, mut passed_on, was_sent } = started;
        while attempt.phase.is_live() && !self.stopping.is_cancelled() {
            self.pass_on_wishes(provider, operation, &attempt, &mut passed_on).await;
            let known_wish = attempt.cancel_wanted;
            let look = match first_look.take().filter(|_| passed_on.cancel.is_none()) {
                Some(look) => look,
                None => self.look_beside_cancel(provider, operation, &mut attempt, &passed_on).await,
            };
            if !was_sent && self.another_is_paid(provider, &attempt).await {
                attempt = self.record_surely(&attempt, vec![Event::PaidByEarlier]).await.unwrap_or(attempt);
            }
            if let Some(tell) = after_first_look.take() {
                tell();
            }
            if !attempt.phase.is_live() {
                break;
            }
            if attempt.cancel_wanted != known_wish {
                continue;
            }
            let usual = self.pause(&attempt, begun.elapsed());
            let wanted = look.err().flatten().map_or(usual, |wanted| wanted.min(RETRY_AFTER_MAX));
            if self.rest(claim, wanted.max(usual)).await {
                // A wish to cancel or an operator's decision may have come meanwhile.
                attempt = self.latest(&attempt).await.unwrap_or(attempt);
            }
        }
        if let Some(tell) = after_first_look {
            tell();
        }
        let settled = !attempt.phase.is_live();
        if attempt.may_still_win() {
            // Boxed: a future that waits is as large as its largest part (docs/performance.md).
            Box::pin(self.watch_stopped(provider, operation, attempt, claim)).await;
        }
        settled
    }

    /// What crossed with the stop may still win: the record is read for as long as such a payment can take, though the
    /// terminal is free and the till has its answer.
    async fn watch_stopped(&self, provider: &dyn Provider, operation: &Operation, mut attempt: Attempt, claim: &Claim) {
        let until = Instant::now() + provider.timeouts().afterwards.unsigned_abs();
        let pause = self.pace.poll_interval * 5;
        while Instant::now() < until && attempt.may_still_win() {
            self.rest(claim, pause).await;
            if self.stopping.is_cancelled() {
                return;
            }
            // What cannot be read now is read with the next round.
            let _ = self.look(provider, operation, &mut attempt).await;
        }
    }

    /// Reads once and writes what is new.
    pub(in crate::engine) async fn look(
        &self,
        provider: &dyn Provider,
        operation: &Operation,
        attempt: &mut Attempt,
    ) -> Looked {
        let seen = ask(provider, attempt).await;
        self.learn(provider, operation, attempt, seen).await
    }

    /// Reads once, as [`Engine::look`] does; but what a cancel that is under way may yet void is no news.
    async fn look_beside_cancel(
        &self,
        provider: &dyn Provider,
        operation: &Operation,
        attempt: &mut Attempt,
        passed_on: &PassedOn,
    ) -> Looked {
        match ask(provider, attempt).await {
            Ok(seen) if passed_on.may_void(attempt, &seen.finding, provider.now()) => {
                self.show(operation, attempt, seen.at_terminal);
                Ok(())
            }
            seen => self.learn(provider, operation, attempt, seen).await,
        }
    }

    /// Tells what a reading brought and writes what is new of it.
    pub(super) async fn learn(
        &self,
        provider: &dyn Provider,
        operation: &Operation,
        attempt: &mut Attempt,
        seen: Result<Seen, ReadError>,
    ) -> Looked {
        match seen {
            Ok(seen) => {
                self.show(operation, attempt, seen.at_terminal);
                let Seen { at, paid_by_another, .. } = seen;
                // While nobody knows which attempt was paid, nobody may hear that none was.
                let finding = if paid_by_another && !self.another_is_paid(provider, attempt).await {
                    Finding::Undecided { handle: attempt.phase.handle().cloned(), started: true }
                } else {
                    seen.finding
                };
                if let Some(moved) = self.record_news(attempt, finding, at).await {
                    *attempt = moved;
                }
                Ok(())
            }
            Err(error) => {
                tracing::warn!(operation = %operation.id, attempt = %attempt.order.reference, %error, "reading failed");
                self.health.note_provider(operation.provider, Some(error.to_string()));
                Box::pin(self.warn_of_unreadable(provider, operation, attempt)).await;
                Err(retry_after(&error))
            }
        }
    }

    /// Whether one of the other attempts on the same payment is known to be paid, after they were read until one is. The
    /// newest first: one that never reached a terminal would take a later one's run for its own.
    pub(super) async fn another_is_paid(&self, provider: &dyn Provider, attempt: &Attempt) -> bool {
        let Some(prepared) = &attempt.preparation else { return false };
        let found = self.health.journal(self.journal.find_prepared(&prepared.payment, Kind::Sale).await);
        let is_another = |other: &Attempt| other.order.reference != attempt.order.reference;
        let others: Vec<Attempt> =
            found.unwrap_or_default().into_iter().rev().map(|(_, other)| other).filter(is_another).collect();
        if others.iter().any(|other| other.phase.is_approved()) {
            return true;
        }
        for other in others {
            // What cannot be read now is read with the next round, before any older one.
            let Ok(seen) = ask(provider, &other).await else { return false };
            if seen.paid_by_another {
                continue;
            }
            let is_paid = matches!(seen.finding, Finding::Approved(_));
            let moved = self.record_news(&other, seen.finding, seen.at).await;
            if is_paid {
                return moved.is_some_and(|moved| moved.phase.is_approved());
            }
        }
        false
    }

    /// The provider answers: whoever waits is told what goes on at the terminal.
    pub(super) fn show(&self, operation: &Operation, attempt: &Attempt, at_terminal: AtTerminal) {
        self.health.note_provider(operation.provider, None);
        if self.readers.show(attempt.order.reference, at_terminal) {
            self.waiters.ring(operation);
            self.bells.ring(&operation.till);
        }
    }

    /// Rests until the next reading is due; `true` when somebody wants it sooner, as everybody does who changes the
    /// attempt from outside.
    async fn rest(&self, claim: &Claim, pause: Duration) -> bool {
        let shortest = SHORTEST_PAUSE.min(pause);
        tokio::select! {
            biased;
            () = claim.woken() => {
                sleep(shortest).await;
                true
            }
            () = self.stopping.cancelled() => false,
            () = sleep(pause) => false,
        }
    }

    fn pause(&self, attempt: &Attempt, age: Duration) -> Duration {
        let pause = polling::pause(age, self.pace.poll_interval);
        let pause = if attempt.phase.awaits_second_look() { pause.min(EMPTY_LOOK_GAP.unsigned_abs()) } else { pause };
        // A tenth of jitter, so that forty shops do not ask in step.
        let percent = u32::try_from(self.clock.chance() % 11).unwrap_or_default() + 95;
        pause * percent / 100
    }

    fn age(&self, operation: &Operation) -> Duration {
        let age = self.clock.now().duration_since(operation.updated_at).max(SignedDuration::ZERO);
        age.unsigned_abs()
    }

    async fn latest(&self, attempt: &Attempt) -> Option<Attempt> {
        let found = self.journal.find_attempt(attempt.order.reference).await;
        self.health.journal(found).ok().flatten().map(|(_, attempt)| attempt)
    }

    /// An attempt that should have been decided long ago and cannot be read is for a person to see: it holds its terminal.
    async fn warn_of_unreadable(&self, provider: &dyn Provider, operation: &Operation, attempt: &Attempt) {
        let overdue = provider.now().duration_since(attempt.horizon);
        if !attempt.phase.is_live() || overdue < UNREADABLE_PATIENCE {
            return;
        }
        let text = format!(
            "{} of {}: the provider's record cannot be read, so nobody knows what became of it; see `pos-bridge check`",
            attempt.kind.name(),
            attempt.order.money
        );
        let alarm = Alarm { kind: AlarmKind::Unreadable, text };
        // Where it could not be written, the next reading that fails raises it again.
        let _ = self.raise(operation.id, alarm).await;
    }
}

/// Asks the provider once.
pub(in crate::engine) async fn ask(provider: &dyn Provider, attempt: &Attempt) -> Result<Seen, ReadError> {
    let look = look_for(attempt);
    match attempt.kind {
        Kind::Sale => provider.look_for_sale(attempt, look).await,
        Kind::Refund => provider.look_for_refund(attempt, look).await,
    }
}

/// The last reading before an attempt is given up must not rest on a stale connection or token.
fn look_for(attempt: &Attempt) -> Look {
    if attempt.phase.awaits_second_look() { Look::Fresh } else { Look::Usual }
}

fn retry_after(error: &ReadError) -> Option<Duration> {
    match error {
        ReadError::Unreachable { retry_after, .. } => *retry_after,
        ReadError::Refused(_) => None,
    }
}
