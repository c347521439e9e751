//! What a till asks that starts nothing: where an operation stands, to stop it, to book it, which terminals there are.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::results::Waiting;
use super::{Engine, Refusal, TerminalView};
use crate::domain::attempt::{Event, Kind};
use crate::domain::directory::Till;
use crate::domain::identifiers::{OperationId, Reference};
use crate::domain::operation::Operation;
use crate::domain::prompt::AtTerminal;
use crate::ports::{OperationFilter, Provider};

impl Engine {
    /// A till's own operation.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], also for another till's, and for what a test left where money is taken now.
    pub async fn find(&self, till: &Till, kind: Kind, reference: &Reference) -> Result<Operation, Refusal> {
        let found = self.journal.find(&till.id, kind, reference, self.moves_no_money(till)).await;
        let found = self.health.journal(found)?.filter(|found| self.is_of_this_environment(till, found));
        found.ok_or(Refusal::NotFound(kind.name()))
    }

    /// Every terminal of the till is in a sandbox.
    pub(super) fn moves_no_money(&self, till: &Till) -> bool {
        self.driving(till).all(|provider| provider.is_sandbox())
    }

    /// What is over in a test is nothing in production, nor the reverse. Where its own provider is gone from the
    /// configuration, the till's tells.
    pub(super) fn is_of_this_environment(&self, till: &Till, known: &Operation) -> bool {
        let provider = self.provider(known.provider).ok().or_else(|| self.driving(till).next());
        provider.is_none_or(|provider| !known.is_of_other_environment(provider.is_sandbox()))
    }

    /// The providers of the till's terminals.
    fn driving<'a>(&'a self, till: &'a Till) -> impl Iterator<Item = &'a Arc<dyn Provider>> {
        self.directory.terminals_of(till).filter_map(|terminal| self.provider(terminal.provider).ok())
    }

    /// Waits until the operation is settled ([`Operation::is_settled`]), the cashier must do something, the time is up or
    /// the program stops, and returns it as it is then.
    ///
    /// `waiting` is what has heard of it since before it was on disk ([`Progress::waiting`](super::Progress::waiting)).
    /// Without it the journal is asked first whether it has moved meanwhile.
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

    /// Asks for an operation to be stopped, and returns it as it is now. A request, not a result.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::StorageUnavailable`] when the wish cannot be written.
    pub async fn cancel(&self, till: &Till, kind: Kind, reference: &Reference) -> Result<Operation, Refusal> {
        let operation = self.find(till, kind, reference).await?;
        if operation.is_settled() {
            return Ok(operation);
        }
        self.record_and_wake(operation.attempt.order.reference, Event::CancelWanted).await?;
        let read = self.health.journal(self.journal.operation(operation.id).await)?;
        Ok(read.unwrap_or(operation))
    }

    /// The cashier has compared the customer's signature, and says whether it is the card's. Returns the operation as it
    /// is now; what comes of it, only the provider tells.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::NothingToSign`]; [`Refusal::StorageUnavailable`] when that cannot be written.
    pub async fn compare_signature(
        &self,
        till: &Till,
        kind: Kind,
        reference: &Reference,
        accepted: bool,
    ) -> Result<Operation, Refusal> {
        let operation = self.find(till, kind, reference).await?;
        let attempt = operation.attempt.order.reference;
        if operation.attempt.signature_accepted == Some(accepted) {
            return Ok(operation);
        }
        if self.at_terminal(&operation).signature_until.is_none() {
            return Err(Refusal::NothingToSign);
        }
        self.record_and_wake(attempt, Event::SignatureCompared { accepted }).await?;
        let read = self.health.journal(self.journal.operation(operation.id).await)?.unwrap_or(operation);
        // Somebody else may have said the opposite at the same moment: the first word counts.
        if read.attempt.signature_accepted == Some(accepted) { Ok(read) } else { Err(Refusal::NothingToSign) }
    }

    /// What goes on at the terminal of an operation that is under way, as far as its provider tells: a signature only
    /// while the cashier is to compare it.
    #[must_use]
    pub fn at_terminal(&self, operation: &Operation) -> AtTerminal {
        let seen = self.readers.at_terminal(operation.attempt.order.reference);
        AtTerminal { signature_until: seen.signature_until.filter(|_| self.leaves_it_to_cashier(operation)), ..seen }
    }

    /// The till has booked the result.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::StorageUnavailable`] when that cannot be written.
    pub async fn acknowledge(&self, till: &Till, kind: Kind, reference: &Reference) -> Result<Operation, Refusal> {
        let operation = self.find(till, kind, reference).await?;
        if operation.acknowledged_at.is_some() || !operation.status().is_final() {
            return Ok(operation);
        }
        self.health.journal(self.journal.acknowledge(operation.id, self.clock.now()).await)
    }

    /// A till's most recent operation.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] when it has none yet.
    pub async fn last(&self, till: &Till) -> Result<Operation, Refusal> {
        self.health.journal(self.journal.last(&till.id).await)?.ok_or(Refusal::NotFound("operation"))
    }

    /// A till's operations, newest first.
    ///
    /// # Errors
    /// [`Refusal::StorageUnavailable`] when the journal cannot be read.
    pub async fn operations(&self, till: &Till, filter: &OperationFilter) -> Result<Vec<Operation>, Refusal> {
        self.health.journal(self.journal.operations(&till.id, filter).await)
    }

    /// The terminals that a till may use.
    ///
    /// # Errors
    /// [`Refusal::StorageUnavailable`] when the journal cannot be read.
    pub async fn terminals(&self, till: &Till) -> Result<Vec<TerminalView>, Refusal> {
        let terminals: Vec<_> = self.directory.terminals_of(till).cloned().collect();
        let mut usages = self.health.journal(self.journal.terminals(&terminals).await)?;
        let mut views = Vec::new();
        for terminal in &terminals {
            let usage = usages.iter().position(|usage| usage.terminal == terminal.name);
            views.push(TerminalView {
                terminal: terminal.clone(),
                usage: usage.map(|position| usages.swap_remove(position)),
                enrolment: self.health.enrolment(&terminal.name),
                capabilities: self.capabilities(terminal),
            });
        }
        Ok(views)
    }

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

    /// Why no payment can be taken right now; empty when one can.
    #[must_use]
    pub fn unready(&self) -> Vec<String> {
        let mut reasons = self.health.troubles();
        if self.stopping.is_cancelled() {
            reasons.push("stopping".to_owned());
        } else if !*self.recovered.borrow() {
            reasons.push("starting: what was open before is being read".to_owned());
        }
        reasons
    }
}
