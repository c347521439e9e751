//! Every hour, and at every start: the provider's list of each shop's payments is compared with the journal.
//!
//! It finds what no reader could: a payment that came after its attempt was given up, one that the journal lost, a second
//! payment of one attempt, a refund that was made in the provider's back office, an approval that was never captured.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::sleep;

use super::lost::{lifetime, may_be_decided};
use super::record::ring_out;
use super::{Engine, Refusal};
use crate::domain::attempt::{Alarm, AlarmKind, Attempt, Kind, Phase};
use crate::domain::directory::Store;
use crate::domain::evidence::{Finding, PaymentState, Sighting, judge};
use crate::domain::identifiers::{AttemptReference, OperationId};
use crate::domain::operation::{Operation, ProviderName};
use crate::ports::{Listing, Pages, Provider, ReadError, Refunded, Trace, Unreadable};

/// How long an approval may stay uncaptured until somebody should look (Dintero tries for 48 hours).
const CAPTURE_PATIENCE: SignedDuration = SignedDuration::from_hours(24);
/// What is longer ago is not looked for any more: after a longer stop a person compares the books.
const LONGEST_LOOK_BACK: SignedDuration = SignedDuration::from_hours(31 * 24);
/// Until the next sweep after one that did not reach the provider; doubled up to a minute.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);
const PAUSE_AFTER_FAILURE_MAX: Duration = Duration::from_secs(60);
/// Attempts that nobody reads any more are read so many at once: there may be a bad day's worth of them.
const LOOKS_AGAIN: usize = 8;
/// Between two tries to read an attempt that nobody reads any more.
pub(super) const LOOK_AGAIN_PAUSES: [Duration; 4] =
    [Duration::from_millis(500), Duration::from_secs(2), Duration::from_secs(5), Duration::from_secs(15)];

impl Engine {
    /// Sweeps now and then regularly, until the program stops. `first` is let go of after the first complete sweep.
    pub(super) fn sweep_regularly(&self, first: mpsc::Sender<()>) {
        let engine = self.clone();
        self.tasks.spawn(async move {
            let mut first = Some(first);
            while !engine.stopping.is_cancelled() {
                let sweeping = engine.clone();
                let round = engine.tasks.spawn(async move { sweeping.sweep_until_complete().await });
                if let Err(failure) = engine.stopping.run_until_cancelled(round).await.unwrap_or(Ok(())) {
                    tracing::error!(%failure, "a sweep failed; the next one comes soon");
                    sleep(PAUSE_AFTER_FAILURE).await;
                    continue;
                }
                let pause = engine.pause_after_sweep(first.take().is_some());
                tokio::select! {
                    biased;
                    () = sleep(pause) => {}
                    () = engine.sweep_wanted.notified() => {}
                    () = engine.stopping.cancelled() => {}
                }
            }
        });
    }

    /// Has a sweep begin soon.
    pub(super) fn sweep_soon(&self) {
        self.sweep_wanted.notify_one();
    }

    /// A card that raced with a cancel just before the last stop may still win, and a session that the journal lost may
    /// still be paid: the second sweep comes after that.
    fn pause_after_sweep(&self, is_first: bool) -> Duration {
        let races = self.providers.values().map(|provider| lifetime(provider.as_ref()).unsigned_abs()).max();
        let regular = self.pace.sweep_interval;
        if is_first { races.unwrap_or(regular).min(regular) } else { regular }
    }

    async fn sweep_until_complete(&self) {
        let mut pause = PAUSE_AFTER_FAILURE;
        while !self.sweep().await {
            if self.stopping.run_until_cancelled(sleep(pause)).await.is_none() {
                return;
            }
            pause = (pause * 2).min(PAUSE_AFTER_FAILURE_MAX);
        }
    }

