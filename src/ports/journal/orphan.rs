//! A payment that the journal had lost, as the operation that it was.

use super::{Orphan, Refunded, whole_milliseconds};
use crate::domain::attempt::{Alarm, AlarmKind, Attempt, Kind, Phase};
use crate::domain::evidence::{Approval, Finding, Order, PaymentState};
use crate::domain::identifiers::{InvalidIdentifier, ProviderTerminalId, Reference, TerminalName, TillId};
use crate::domain::money::{AMOUNT_MAX, Amount};
use crate::domain::operation::Operation;

/// Stands for a till or terminal that nobody can name any more.
const UNNAMED: &str = "unknown";

impl Orphan {
    /// The orphan as an operation of its own, approved and late.
    ///
    /// # Errors
    /// [`InvalidIdentifier`] when its terminal has a name that none can have.
    pub fn as_operation(&self) -> Result<Operation, InvalidIdentifier> {
        let money = self.money;
        let (till, reference) = self.name()?;
        let (terminal, provider_terminal) = self.taken_on()?;
        let (asked_at, horizon) = (whole_milliseconds(self.asked_at), whole_milliseconds(self.horizon));
        let order = Order {
            reference: self.trace.reference,
            money,
            terminal: provider_terminal,
            may_grow: self.trace.payment.added > 0,
        };
        Ok(Operation {
            id: self.operation,
            kind: Kind::Sale,
            till,
            reference,
            money,
            terminal,
            store: self.store.clone(),
            provider: self.provider,
            original: None,
            attempt: Attempt {
                phase: Phase::Approved { approval: self.approval(money.amount), late: true, resolution: None },
                ..Attempt::first(self.operation, Kind::Sale, order, asked_at, horizon)
            },
            refunded: self.given_back(),
            simulated: self.simulated,
            told_at: None,
            acknowledged_at: None,
            created_at: asked_at,
            updated_at: whole_milliseconds(self.now),
        })
    }

    /// What a person must see of it.
    #[must_use]
    pub fn alarm(&self) -> Alarm {
        let payment = &self.trace.payment;
        Alarm {
            kind: AlarmKind::Orphan,
            text: format!(
                "the provider holds a payment that the journal had lost: {} of {} {} minor units, for {}{}; find out \
                 whether the goods were given, and refund it if they were not",
                payment.transaction,
                payment.terms.amount,
                payment.terms.currency,
                self.trace.till_reference.as_deref().unwrap_or("a till that it does not name"),
                match self.given_back() {
                    0 => String::new(),
                    minor =>
                        format!(", of which {minor} were given back already, perhaps by a refund that was lost with it"),
                },
            ),
        }
    }

    fn name(&self) -> Result<(TillId, Reference), InvalidIdentifier> {
        match &self.till_reference {
            Some(known) => Ok(known.clone()),
            None => Ok((TillId::new(UNNAMED)?, Reference::new(self.trace.reference.to_string())?)),
        }
    }

    fn taken_on(&self) -> Result<(TerminalName, ProviderTerminalId), InvalidIdentifier> {
        if let Some(terminal) = &self.terminal {
            return Ok((terminal.name.clone(), terminal.terminal_id.clone()));
        }
        let named = self.trace.payment.terms.terminal.as_deref().unwrap_or(UNNAMED);
        Ok((TerminalName::new(UNNAMED)?, ProviderTerminalId::new(named)?))
    }

    fn approval(&self, amount: Amount) -> Approval {
        let payment = &self.trace.payment;
        Approval {
            transaction: Some(payment.transaction.clone()),
            // What cannot be added was refused before.
            amount: amount.plus(payment.added).unwrap_or(amount),
            captured: payment.state == PaymentState::Approved { captured: true },
            card: payment.card.clone(),
            receipt: payment.receipt.clone(),
            several: false,
        }
    }

    /// What was given back of it already: elsewhere, and by refunds of ours that are as lost as the sale was.
    fn given_back(&self) -> i64 {
        let others = self.trace.refunded.elsewhere(0);
        let ours = self.trace.refunds.iter().map(|(_, finding)| match finding {
            Finding::Approved(approval) => approval.amount.minor(),
            _ => 0,
        });
        let given_back = match self.trace.refunded {
            Refunded::Elsewhere(_) => ours.fold(others, i64::saturating_add),
            Refunded::InAll(_) | Refunded::InAllAndAtMachines { .. } => others,
        };
        given_back.min(AMOUNT_MAX)
    }
}
