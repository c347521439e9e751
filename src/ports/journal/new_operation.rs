//! What is to begin, the operation that it becomes, and what came of it.

use jiff::Timestamp;

use super::whole_milliseconds;
use crate::domain::attempt::{Attempt, Kind, Phase, Preparation};
use crate::domain::directory::Terminal;
use crate::domain::evidence::Order;
use crate::domain::identifiers::{AttemptReference, OperationId, Reference, TerminalName, TillId, TransactionId};
use crate::domain::money::Money;
use crate::domain::operation::Operation;
use crate::domain::refund::{Allowance, NotRefundable, RefundRoute};
use crate::domain::repeat::{KnownBy, RepeatRules};
use crate::domain::request::Details;

/// What every new attempt carries.
#[derive(Debug, Clone)]
pub struct NewAttempt {
    /// The id of the operation, should it be a new one.
    pub operation: OperationId,
    /// The name of the attempt.
    pub reference: AttemptReference,
    /// The terminal that it runs on.
    pub terminal: Terminal,
    /// The one that the till asked for, or its usual one: what a request without a number is known by, wherever it runs.
    pub asked_terminal: TerminalName,
    /// When the provider stops accepting it, on the provider's clock.
    pub expires_at: Timestamp,
    /// From when on an empty record counts, on the provider's clock.
    pub horizon: Timestamp,
    /// The customer may add to the amount at the terminal.
    pub may_grow: bool,
    /// No real money moves.
    pub simulated: bool,
    /// What is kept with the operation.
    pub details: Details,
    /// Who asks.
    pub till: TillId,
    /// The till's own number, or the one that the bridge made for it.
    pub till_reference: Reference,
    /// By what it is known, should it have been asked for before.
    pub known_by: KnownBy,
    /// What a repeated request means to this till.
    pub rules: RepeatRules,
    /// Now, by [`Clock::now`](crate::ports::Clock::now).
    pub now: Timestamp,
}

/// A sale to begin.
#[derive(Debug, Clone)]
pub struct NewSale {
    /// What every new attempt carries.
    pub attempt: NewAttempt,
    /// How much of what.
    pub money: Money,
    /// Its provider prepares it by a call that moves no money: it begins as `Reserved`.
    pub is_prepared: bool,
}

/// A refund to begin.
#[derive(Debug, Clone)]
pub struct NewRefund {
    /// What every new attempt carries.
    pub attempt: NewAttempt,
    /// The sale; none where the money goes to whichever card is presented.
    pub original: Option<OperationId>,
    /// How much; all that is left of the sale when the till did not say.
    pub asked: Option<Money>,
    /// How much the asking till may give back.
    pub allowance: Allowance,
    /// How its provider gives money back.
    pub route: RefundRoute,
    /// Its provider tells the sum of a payment's refunds and not which they are: one can be told from another only while
    /// it is the only one under way.
    pub one_at_a_time: bool,
}

/// What came of a begin. Everything but `New` changed nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// On disk: the attempt is the caller's to drive.
    New(Operation),
    /// The same operation is under way.
    Joined(Operation),
    /// The same operation is over.
    Replayed(Operation),
    /// The reference is taken by something else.
    Conflict(Operation),
    /// This older sale of the till was superseded and paid all the same, and the till was not warned of it yet.
    OlderPaid(Operation),
    /// The terminal is held.
    Busy(Operation),
    /// The terminal takes nothing until somebody has acknowledged an alarm.
    Frozen(String),
    /// The refund may not be made.
    NotRefundable(NotRefundable),
}

impl NewSale {
    /// The operation with its new attempt: a new one, or the next run of an earlier one.
    #[must_use]
    pub fn operation(&self, earlier: Option<&Operation>) -> Operation {
        let phase = if self.is_prepared { Phase::Reserved } else { Phase::Sending };
        let operation = self.attempt.operation(Kind::Sale, self.money, earlier);
        Operation { attempt: Attempt { phase, ..operation.attempt }, ..operation }
    }
}

impl NewRefund {
    /// The operation with its new attempt: a new one, or the next run of an earlier one. It gives so much of a payment back.
    #[must_use]
    pub fn operation(&self, money: Money, payment: Option<TransactionId>, earlier: Option<&Operation>) -> Operation {
        let operation = self.attempt.operation(Kind::Refund, money, earlier);
        let card_present = self.route.begins_at_terminal();
        let attempt = Attempt { refund_of: payment, card_present, ..operation.attempt };
        Operation { original: self.original, attempt, ..operation }
    }
}

impl NewAttempt {
    /// The operation with this attempt, which is reserved.
    fn operation(&self, kind: Kind, money: Money, earlier: Option<&Operation>) -> Operation {
        let now = whole_milliseconds(self.now);
        let id = earlier.map_or(self.operation, |operation| operation.id);
        let order = Order {
            reference: self.reference,
            money,
            terminal: self.terminal.terminal_id.clone(),
            may_grow: self.may_grow,
        };
        Operation {
            id,
            kind,
            till: self.till.clone(),
            reference: earlier.map_or(&self.till_reference, |operation| &operation.reference).clone(),
            money,
            terminal: self.terminal.name.clone(),
            store: self.terminal.store.clone(),
            provider: self.terminal.provider,
            original: None,
            attempt: Attempt {
                number: earlier.map_or(1, |operation| operation.attempt.number + 1),
                preparation: earlier
                    .filter(|operation| operation.provider == self.terminal.provider)
                    .and_then(|operation| operation.attempt.preparation.as_ref().map(Preparation::for_the_next)),
                ..Attempt::first(id, kind, order, whole_milliseconds(self.expires_at), whole_milliseconds(self.horizon))
            },
            refunded: earlier.map_or(0, |operation| operation.refunded),
            simulated: self.simulated,
            told_at: None,
            acknowledged_at: None,
            created_at: earlier.map_or(now, |operation| operation.created_at),
            updated_at: now,
        }
    }
}
