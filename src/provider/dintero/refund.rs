//! Refunds: what is asked of Dintero, and what a payment's events tell of them.

use super::settings::Settings;
use super::transaction;
use super::wire::{RefundRequest, Transaction, TransactionEvent};
use crate::domain::attempt::{Attempt, Reason};
use crate::domain::card::Receipt;
use crate::domain::evidence::{Approval, Contradiction, Finding, Order};
use crate::domain::identifiers::{AttemptReference, Handle, TransactionId};
use crate::domain::money::Amount;
use crate::domain::refund::RefundRoute;
use crate::ports::RefundOrder;
use crate::provider::client::Reply;

/// What starts a refund.
pub(super) fn request<'a>(settings: &Settings, refund: &RefundOrder<'a>) -> RefundRequest<'a> {
    let order = &refund.attempt.order;
    RefundRequest {
        amount: order.money.amount.minor(),
        refund_reference: order.reference.to_string(),
        reason: refund.details.reason.as_deref().filter(|text| !text.is_empty()),
        items: refund.details.items.iter().map(Into::into).collect(),
        terminal_id: (settings.refund == RefundRoute::Terminal).then_some(order.terminal.as_str()),
    }
}

/// The refund that was accepted. A 202 is done later and may come with a number; else it is known by our reference.
pub(super) fn accepted(reply: &Reply, refund: &RefundOrder<'_>) -> Option<Handle> {
    let is_ours = || {
        let found = serde_json::from_slice::<Transaction>(&reply.body).ok();
        found.zip(refund.transaction).is_some_and(|(found, transaction)| found.id == transaction.as_str())
    };
    if reply.status != 202 && !is_ours() {
        return None;
    }
    let number = reply.event_request_id.clone().and_then(|number| Handle::new(number).ok());
    number.or_else(|| Handle::new(refund.attempt.order.reference.to_string()).ok())
}

/// What a payment's events mean for a refund attempt.
pub(super) fn finding(attempt: &Attempt, transaction: &Transaction) -> Finding {
    let order = &attempt.order;
    match outcome(transaction, &events_of(transaction, order.reference, attempt.phase.handle())) {
        Outcome::Nothing => Finding::Nothing,
        Outcome::Pending => Finding::Undecided { handle: attempt.phase.handle().cloned(), started: true },
        Outcome::Failed(reason) => Finding::Declined(reason),
        Outcome::TakenBack(reason) => Finding::Corrected(reason),
        Outcome::Done(done) => match differs(order, transaction, done.amount) {
            Some(what) => Finding::Contradiction { what, handle: None },
            None => Finding::Approved(done.approval(transaction)),
        },
    }
}

/// What became of every refund of a payment that carries one of our references.
pub(super) fn all_of_ours(transaction: &Transaction) -> Vec<(AttemptReference, Finding)> {
    let finding = |reference| match outcome(transaction, &events_of(transaction, reference, None)) {
        Outcome::Nothing => Finding::Nothing,
        Outcome::Pending => Finding::Undecided { handle: None, started: true },
        Outcome::Failed(reason) => Finding::Declined(reason),
        Outcome::TakenBack(reason) => Finding::Corrected(reason),
        Outcome::Done(done) => Finding::Approved(done.approval(transaction)),
    };
    references(transaction).into_iter().map(|reference| (reference, finding(reference))).collect()
}

/// Our references of a payment's refunds, whatever became of them.
fn references(transaction: &Transaction) -> Vec<AttemptReference> {
    let mut references: Vec<AttemptReference> = transaction.events.iter().filter_map(reference).collect();
    references.sort_unstable();
    references.dedup();
    references
}

/// Minor units that somebody else gave back.
pub(super) fn elsewhere(transaction: &Transaction) -> i64 {
    let ours: Vec<&TransactionEvent> = transaction
        .events
        .iter()
        .filter_map(reference)
        .flat_map(|reference| events_of(transaction, reference, None))
        .collect();
    transaction::sum(transaction, "REFUND", |event| !ours.iter().any(|our| std::ptr::eq(*our, event)))
}

