//! What a provider's record says of an attempt, and what may be concluded from it.
//!
//! Everything a provider tells of a payment, however it was learnt (poll, callback, cancel, restart, sweep), is first
//! written down as a [`Sighting`] and then judged here: one way in for every fact.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::attempt::Reason;
use super::card::{Card, Receipt};
use super::identifiers::{AttemptReference, Handle, ProviderTerminalId, TransactionId};
use super::money::{Amount, Currency, Money};

/// What was asked of the provider, for comparison with what it says it did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Order {
    /// The reference that was sent along.
    pub reference: AttemptReference,
    /// How much of what.
    pub money: Money,
    /// On which terminal.
    pub terminal: ProviderTerminalId,
    /// The customer may add to it at the terminal: a tip, cash back.
    pub may_grow: bool,
}

/// What the provider's record held of one sale attempt at one reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// The provider's session, when it is known to exist.
    pub session: Option<SessionRecord>,
    /// Every payment that carries the attempt's reference.
    pub payments: Vec<PaymentRecord>,
}

/// A provider's session: the request to pay that the terminal shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRecord {
    /// What the provider calls it.
    pub handle: Handle,
    /// What it was asked to take.
    pub terms: Terms,
    /// How it ended, if it did.
    pub state: SessionState,
}

/// How a session without a payment stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionState {
    /// It can still be paid.
    Waiting,
    /// A card was presented, or more: the customer is not to be cut off.
    Started,
    /// Cancelled, by whomever, so that no payment can come of it any more.
    Cancelled,
    /// Refused, so that no payment can come of it any more.
    Declined(Reason),
    /// Over, and the provider does not tell how.
    Lapsed,
}

/// A payment in the provider's books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRecord {
    /// What the provider calls it.
    pub transaction: TransactionId,
    /// The session that it came of, when the provider tells.
    pub session: Option<Handle>,
    /// What was taken, of whom, where.
    pub terms: Terms,
    /// Minor units that the customer added at the terminal: a tip, cash back.
    pub added: i64,
    /// What became of it.
    pub state: PaymentState,
    /// The card, as far as the provider tells.
    pub card: Option<Card>,
    /// The texts to print.
    pub receipt: Option<Receipt>,
    /// When the provider made it.
    pub created_at: Option<Timestamp>,
}

/// The four things that must agree between what was asked and what the provider recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The reference as the provider holds it; anything that is not ours is kept as text.
    pub reference: String,
    /// Minor units, exactly as the provider says; it need not even be a valid amount.
    pub amount: i64,
    /// The currency code, exactly as the provider says.
    pub currency: String,
    /// The terminal, where the provider tells it.
    pub terminal: Option<String>,
}

/// What became of a payment, in words that every provider shares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentState {
    /// Begun, and nothing was taken yet.
    Undecided,
    /// Perhaps taken: the provider does not know itself, contradicts itself, or says a word that this program does not know.
    Unclear,
    /// Taken, or reserved so that it will be.
    Approved {
        /// Money is taken, not only reserved.
        captured: bool,
    },
    /// Refused by the card's bank, the customer or the terminal.
    Declined(Reason),
    /// Reserved and let go again.
    Voided,
}

/// What one reading of the provider's record means for one attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum Finding {
    /// The record shows nothing of the attempt. That proves nothing by itself: it may still arrive.
    Nothing,
    /// The attempt is there and not decided.
    Undecided {
        /// What the provider calls it, when that was learnt.
        handle: Option<Handle>,
        /// A payment exists: a card was presented, the customer is not to be cut off.
        started: bool,
    },
    /// The attempt ended at the provider, which does not tell what became of it (Dojo's expired session).
    Lapsed {
        /// What the provider calls it.
        handle: Handle,
    },
    /// Money was taken.
    Approved(Approval),
    /// Proven: nothing was taken, the provider or the customer said no.
    Declined(Reason),
    /// Proven: nothing was taken, the attempt was stopped.
    Cancelled,
    /// An approval was taken back by the provider (Dintero calls this a correction).
    Corrected(Reason),
    /// The record contradicts what was asked: no result may be taken from it.
    Contradiction {
        /// How.
        what: Contradiction,
        /// What the provider calls the attempt, so that the wrong prompt can be taken off the terminal.
        handle: Option<Handle>,
    },
}

impl Finding {
    /// Money is set aside and not taken yet: a cancel may still let it go.
    #[must_use]
    pub const fn is_uncaptured(&self) -> bool {
        matches!(self, Self::Approved(Approval { captured: false, .. }))
    }
}

/// Proof that money moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// The payment in the provider's books.
    pub transaction: Option<TransactionId>,
    /// How much, in minor units of the operation's currency.
    pub amount: Amount,
    /// Money is taken, not only reserved.
    pub captured: bool,
    /// The card, as far as the provider tells.
    pub card: Option<Card>,
    /// The texts to print.
    pub receipt: Option<Receipt>,
    /// More than one payment was found for the one attempt: a person must look.
    #[serde(default)]
    pub several: bool,
}