    /// Compares every shop's payments with the journal. `false` when something could not be read, or is not decided.
    async fn sweep(&self) -> bool {
        let mut complete = true;
        for store in &self.directory.stores {
            for name in self.providers_of(store) {
                complete &= self.sweep_store(name, store).await;
            }
            self.read_enrolments(store).await;
        }
        // What was given up is read again even when a list could not be read.
        let reread = self.reread().await.is_ok();
        complete && reread
    }

    fn providers_of(&self, store: &Store) -> BTreeSet<ProviderName> {
        let terminals = self.directory.terminals.iter().filter(|terminal| terminal.store == store.id);
        terminals.map(|terminal| terminal.provider).collect()
    }

    async fn sweep_store(&self, name: ProviderName, store: &Store) -> bool {
        let Ok(provider) = self.provider(name) else { return false };
        let Ok(last) = self.health.journal(self.journal.last_sweep(name, &store.id).await) else { return false };
        let mut news = News { engine: self, held: Listing::default() };
        if let Err(error) = self.list(provider.as_ref(), store, last, &mut news).await {
            tracing::warn!(store = %store.id, %error, "the sweep could not read the provider's list");
            self.health.provider(name, Some(error.to_string()));
            return false;
        }
        let mut listing = news.held;
        self.health.provider(name, None);
        let listed_at = provider.now();
        let mut complete = true;
        for unreadable in listing.unreadable {
            complete &= self.raise_unreadable(name, unreadable).await.unwrap_or(false);
        }
        for traces in by_attempt(&mut listing.traces) {
            complete &= self.compare(provider.as_ref(), store, traces).await.unwrap_or(false);
        }
        if complete {
            // What a full disk does not take only makes the next look back longer.
            let _ = self.health.journal(self.journal.swept(name, &store.id, listed_at).await);
        }
        complete
    }

    /// A payment that cannot be read stops neither the sweep nor the shop when the journal knows it, but somebody must
    /// look at it.
    async fn raise_unreadable(&self, provider: ProviderName, unreadable: Unreadable) -> Result<bool, Refusal> {
        let found = self.health.journal(self.journal.find_attempt(unreadable.reference).await)?;
        let Some((operation, _)) = found else { return self.raise_lost(provider, unreadable).await };
        let text = format!(
            "{} {} of till {}: the provider's list holds a payment of it ({}) that cannot be understood; compare it with \
             the provider's back office, and report it",
            operation.kind.name(),
            operation.reference,
            operation.till,
            unreadable.reference,
        );
        self.raise(operation.id, Alarm { kind: AlarmKind::Unreadable, text }).await.map(|()| true)
    }

    /// The shop's payments of the window, and of the time since the last sweep before that.
    async fn list(
        &self,
        provider: &dyn Provider,
        store: &Store,
        last: Option<Timestamp>,
        news: &mut News<'_>,
    ) -> Result<(), ReadError> {
        provider.learn_time().await?;
        provider.list(store, window_begins(provider.now(), last, self.pace.sweep_window), news).await
    }

    /// Enrolment is for people to see; not knowing it stops nothing.
    async fn read_enrolments(&self, store: &Store) {
        for terminal in self.directory.terminals.iter().filter(|terminal| terminal.store == store.id) {
            let Ok(provider) = self.provider(terminal.provider) else { continue };
            if let Ok(Some(enrolment)) = provider.enrolment(terminal).await {
                self.health.enrolled(terminal.name.clone(), enrolment);
            }
        }
    }

    /// Whether a payment says what the journal says, and nothing was given back of it.
    async fn is_known(&self, trace: &Trace) -> bool {
        let (Refunded::Elsewhere(minor) | Refunded::InAll(minor)) = trace.refunded;
        if minor > 0 || !trace.refunds.is_empty() {
            return false;
        }
        matches!(self.attempt_of(trace).await, Ok(Some((_, attempt))) if attempt.is_as_told_by(&trace.payment))
    }

