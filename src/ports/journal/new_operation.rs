//! What is to begin, as the operation that it becomes.

use super::{NewAttempt, NewRefund, NewSale, whole_milliseconds};
use crate::domain::attempt::{Attempt, Kind, Phase, Preparation};
use crate::domain::evidence::Order;
use crate::domain::identifiers::TransactionId;
use crate::domain::money::Money;
use crate::domain::operation::Operation;

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