/// How a provider's record differs from what was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "differs", rename_all = "snake_case")]
pub enum Contradiction {
    /// Another amount.
    #[error("the provider's record says {found} minor units, {asked} were asked")]
    Amount {
        /// What was asked.
        asked: i64,
        /// What the record says.
        found: i64,
    },
    /// Another currency.
    #[error("the provider's record says {found}, {asked} was asked")]
    Currency {
        /// What was asked.
        asked: Currency,
        /// What the record says.
        found: String,
    },
    /// Another terminal.
    #[error("the provider's record names terminal {found}, {asked} was asked")]
    Terminal {
        /// What was asked.
        asked: ProviderTerminalId,
        /// What the record says.
        found: String,
    },
    /// Another reference.
    #[error("the provider's record carries the reference {found:?}, {asked} was sent")]
    Reference {
        /// What was sent.
        asked: AttemptReference,
        /// What the record says.
        found: String,
    },
}

/// What a sighting means for the attempt that made this order.
///
/// A payment decides over its session; an approved payment decides over every other one. A session without a payment
/// proves "not paid" only when it is cancelled or refused.
#[must_use]
pub fn judge(order: &Order, sighting: &Sighting) -> Finding {
    let contradiction = sighting
        .payments
        .iter()
        .map(|payment| (&payment.terms, payment.added))
        .chain(sighting.session.iter().map(|session| (&session.terms, 0)))
        .find_map(|(terms, added)| compare(order, terms).and_then(|()| compare_added(order, added)).err());
    if let Some(what) = contradiction {
        return Finding::Contradiction {
            what,
            handle: sighting.session.as_ref().map(|session| session.handle.clone()),
        };
    }
    match deciding_payment(&sighting.payments) {
        Some(payment) => judge_payment(order, payment, sighting.payments.len() > 1),
        None => judge_session(sighting.session.as_ref()),
    }
}

/// Compares what was asked with what the provider recorded.
///
/// # Errors
/// The first [`Contradiction`] found.
pub fn compare(order: &Order, terms: &Terms) -> Result<(), Contradiction> {
    if AttemptReference::parse(&terms.reference) != Some(order.reference) {
        return Err(Contradiction::Reference { asked: order.reference, found: terms.reference.clone() });
    }
    if terms.amount != order.money.amount.minor() {
        return Err(Contradiction::Amount { asked: order.money.amount.minor(), found: terms.amount });
    }
    if terms.currency != order.money.currency.code() {
        return Err(Contradiction::Currency { asked: order.money.currency, found: terms.currency.clone() });
    }
    match &terms.terminal {
        Some(found) if found != order.terminal.as_str() => {
            Err(Contradiction::Terminal { asked: order.terminal.clone(), found: found.clone() })
        }
        _ => Ok(()),
    }
}

/// Whether the customer may have added so much.
fn compare_added(order: &Order, added: i64) -> Result<(), Contradiction> {
    let asked = order.money.amount.minor();
    match added {
        0 => Ok(()),
        1.. if order.may_grow && order.money.amount.plus(added).is_some() => Ok(()),
        _ => Err(Contradiction::Amount { asked, found: asked.saturating_add(added) }),
    }
}

/// An approved payment first, a captured one before all, next one that may be or may yet become so, any other last.
fn deciding_payment(payments: &[PaymentRecord]) -> Option<&PaymentRecord> {
    payments.iter().min_by_key(|payment| match payment.state {
        PaymentState::Approved { captured: true } => 0,
        PaymentState::Approved { captured: false } => 1,
        PaymentState::Unclear => 2,
        PaymentState::Undecided => 3,
        PaymentState::Declined(_) | PaymentState::Voided => 4,
    })
}

fn judge_payment(order: &Order, payment: &PaymentRecord, several: bool) -> Finding {
    match &payment.state {
        PaymentState::Undecided | PaymentState::Unclear => {
            Finding::Undecided { handle: payment.session.clone(), started: true }
        }
        PaymentState::Declined(reason) => Finding::Declined(reason.clone()),
        PaymentState::Voided => Finding::Cancelled,
        PaymentState::Approved { captured } => Finding::Approved(Approval {
            transaction: Some(payment.transaction.clone()),
            // What cannot be added was refused by the comparison.
            amount: order.money.amount.plus(payment.added).unwrap_or(order.money.amount),
            captured: *captured,
            card: payment.card.clone(),
            receipt: payment.receipt.clone(),
            several,
        }),
    }
}

fn judge_session(session: Option<&SessionRecord>) -> Finding {
    let Some(SessionRecord { handle, state, .. }) = session else { return Finding::Nothing };
    let handle = || handle.clone();
    match state {
        SessionState::Waiting => Finding::Undecided { handle: Some(handle()), started: false },
        SessionState::Started => Finding::Undecided { handle: Some(handle()), started: true },
        SessionState::Cancelled => Finding::Cancelled,
        SessionState::Declined(reason) => Finding::Declined(reason.clone()),
        SessionState::Lapsed => Finding::Lapsed { handle: handle() },
    }
}