    /// Compares the payments of one attempt, and the refunds of them, with the journal. `false` when that is not done.
    async fn compare(&self, provider: &dyn Provider, store: &Store, traces: &[Trace]) -> Result<bool, Refusal> {
        let Some(first) = traces.first() else { return Ok(true) };
        let Some((operation, attempt)) = self.attempt_of(first).await? else {
            let mut complete = true;
            for trace in traces {
                complete &= self.adopt(provider, store, trace.clone()).await?;
            }
            return Ok(complete);
        };
        let payments: Vec<_> = traces.iter().map(|trace| trace.payment.clone()).collect();
        let is_paid = payments.iter().any(|payment| matches!(payment.state, PaymentState::Approved { .. }));
        let finding = judge(&attempt.as_sent(), &Sighting { session: None, payments });
        if let Finding::Contradiction { what, .. } = &finding
            && is_paid
            && !matches!(attempt.phase, Phase::Approved { .. })
        {
            let text = format!("sale of {}: the provider holds a payment of it, but {what}", operation.money);
            self.raise(operation.id, Alarm { kind: AlarmKind::Mismatch, text }).await?;
        }
        let is_open = was_sent_after_all(provider, &attempt, &finding, traces);
        let moved = self.record_news(&attempt, finding, provider.now()).await;
        if moved.is_some() {
            self.readers.wake(attempt.order.reference);
        }
        // The one that the journal knows by now; another one was told by the judgement above, and its refunds are its own.
        let attempt = moved.unwrap_or(attempt);
        if let Some(trace) = traces.iter().find(|trace| is_payment_of(&attempt, trace)) {
            let decides = attempt.order.reference == operation.attempt.order.reference
                || attempt.decides_over(&operation.attempt);
            self.compare_refunds(provider, &operation, trace, decides).await?;
            self.watch_approval(&operation, &attempt, trace).await?;
        }
        Ok(!is_open)
    }

    /// The attempt behind a payment. Where several attempts ran on one payment, it carries the first one's reference and
    /// belongs to the one whose run brought it.
    async fn attempt_of(&self, trace: &Trace) -> Result<Option<(Operation, Attempt)>, Refusal> {
        let found = self.health.journal(self.journal.find_attempt(trace.reference).await)?;
        let Some(prepared) = found.as_ref().and_then(|(_, attempt)| attempt.preparation.as_ref()) else {
            return Ok(found);
        };
        let mut on_payment = self.health.journal(self.journal.find_prepared(&prepared.payment, Kind::Sale).await)?;
        let run = trace.payment.session.as_ref();
        let started = run.and_then(|run| on_payment.iter().rposition(|(_, attempt)| attempt.may_have_started(run)));
        Ok(match started {
            Some(position) => Some(on_payment.swap_remove(position)),
            None => on_payment.pop(),
        })
    }

    /// Refunds of ours are read once more where the list says something new; those of others lower what is left, and so
    /// do those of ours that the journal lost. What was given back of a payment that came twice is not the sale's.
    async fn compare_refunds(
        &self,
        provider: &dyn Provider,
        sale: &Operation,
        trace: &Trace,
        decides: bool,
    ) -> Result<(), Refusal> {
        let mut refunded = trace.refunded;
        for (reference, finding) in &trace.refunds {
            match self.health.journal(self.journal.find_attempt(*reference).await)? {
                Some((_, refund)) if refund.would_move(finding, provider.now()) => {
                    // A reading of its own compares the amounts too.
                    self.look_again(refund.order.reference);
                }
                Some(_) => {}
                None => {
                    if let (Finding::Approved(approval), Refunded::Elsewhere(minor)) = (finding, refunded) {
                        refunded = Refunded::Elsewhere(minor.saturating_add(approval.amount.minor()));
                    }
                    self.raise_lost_refund(sale.id, *reference).await;
                }
            }
        }
        let (Refunded::Elsewhere(minor) | Refunded::InAll(minor)) = refunded;
        if minor > 0 && decides {
            self.note_refunded(sale.id, refunded).await?;
        }
        Ok(())
    }

