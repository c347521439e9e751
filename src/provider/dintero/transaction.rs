//! Transactions: payments in Dintero's books, and what they prove.

use std::collections::{BTreeSet, HashSet};

use jiff::Timestamp;

use super::wire::{Transaction, TransactionEvent};
use crate::domain::attempt::Reason;
use crate::domain::card::{Card, Receipt, without_card_numbers};
use crate::domain::evidence::{PaymentRecord, PaymentState, Terms};
use crate::domain::identifiers::{Handle, TransactionId};

/// Beyond so many sums that may have been given back, nobody can tell by what is left which refunds were made: they double with
/// each refund of another amount.
const MOST_SUMS: usize = 1_024;

/// A transaction as evidence; `None` when Dintero gave it a name that none can be.
pub(super) fn record(transaction: &Transaction) -> Option<PaymentRecord> {
    Some(PaymentRecord {
        transaction: TransactionId::new(transaction.id.clone()).ok()?,
        session: transaction.session_id.clone().and_then(|id| Handle::new(id).ok()),
        terms: Terms {
            reference: transaction.merchant_reference.clone(),
            amount: transaction.amount,
            currency: transaction.currency.clone(),
            terminal: transaction.store.as_ref().and_then(|store| store.terminal_id.clone()),
        },
        added: 0,
        state: state(transaction),
        card: card(transaction),
        receipt: transaction.events.iter().rev().filter(|event| !gives_back(event)).find_map(receipt),
        created_at: transaction.created_at.as_ref().and_then(|text| text.parse::<Timestamp>().ok()),
    })
}

/// What became of a payment. Words that are not known here, and `UNKNOWN`, are never a "not paid".
pub(super) fn state(transaction: &Transaction) -> PaymentState {
    match status(transaction) {
        "AUTHORIZED" if is_being_voided(transaction) => PaymentState::Unclear,
        // The rest is not taken yet, and may never be.
        "AUTHORIZED" | "PARTIALLY_CAPTURED" => PaymentState::Approved { captured: false },
        "CAPTURED" | "PARTIALLY_CAPTURED_REFUNDED" | "PARTIALLY_REFUNDED" | "REFUNDED" => {
            PaymentState::Approved { captured: true }
        }
        "DECLINED" | "FAILED" if was_authorized(transaction) => PaymentState::Unclear,
        "DECLINED" | "FAILED" => PaymentState::Declined(decline_reason(transaction)),
        "AUTHORIZATION_VOIDED" => PaymentState::Voided,
        "INITIATED" => PaymentState::Undecided,
        _ => PaymentState::Unclear,
    }
}

/// A cancel of an authorization is done later where it was answered with 202: the status stays as it was until then.
fn is_being_voided(transaction: &Transaction) -> bool {
    let last = transaction.events.iter().rfind(|event| matches!(event.event.as_str(), "INITIATE_VOID" | "VOID"));
    last.is_some_and(|event| event.event == "INITIATE_VOID" && event.success != Some(false))
}

/// The events say that the money was reserved or taken, whatever the status does: a capture that failed is tried again for
/// 48 hours.
fn was_authorized(transaction: &Transaction) -> bool {
    transaction.events.iter().rev().find_map(holds_money).unwrap_or(false)
}

/// Whether an event reserves or takes the money, or lets it go; `None` where it says nothing of that. One that was corrected
/// is told by its correction alone.
fn holds_money(event: &TransactionEvent) -> Option<bool> {
    match (event.event.as_str(), &event.correction) {
        ("AUTHORIZE" | "CAPTURE" | "VOID", Some(correction)) => match correction.status.as_str() {
            "DECLINED" | "FAILED" | "AUTHORIZATION_VOIDED" => Some(false),
            "AUTHORIZED" => Some(true),
            status => (status.contains("CAPTURED") || status.contains("REFUNDED")).then_some(true),
        },
        ("AUTHORIZE" | "CAPTURE", None) if event.success == Some(true) => Some(true),
        ("VOID", None) if event.success == Some(true) => Some(false),
        _ => None,
    }
}

/// The provider took back what it had approved.
pub(super) fn is_taken_back(transaction: &Transaction) -> bool {
    matches!(state(transaction), PaymentState::Declined(_))
        && transaction.events.iter().any(|event| event.success == Some(true) && event.correction.is_some())
}

/// The status, unless the last thing that happened was corrected: then what it was corrected to.
fn status(transaction: &Transaction) -> &str {
    let correction = transaction.events.last().and_then(|event| event.correction.as_ref());
    correction.map_or(transaction.status.as_str(), |correction| &correction.status)
}