enum Outcome {
    Nothing,
    Pending,
    Done(Done),
    Failed(Reason),
    TakenBack(Reason),
}

/// A refund that was made.
struct Done {
    amount: Amount,
    receipt: Option<Receipt>,
    several: bool,
}

impl Done {
    fn approval(self, transaction: &Transaction) -> Approval {
        Approval {
            transaction: TransactionId::new(transaction.id.clone()).ok(),
            amount: self.amount,
            captured: true,
            card: transaction::card(transaction),
            receipt: self.receipt,
            several: self.several,
        }
    }
}

/// One that was made decides over one that failed, and both over one that was only started.
fn outcome(transaction: &Transaction, events: &[&TransactionEvent]) -> Outcome {
    let refunds = || events.iter().filter(|event| event.event == "REFUND");
    let mut made = refunds().filter(|event| {
        transaction::holds(transaction, event) == Some(true) && !transaction::is_replaced(transaction, event)
    });
    if let Some(event) = made.next() {
        // Without an amount that was really given back there is nothing to compare with what was asked.
        let amount = event.amount.and_then(|minor| Amount::new(minor).ok());
        return amount.map_or(Outcome::Pending, |amount| {
            Outcome::Done(Done { amount, receipt: transaction::receipt(event), several: made.next().is_some() })
        });
    }
    if refunds().any(|event| transaction::holds(transaction, event).is_none()) {
        return Outcome::Pending;
    }
    if let Some(event) = refunds().find(|event| event.success == Some(true)) {
        return Outcome::TakenBack(reason(event, "the refund was taken back"));
    }
    match events.iter().find(|event| event.success == Some(false)) {
        Some(event) => Outcome::Failed(reason(event, "the refund failed")),
        None if events.is_empty() => Outcome::Nothing,
        None => Outcome::Pending,
    }
}

fn differs(order: &Order, transaction: &Transaction, given_back: Amount) -> Option<Contradiction> {
    if given_back != order.money.amount {
        let (asked, found) = (order.money.amount.minor(), given_back.minor());
        return Some(Contradiction::Amount { asked, found });
    }
    (transaction.currency != order.money.currency.code())
        .then(|| Contradiction::Currency { asked: order.money.currency, found: transaction.currency.clone() })
}

/// The events of one refund: those that carry its reference or follow on one that does, and what corrected them.
fn events_of<'a>(
    transaction: &'a Transaction,
    ours: AttemptReference,
    handle: Option<&Handle>,
) -> Vec<&'a TransactionEvent> {
    let carries = |event: &TransactionEvent| reference(event) == Some(ours);
    let requests: Vec<&str> = transaction
        .events
        .iter()
        .filter(|event| carries(event))
        .filter_map(|event| event.request_id.as_deref())
        .chain(handle.map(Handle::as_str))
        .collect();
    let follows = |id: &Option<String>| id.as_deref().is_some_and(|id| requests.contains(&id));
    let found = transaction
        .events
        .iter()
        .filter(|event| is_refund(event))
        .filter(|event| carries(event) || follows(&event.correlation_request_id) || follows(&event.request_id));
    let mut events: Vec<&TransactionEvent> = Vec::new();
    for event in found.flat_map(|event| transaction::added_by_correction(transaction, event).chain([event])) {
        if !events.iter().any(|known| std::ptr::eq(*known, event)) {
            events.push(event);
        }
    }
    events
}

fn is_refund(event: &TransactionEvent) -> bool {
    matches!(event.event.as_str(), "REFUND" | "INITIATE_REFUND")
}

/// Which of our attempts a refund event carries.
fn reference(event: &TransactionEvent) -> Option<AttemptReference> {
    event.event_reference.as_deref().filter(|_| is_refund(event)).and_then(AttemptReference::parse)
}

fn reason(event: &TransactionEvent, text: &str) -> Reason {
    let corrected_to = event.correction.as_ref().map(|correction| correction.status.to_lowercase());
    transaction::failure(event).unwrap_or_else(|| Reason::new(corrected_to.as_deref().unwrap_or("refund_failed"), text))
}

#[cfg(test)]
mod tests;
