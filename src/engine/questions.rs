//! What a till asks that starts nothing: where an operation stands, to stop it, to book it, which terminals there are.

use super::{Engine, Refusal, TerminalView};
use crate::domain::attempt::{Event, Kind};
use crate::domain::directory::Till;
use crate::domain::identifiers::Reference;
use crate::domain::operation::Operation;
use crate::domain::prompt::AtTerminal;
use crate::ports::OperationFilter;

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
}