    /// Notes what somebody else gave back of a sale. Where the provider tells only the sum, it may have been a refund of
    /// ours that the journal lost: a person must look before another one is made.
    pub(super) async fn note_refunded(&self, sale: OperationId, refunded: Refunded) -> Result<(), Refusal> {
        let alarm = match refunded {
            Refunded::Elsewhere(_) => None,
            Refunded::InAll(sum) => Some(perhaps_lost(sum)),
        };
        let noted = self.journal.note_refunded(sale, refunded, alarm.clone(), self.clock.now()).await;
        let is_news = self.health.journal(noted)?;
        if let Some(alarm) = alarm.filter(|_| is_news) {
            ring_out(sale, &alarm);
        }
        Ok(())
    }

    /// An approval that was never captured, or voided by somebody else, or taken back, is no money. Whether the provider
    /// corrected itself, only a reading of its own tells.
    async fn watch_approval(&self, operation: &Operation, attempt: &Attempt, trace: &Trace) -> Result<(), Refusal> {
        let age = self.clock.now().duration_since(operation.created_at);
        let (kind, text) = match &trace.payment.state {
            PaymentState::Approved { captured: false } if age >= CAPTURE_PATIENCE => {
                (AlarmKind::NotCaptured, "approved more than a day ago and still not captured")
            }
            // Given back whole by a refund of ours.
            PaymentState::Voided if operation.refunded >= payment_of(attempt) => return Ok(()),
            PaymentState::Voided => (AlarmKind::Corrected, "approved, and voided at the provider since"),
            PaymentState::Declined(_) => {
                self.look_again(attempt.order.reference);
                (AlarmKind::Corrected, "approved, and declined at the provider since")
            }
            _ => return Ok(()),
        };
        let text = format!("sale of {}: {text}; see the provider's back office", operation.money);
        self.raise(operation.id, Alarm { kind, text }).await
    }

    /// Reads everything that was given up and not resolved once more, and everything live that lost its reader.
    async fn reread(&self) -> Result<(), Refusal> {
        let since = self.clock.now().saturating_sub(LONGEST_LOOK_BACK).unwrap_or(Timestamp::MIN);
        for attempt in self.health.journal(self.journal.abandoned(since).await)? {
            self.look_again(attempt);
        }
        for (operation, attempt) in self.health.journal(self.journal.live().await)? {
            let just_begun = self.clock.now().duration_since(operation.updated_at) < SignedDuration::from_mins(1);
            if !just_begun && !self.readers.is_read(attempt.order.reference) {
                self.resume(operation, &attempt).await;
            }
        }
        Ok(())
    }

    /// Reads an attempt that nobody reads any more, until that has worked once. There may be thousands that wait for their
    /// turn, so that each knows no more than its name until then.
    pub(super) fn look_again(&self, attempt: AttemptReference) {
        if !self.looks_again.wanted().insert(attempt) {
            return;
        }
        let engine = self.clone();
        self.tasks.spawn(async move {
            if !engine.look_until_read(attempt).await {
                engine.sweep_soon();
            }
        });
    }

    /// `false` when it could not be read, however often that was tried. Who wants it while it is being read wants what came
    /// meanwhile, and gets a reading of its own.
    async fn look_until_read(&self, attempt: AttemptReference) -> bool {
        for pause in LOOK_AGAIN_PAUSES {
            let Some(turn) = self.stopping.run_until_cancelled(self.looks_again.turns.acquire()).await else { break };
            self.looks_again.wanted().remove(&attempt);
            if Box::pin(self.look_once(attempt)).await {
                return true;
            }
            drop(turn);
            if !self.looks_again.wanted().insert(attempt) {
                return true;
            }
            if self.stopping.run_until_cancelled(sleep(pause)).await.is_none() {
                break;
            }
        }
        self.looks_again.wanted().remove(&attempt);
        false
    }