/// What was captured and given back: the sums of the events that hold. `None` when one of them tells no amount.
pub(super) fn sums(transaction: &Transaction) -> Option<Sums> {
    let tells_all = |kind| counted(transaction, kind).iter().all(|event| event.amount.is_some());
    ["CAPTURE", "REFUND"].into_iter().all(tells_all).then(|| Sums {
        captured: sum(transaction, "CAPTURE", |_| true),
        refunded: sum(transaction, "REFUND", |_| true),
    })
}

/// What was taken and given back, in minor units.
pub(super) struct Sums {
    pub(super) captured: i64,
    pub(super) refunded: i64,
}

/// The sum of those events of a kind that hold.
pub(super) fn sum(transaction: &Transaction, kind: &str, of: impl Fn(&TransactionEvent) -> bool) -> i64 {
    let amounts = counted(transaction, kind).into_iter().filter(|event| of(event)).filter_map(|event| event.amount);
    amounts.fold(0, i64::saturating_add)
}

/// The events of a kind that hold. A refund of which nobody can tell whether it was made is one of them: nothing is to be given
/// back twice.
fn counted<'a>(transaction: &'a Transaction, kind: &str) -> Vec<&'a TransactionEvent> {
    let may_hold = told(transaction, kind).into_iter().filter(|(_, made)| *made != Some(false));
    may_hold.map(|(event, _)| event).filter(|event| !is_replaced(transaction, event)).collect()
}

/// Whether a correction put other events in its place, which then count instead.
pub(super) fn is_replaced(transaction: &Transaction, event: &TransactionEvent) -> bool {
    added_by_correction(transaction, event).next().is_some()
}

/// Whether an event really happened: a correction says more than its success. The events that a correction added
/// tell it best; where there are none, the status that it led to does. `None` when nobody can tell.
pub(super) fn holds(transaction: &Transaction, event: &TransactionEvent) -> Option<bool> {
    let told = told(transaction, &event.event);
    told.into_iter().find(|(other, _)| std::ptr::eq(*other, event)).and_then(|(_, made)| made)
}

/// The events of a kind, and whether each really happened.
fn told<'a>(transaction: &'a Transaction, kind: &str) -> Vec<(&'a TransactionEvent, Option<bool>)> {
    let events: Vec<&TransactionEvent> = transaction.events.iter().filter(|event| event.event == kind).collect();
    if kind == "REFUND" {
        return told_by_what_is_left(transaction, events);
    }
    events.into_iter().map(|event| (event, Some(says_that_it_holds(transaction, event)))).collect()
}

fn says_that_it_holds(transaction: &Transaction, event: &TransactionEvent) -> bool {
    let Some(correction) = &event.correction else { return event.success == Some(true) };
    let mut added = added_by_correction(transaction, event).peekable();
    if added.peek().is_some() {
        return added.any(|other| other.success == Some(true) && other.event == event.event);
    }
    match event.event.as_str() {
        "CAPTURE" => correction.status.contains("CAPTURED") || correction.status.contains("REFUNDED"),
        "REFUND" => correction.status.contains("REFUNDED"),
        _ => event.success == Some(true),
    }
}

/// Of several refunds the status alone does not tell which was made: what is left to refund behind a correction then does,
/// where Dintero says it, and where it can have come about in one way alone. When it was corrected is not told: the refunds
/// before it are in what is left, those behind it perhaps.
fn told_by_what_is_left<'a>(
    transaction: &Transaction,
    refunds: Vec<&'a TransactionEvent>,
) -> Vec<(&'a TransactionEvent, Option<bool>)> {
    let substitutes: HashSet<&str> = transaction
        .events
        .iter()
        .filter_map(|event| event.correction.as_ref())
        .flat_map(|correction| correction.event_ids.iter().map(String::as_str))
        .collect();
    // One that was replaced stands for its substitute, wherever that is.
    let is_substitute = |other: &TransactionEvent| other.id.as_deref().is_some_and(|id| substitutes.contains(id));
    let is_plain =
        |event: &&&TransactionEvent| event.correction.is_none() && event.success == Some(true) && !is_substitute(event);
    let captured = sum(transaction, "CAPTURE", |_| true);
    let mut behind: Vec<&TransactionEvent> = refunds.iter().filter(is_plain).copied().collect();
    let mut before = BTreeSet::from([0]);
    let mut told = Vec::with_capacity(refunds.len());
    for event in refunds {
        behind.retain(|other| !std::ptr::eq(*other, event));
        let says_it = says_that_it_holds(transaction, event);
        let left = event.correction.as_ref().and_then(|correction| correction.remaining_refund_amount);
        let made = match left.filter(|_| says_it && !is_replaced(transaction, event)) {
            Some(left) => explains(captured.saturating_sub(left), event, &before, &behind),
            None => Some(says_it),
        };
        let with_it = sums_with(&before, event);
        match if is_substitute(event) { Some(false) } else { made } {
            Some(true) => before = with_it,
            Some(false) => {}
            None if event.amount.is_some() => before.extend(with_it),
            // Nothing can be explained behind a sum that is not told.
            None => before.clear(),
        }
        if before.len() > MOST_SUMS {
            before.clear();
        }
        told.push((event, made));
    }
    told
}

