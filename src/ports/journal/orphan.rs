//! A payment that the journal had lost, the operation that it was, and what came of finding it.

use jiff::{SignedDuration, Timestamp};

use super::{Recorded, whole_milliseconds};
use crate::domain::attempt::{Alarm, AlarmKind, Attempt, Kind, Phase};
use crate::domain::directory::Terminal;
use crate::domain::evidence::{Approval, Finding, Order, PaymentState};
use crate::domain::identifiers::{
    AttemptReference, InvalidIdentifier, OperationId, ProviderTerminalId, Reference, StoreId, TerminalName, TillId,
};
use crate::domain::money::{AMOUNT_MAX, Amount, Money};
use crate::domain::operation::{Operation, ProviderName};
use crate::ports::{Refunded, Trace};

/// Stands for a till or terminal that nobody can name any more.
const UNNAMED: &str = "unknown";

/// A payment of ours that the journal does not hold (a restored backup, a lost disk).
#[derive(Debug, Clone)]
pub struct Orphan {
    /// The id that its operation gets, where it becomes one.
    pub operation: OperationId,
    /// The payment as the provider holds it.
    pub trace: Trace,
    /// Whose books it stands in.
    pub provider: ProviderName,
    /// The shop it was found in.
    pub store: StoreId,
    /// The terminal, where the provider's one is configured.
    pub terminal: Option<Terminal>,
    /// The till's usual terminal, where the bridge may have chosen the one it ran on (`terminal_pool`); `None`: the one that
    /// it ran on counts.
    pub asked_terminal: Option<TerminalName>,
    /// The till and the till's number, as far as they were readable.
    pub till_reference: Option<(TillId, Reference)>,
    /// How much of what.
    pub money: Money,
    /// No real money moves.
    pub simulated: bool,
    /// How long an operation of its till must have rested until its number may mean something new.
    pub reuse_after: Option<SignedDuration>,
    /// When it was asked for, on the provider's clock; now, where nobody tells.
    pub asked_at: Timestamp,
    /// From when on nothing could come of it any more, on the provider's clock.
    pub horizon: Timestamp,
    /// Now, by [`Clock::now`](crate::ports::Clock::now).
    pub now: Timestamp,
}

/// What came of taking a payment in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adopted {
    /// The operation that it became, or that it belongs to as a run; with the alarm that was raised.
    pub payment: Recorded,
    /// What the wish to stop made of every live run of another operation under the same number.
    pub stopped: Vec<Recorded>,
}

/// A payment of ours that neither the journal knows nor an operation can be made of.
#[derive(Debug, Clone)]
pub struct LostPayment {
    /// Which of our attempts it carries.
    pub reference: AttemptReference,
    /// The terminal it was taken on, where that is known; it takes nothing until somebody has acknowledged the alarm.
    pub terminal: Option<Terminal>,
    /// What to raise.
    pub alarm: Alarm,
    /// Now, by [`Clock::now`](crate::ports::Clock::now).
    pub now: Timestamp,
}

/// How the alarm on a payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlarmState {
    /// It was raised just now.
    Raised,
    /// It was raised before, and waits for somebody.
    Standing,
    /// Somebody has seen to it.
    Acknowledged,
}

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