    /// `false` when it could not be read.
    async fn look_once(&self, attempt: AttemptReference) -> bool {
        let Ok(found) = self.health.journal(self.journal.find_attempt(attempt).await) else { return false };
        let Some((operation, mut attempt)) = found else { return true };
        let Ok(provider) = self.provider(operation.provider) else { return true };
        self.look(provider.as_ref(), &operation, &mut attempt).await.is_ok()
    }
}

/// Attempts that wait to be read once more, each once however often it was wanted.
#[derive(Debug)]
pub(super) struct LooksAgain {
    turns: Semaphore,
    wanted: Mutex<BTreeSet<AttemptReference>>,
}

impl LooksAgain {
    fn wanted(&self) -> MutexGuard<'_, BTreeSet<AttemptReference>> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for LooksAgain {
    fn default() -> Self {
        Self { turns: Semaphore::new(LOOKS_AGAIN), wanted: Mutex::default() }
    }
}

/// An old backup may hold a sale as one that was never sent, and that stands on its terminal: its till must not begin it anew
/// before that is decided.
fn was_sent_after_all(provider: &dyn Provider, attempt: &Attempt, finding: &Finding, traces: &[Trace]) -> bool {
    let may_be_paid = |trace: &Trace| trace.payment.session.is_some() && may_be_decided(provider, &trace.payment);
    matches!(finding, Finding::Undecided { .. }) && attempt.is_belied_by(finding) && traces.iter().any(may_be_paid)
}

/// By the provider's clock. A bridge that was off, or whose journal is an old backup, has not seen what became of the payments
/// of that time, nor of those of the window before it.
fn window_begins(now: Timestamp, last: Option<Timestamp>, window: SignedDuration) -> Timestamp {
    let away = last.map_or(SignedDuration::ZERO, |last| now.duration_since(last).max(SignedDuration::ZERO));
    let back = away.saturating_add(window).min(LONGEST_LOOK_BACK.max(window));
    now.saturating_sub(back).unwrap_or(Timestamp::MIN)
}

fn perhaps_lost(sum: i64) -> Alarm {
    let text = format!(
        "the provider has given back {sum} minor units of this sale, more than the journal knows of: somebody did so in the \
         back office, or a refund was lost with the journal; compare the two, then acknowledge this, and refunds of the sale \
         go on"
    );
    Alarm { kind: AlarmKind::Orphan, text }
}

/// What of a list must be compared once it is whole, since several payments may be one attempt's. Most say what is known, and
/// are let go of as they come: the payments of days would take more room than all else.
struct News<'a> {
    engine: &'a Engine,
    held: Listing,
}

#[async_trait]
impl Pages for News<'_> {
    async fn take(&mut self, page: Listing) {
        self.held.unreadable.extend(page.unreadable);
        for trace in page.traces {
            if !self.engine.is_known(&trace).await {
                self.held.traces.push(trace);
            }
        }
    }
}

/// The payments of each attempt: there should be one. There are many in a window, so they are grouped where they lie.
fn by_attempt(traces: &mut [Trace]) -> impl Iterator<Item = &[Trace]> {
    traces.sort_by_key(|trace| trace.reference);
    traces.chunk_by(|one, other| one.reference == other.reference)
}

/// Minor units that the attempt was approved with.
fn payment_of(attempt: &Attempt) -> i64 {
    match &attempt.phase {
        Phase::Approved { approval, .. } => approval.amount.minor(),
        _ => attempt.order.money.amount.minor(),
    }
}

/// Whether it is the payment that the attempt was approved with.
fn is_payment_of(attempt: &Attempt, trace: &Trace) -> bool {
    match &attempt.phase {
        Phase::Approved { approval, .. } => approval.transaction.as_ref() == Some(&trace.payment.transaction),
        _ => false,
    }
}
