//! Every hour, and at every start: the provider's list of each shop's payments is compared with the journal.
//!
//! It finds what no reader could: a payment that came after its attempt was given up, one that the journal lost, a
//! refund that was made in the provider's back office, an approval that was never captured.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;
use ulid::Ulid;

use crate::domain::attempt::{Alarm, AlarmKind, Attempt, Event};
use crate::domain::directory::Store;
use crate::domain::evidence::{PaymentState, Sighting, judge};
use crate::domain::identifiers::{OperationId, Reference, TillId};
use crate::domain::money::Currency;
use crate::domain::operation::{Operation, Provider as ProviderName};
use crate::ports::{Orphan, Provider, Trace};

use super::{Engine, Refusal};

/// How long an approval may stay uncaptured until somebody should look (Dintero tries for 48 hours).
const CAPTURE_PATIENCE: SignedDuration = SignedDuration::from_hours(24);
/// Until the first sweep after one that did not reach the provider.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(60);

impl Engine {
    /// Sweeps now and then regularly, until the program stops. `first` is let go of after the first sweep.
    pub(super) fn sweep_regularly(&self, first: mpsc::Sender<()>) {
        let engine = self.clone();
        self.tasks.spawn(async move {
            let mut first = Some(first);
            loop {
                let complete = engine.sweep().await;
                first.take();
                let pause = engine.pace.sweep_interval;
                let pause = if complete { pause } else { pause.min(PAUSE_AFTER_FAILURE) };
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = engine.sweep_wanted.notified() => {}
                    () = engine.stopping.cancelled() => return,
                }
            }
        });
    }

    /// Has a sweep begin soon.
    pub(super) fn sweep_soon(&self) {
        self.sweep_wanted.notify_one();
    }

    /// Compares every shop's payments with the journal. `false` when something could not be read.
    async fn sweep(&self) -> bool {
        let mut complete = true;
        let since = self.clock.now().saturating_sub(self.pace.sweep_window).unwrap_or(Timestamp::MIN);
        for store in &self.directory.stores {
            for name in self.providers_of(store) {
                complete &= self.sweep_store(name, store, since).await;
            }
            self.read_enrolments(store).await;
        }
        complete & self.reread(since).await.is_ok()
    }

    fn providers_of(&self, store: &Store) -> impl Iterator<Item = ProviderName> {
        let terminals = self.directory.terminals.iter().filter(|terminal| terminal.store == store.id);
        let names: std::collections::BTreeSet<_> = terminals.map(|terminal| terminal.provider).collect();
        names.into_iter()
    }

    async fn sweep_store(&self, name: ProviderName, store: &Store, since: Timestamp) -> bool {
        let Ok(provider) = self.provider(name) else { return false };
        let traces = match provider.traces(store, since).await {
            Ok(traces) => traces,
            Err(error) => {
                tracing::warn!(store = %store.id, %error, "the sweep could not read the provider's list");
                self.health.provider(name, Some(error.to_string()));
                return false;
            }
        };
        self.health.provider(name, None);
        let mut complete = true;
        for trace in traces {
            complete &= self.compare(provider.as_ref(), store, trace).await.is_ok();
        }
        complete
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

    /// Compares one payment, and the refunds of it, with the journal.
    async fn compare(&self, provider: &dyn Provider, store: &Store, trace: Trace) -> Result<(), Refusal> {
        let found = self.health.journal(self.journal.find_attempt(trace.reference).await)?;
        let Some((operation, attempt)) = found else { return self.adopt(provider, store, trace).await };
        for (reference, finding) in &trace.refunds {
            let found = self.health.journal(self.journal.find_attempt(*reference).await)?;
            let Some((operation, refund)) = found else { continue };
            if refund.would_move(finding, provider.now()) {
                // A reading of its own compares the amounts too.
                self.look_again(operation, refund);
            }
        }
        if trace.refunded_elsewhere > 0 {
            let noted = self.journal.note_refunded_elsewhere(operation.id, trace.refunded_elsewhere, self.clock.now());
            self.health.journal(noted.await)?;
        }
        self.watch_approval(&operation, &trace).await?;
        let finding = judge(&attempt.order, &Sighting { session: None, payments: vec![trace.payment] });
        if self.record_news(&attempt, finding, provider.now()).await.is_some() {
            self.readers.wake(trace.reference);
        }
        Ok(())
    }

    /// A payment that the journal does not hold: a backup was restored, or a disk was lost.
    async fn adopt(&self, provider: &dyn Provider, store: &Store, trace: Trace) -> Result<(), Refusal> {
        if !matches!(trace.payment.state, PaymentState::Approved { .. }) {
            return Ok(());
        }
        let provider_terminal = trace.payment.terms.terminal.as_deref();
        let terminals = &self.directory.terminals;
        let orphan = Orphan {
            operation: OperationId(Ulid::generate()),
            store: store.id.clone(),
            terminal: terminals.iter().find(|one| Some(one.terminal_id.as_str()) == provider_terminal).cloned(),
            till_reference: trace.till_reference.as_deref().and_then(split_till_reference),
            currency: Currency::from_code(&trace.payment.terms.currency).ok(),
            simulated: provider.is_sandbox(),
            now: self.clock.now(),
            trace,
        };
        let reference = orphan.trace.reference;
        if self.health.journal(self.journal.adopt(orphan).await)?.is_some() {
            tracing::error!(attempt = %reference, "the provider holds a payment of ours that the journal had lost");
        }
        Ok(())
    }

    /// An approval that was never captured, or voided by somebody else, is no money.
    async fn watch_approval(&self, operation: &Operation, trace: &Trace) -> Result<(), Refusal> {
        let age = self.clock.now().duration_since(operation.created_at);
        let told_approved = operation.approval().is_some();
        let (kind, text) = match &trace.payment.state {
            PaymentState::Approved { captured: false } if age >= CAPTURE_PATIENCE => {
                (AlarmKind::NotCaptured, "approved more than a day ago and still not captured")
            }
            PaymentState::Voided if told_approved => {
                (AlarmKind::Corrected, "approved, and voided at the provider since")
            }
            _ => return Ok(()),
        };
        let text = format!("sale of {}: {text}; see the provider's back office", operation.money);
        let raised = self.journal.raise(operation.id, Alarm { kind, text }, self.clock.now()).await;
        self.health.journal(raised).map(drop)
    }

    /// Reads everything that was given up and not resolved once more, and everything live that lost its reader.
    async fn reread(&self, since: Timestamp) -> Result<(), Refusal> {
        for (operation, attempt) in self.health.journal(self.journal.abandoned(since).await)? {
            self.look_again(operation, attempt);
        }
        for (operation, attempt) in self.health.journal(self.journal.live().await)? {
            self.drive_orphaned(operation, attempt);
        }
        Ok(())
    }

    /// Reads an attempt once that nobody reads any more.
    pub(super) fn look_again(&self, operation: Operation, mut attempt: Attempt) {
        let engine = self.clone();
        self.tasks.spawn(async move {
            let Ok(provider) = engine.provider(operation.provider) else { return };
            let provider = std::sync::Arc::clone(provider);
            engine.look(provider.as_ref(), &operation, &mut attempt).await;
        });
    }

    /// A live attempt without a reader lost it to a bug; it is followed again, by reading alone.
    fn drive_orphaned(&self, operation: Operation, attempt: Attempt) {
        let fresh = self.clock.now().duration_since(operation.updated_at) < SignedDuration::from_mins(1);
        if fresh || self.readers.is_read(attempt.order.reference) {
            return;
        }
        let engine = self.clone();
        self.tasks.spawn(async move {
            let interrupted = engine.record(attempt.order.reference, Event::Interrupted).await;
            if let Ok(attempt) = engine.health.journal(interrupted) {
                engine.drive_old(operation, attempt, || ());
            }
        });
    }
}

/// `till/reference`, as it was sent for the people in the back office.
fn split_till_reference(text: &str) -> Option<(TillId, Reference)> {
    let (till, reference) = text.split_once('/')?;
    Some((TillId::new(till).ok()?, Reference::new(reference).ok()?))
}