/// Whether what was given back by then holds this refund; `None` when it can be so with and without it, or neither way, or in
/// too many.
fn explains(
    given_back: i64,
    event: &TransactionEvent,
    before: &BTreeSet<i64>,
    behind: &[&TransactionEvent],
) -> Option<bool> {
    if behind.iter().any(|other| other.amount.is_none()) {
        return None;
    }
    let mut possible = before.clone();
    for other in behind {
        let with_it = sums_with(&possible, other);
        possible.extend(with_it);
        if possible.len() > MOST_SUMS {
            return None;
        }
    }
    match (sums_with(&possible, event).contains(&given_back), possible.contains(&given_back)) {
        (true, false) => Some(true),
        (false, true) => Some(false),
        _ => None,
    }
}

fn sums_with(sums: &BTreeSet<i64>, event: &TransactionEvent) -> BTreeSet<i64> {
    event.amount.iter().flat_map(|amount| sums.iter().map(|sum| sum.saturating_add(*amount))).collect()
}

pub(super) fn added_by_correction<'a>(
    transaction: &'a Transaction,
    event: &'a TransactionEvent,
) -> impl Iterator<Item = &'a TransactionEvent> {
    let added = event.correction.iter().flat_map(|correction| &correction.event_ids);
    added.filter_map(|id| transaction.events.iter().find(|other| other.id.as_ref() == Some(id)))
}

/// The card, as far as Dintero tells.
pub(super) fn card(transaction: &Transaction) -> Option<Card> {
    let clean = |text: &Option<String>| text.as_deref().map(without_card_numbers);
    transaction.card.as_ref().map(|card| Card {
        brand: clean(&card.brand),
        masked_pan: clean(&card.masked_pan),
        entry_method: clean(&card.entry_method),
    })
}

/// The receipts that the terminal made of an event.
pub(super) fn receipt(event: &TransactionEvent) -> Option<Receipt> {
    let text = |first: &str, second: &str| {
        let parts: Vec<&str> = [first, second].into_iter().filter_map(|name| word(event, name)).collect();
        (!parts.is_empty()).then(|| without_card_numbers(&parts.join("\n")))
    };
    let customer = text("seitatech:customerReceipt", "seitatech:customerReceiptPart2");
    let merchant = text("seitatech:merchantReceipt", "seitatech:merchantReceiptPart2");
    (customer.is_some() || merchant.is_some()).then_some(Receipt { customer, merchant })
}

fn gives_back(event: &TransactionEvent) -> bool {
    matches!(event.event.as_str(), "REFUND" | "INITIATE_REFUND" | "VOID" | "INITIATE_VOID")
}

/// The last event that tells why; the status itself when none does.
fn decline_reason(transaction: &Transaction) -> Reason {
    let status = status(transaction);
    transaction
        .events
        .iter()
        .rev()
        .find_map(failure)
        .unwrap_or_else(|| Reason::new(status.to_lowercase(), format!("Dintero's status is {status}")))
}

/// Why an event failed, where it tells.
pub(super) fn failure(event: &TransactionEvent) -> Option<Reason> {
    let error = event.error.as_ref();
    let of_failure = |name| word(event, name).filter(|_| event.success == Some(false));
    let response_code = of_failure("seitatech:responseCode");
    let outcome = of_failure("seitatech:outcome");
    let detail = of_failure("seitatech:outcomeReason").or(outcome);
    let code = error
        .and_then(|error| error.code.as_deref().or(error.kinds.first().map(String::as_str)))
        .or(response_code)
        .or(outcome)
        .or(detail)
        .or(error.map(|_| "declined"))?;
    let message = error.and_then(|error| error.message.as_deref()).filter(|text| !text.is_empty());
    let text = match (message, detail.filter(|detail| Some(*detail) != message)) {
        (Some(message), Some(detail)) => format!("{message}: {detail}"),
        (message, detail) => message.or(detail).unwrap_or(code).to_owned(),
    };
    // The terminal's own code is what the bank asks for on the phone.
    Some(match response_code.filter(|number| *number != text) {
        Some(number) => Reason::new(code, format!("{text} ({number})")),
        None => Reason::new(code, text),
    })
}

fn word<'a>(event: &'a TransactionEvent, name: &str) -> Option<&'a str> {
    event.metadata.get(name).and_then(|value| value.as_str()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests;
