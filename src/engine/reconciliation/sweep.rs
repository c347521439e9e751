//! Every hour, and at every start: the provider's list of each shop's payments is compared with the journal.
//!
//! It finds what no reader could: a payment that came after its attempt was given up, one that the journal lost, a second
//! payment of one attempt, a refund that was made in the provider's back office, an approval that was never captured. When
//! a sweep comes, and how far back it looks, stands here; what a payment is compared with, in `comparison`.

mod comparison;

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::lost::lifetime;
use crate::domain::attempt::{Alarm, AlarmKind};
use crate::domain::directory::Store;
use crate::domain::identifiers::AttemptReference;
use crate::domain::operation::ProviderName;
use crate::engine::{Engine, Refusal};
use crate::ports::{Listing, Pages, Provider, ReadError, Trace, Unreadable};

/// What is longer ago is not looked for any more: after a longer stop a person compares the books.
const LONGEST_LOOK_BACK: SignedDuration = SignedDuration::from_hours(31 * 24);
/// Until the next sweep after one that did not reach the provider; doubled up to a minute.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);
const PAUSE_AFTER_FAILURE_MAX: Duration = Duration::from_secs(60);

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
    pub(in crate::engine) fn sweep_soon(&self) {
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
        let mut unexplained = Unexplained { engine: self, held: Listing::default() };
        if let Err(error) = self.list(provider.as_ref(), store, last, &mut unexplained).await {
            tracing::warn!(store = %store.id, %error, "the sweep could not read the provider's list");
            self.health.note_provider(name, Some(error.to_string()));
            return false;
        }
        let mut listing = unexplained.held;
        self.health.note_provider(name, None);
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
        unexplained: &mut Unexplained<'_>,
    ) -> Result<(), ReadError> {
        provider.learn_time().await?;
        provider.list(store, window_begins(provider.now(), last, self.pace.sweep_window), unexplained).await
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
}

/// By the provider's clock. A bridge that was off, or whose journal is an old backup, has not seen what became of the payments
/// of that time, nor of those of the window before it.
fn window_begins(now: Timestamp, last: Option<Timestamp>, window: SignedDuration) -> Timestamp {
    let away = last.map_or(SignedDuration::ZERO, |last| now.duration_since(last).max(SignedDuration::ZERO));
    let back = away.saturating_add(window).min(LONGEST_LOOK_BACK.max(window));
    now.saturating_sub(back).unwrap_or(Timestamp::MIN)
}

/// What of a list must be compared once it is whole, since several payments may be one attempt's. Most say what is known, and
/// are let go of as they come: the payments of days would take more room than all else.
struct Unexplained<'a> {
    engine: &'a Engine,
    held: Listing,
}

#[async_trait]
impl Pages for Unexplained<'_> {
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
///
/// A list that moves while it is read may tell of one twice: the later word counts.
fn by_attempt(traces: &mut Vec<Trace>) -> impl Iterator<Item = &[Trace]> {
    traces.sort_by(|one, other| name(one).cmp(&name(other)));
    traces.dedup_by(|later, earlier| {
        let is_same = name(later) == name(earlier);
        if is_same {
            std::mem::swap(later, earlier);
        }
        is_same
    });
    traces.chunk_by(|one, other| one.reference == other.reference)
}

fn name(trace: &Trace) -> (AttemptReference, &str) {
    (trace.reference, trace.payment.transaction.as_str())
}
