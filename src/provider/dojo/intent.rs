//! Payment intents: requests for money, and what became of them. The intent decides, never the session.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::wire::{Intent, IntentRequest, ItemLine, Money, Session};
use super::{receipt, session};
use crate::domain::attempt::Preparation;
use crate::domain::evidence::{PaymentRecord, PaymentState, Terms};
use crate::domain::identifiers::{AttemptReference, Handle, TransactionId};
use crate::domain::money;
use crate::domain::request::Item;
use crate::ports::{ReadError, SaleOrder};
use crate::provider::record::unusable;

/// The longest name of an item that Dojo takes.
const ITEM_NAME_MAX: usize = 100;
/// Metadata: whose sale it is, for the sweep after a lost journal and for the people in the back office.
const TILL_REFERENCE: &str = "till_reference";
const OPERATION: &str = "operation_id";

/// What asks for a payment. It ends with the attempt's horizon: a session that reaches Dojo later than that takes nothing.
pub(super) fn request<'a>(order: &SaleOrder<'a>, operation: &'a str) -> IntentRequest<'a> {
    let attempt = order.attempt;
    let given = order.details.metadata.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let metadata: BTreeMap<&str, &str> =
        given.chain([(TILL_REFERENCE, order.till_reference), (OPERATION, operation)]).collect();
    let currency = attempt.order.money.currency.code();
    IntentRequest {
        amount: attempt.order.money.into(),
        reference: attempt.order.reference.to_string(),
        capture_mode: "Auto",
        expire_at: attempt.horizon.to_string(),
        description: order.details.description.as_deref(),
        metadata,
        item_lines: order.details.items.iter().map(|item| item_line(item, currency)).collect(),
    }
}

fn item_line<'a>(item: &'a Item, currency: &str) -> ItemLine<'a> {
    let name = item.description.as_deref().unwrap_or(&item.id);
    let end = name.char_indices().nth(ITEM_NAME_MAX).map_or(name.len(), |(position, _)| position);
    ItemLine {
        id: &item.line_id,
        name: &name[..end],
        amount_total: Money { value: item.amount, currency_code: currency.to_owned() },
    }
}

/// What a later reading is compared with; `None` when the intent carries no reference of ours.
pub(super) fn preparation(intent: &Intent) -> Option<Preparation> {
    Some(Preparation {
        payment: Handle::new(intent.id.clone()).ok()?,
        reference: intent.reference.as_deref().and_then(AttemptReference::parse)?,
        earlier_runs: runs(intent).filter_map(|run| Handle::new(run.id.clone()).ok()).collect(),
        refunded: intent.refunded_amount.unwrap_or(0),
        run: None,
    })
}

/// The sessions that the intent ever had.
pub(super) fn runs(intent: &Intent) -> impl DoubleEndedIterator<Item = &Session> {
    intent.terminal_session_history.iter().flatten().filter_map(|run| run.terminal_session.as_ref())
}

/// The intent asks for exactly this money, nothing was paid yet, and it can be paid until then.
pub(super) fn is_still_wanted(intent: &Intent, money: money::Money, until: Timestamp) -> bool {
    let lives = |text: &String| text.parse::<Timestamp>().is_ok_and(|end| end >= until);
    intent.status == "Created" && intent.amount == Some(money.into()) && intent.expire_at.as_ref().is_none_or(lives)
}

/// It was let go, so that nothing can be taken on it any more, and none of its sessions says otherwise.
pub(super) fn is_let_go(intent: &Intent) -> bool {
    intent.status == "Canceled" && !runs(intent).any(session::is_taken)
}

/// Money was taken on it, or perhaps.
pub(super) fn may_be_paid(intent: &Intent) -> bool {
    match intent.status.as_str() {
        "Created" | "Reversed" => false,
        "Canceled" => !is_let_go(intent),
        _ => true,
    }
}

/// The intent as a payment; `None` while nothing was paid.
///
/// # Errors
/// When it cannot be taken down whole: what is missing may be the payment.
pub(super) fn payment(intent: &Intent, run: Option<&Session>) -> Result<Option<PaymentRecord>, ReadError> {
    let state = match intent.status.as_str() {
        "Created" => return Ok(None),
        "Captured" | "Refunded" => PaymentState::Approved { captured: true },
        // The one says that it was let go, the other that it goes on or was taken: a later reading tells.
        "Canceled" if run.is_some_and(|run| session::is_taken(run) || !session::is_over(run)) => PaymentState::Unclear,
        // What was taken before is given back, and the machine asks for the card once more.
        "Reversed" if run.is_some_and(session::is_waiting) => PaymentState::Unclear,
        "Reversed" if run.is_some_and(session::was_rejected) => PaymentState::Declined(session::rejection()),
        "Reversed" | "Canceled" => PaymentState::Voided,
        _ => PaymentState::Unclear,
    };
    let details = run.and_then(|run| run.payment_details.as_ref()).or(intent.payment_details.as_ref());
    Ok(Some(PaymentRecord {
        transaction: transaction(intent)?,
        session: run.and_then(|run| Handle::new(run.id.clone()).ok()),
        terms: terms(intent, run)?,
        added: added(intent)?,
        state,
        card: receipt::card(details),
        receipt: run.and_then(receipt::receipt),
        created_at: intent.created_at.as_ref().and_then(|text| text.parse().ok()),
    }))
}

/// What was asked, as the intent holds it, and where.
pub(super) fn terms(intent: &Intent, session: Option<&Session>) -> Result<Terms, ReadError> {
    let amount = intent.amount.as_ref().ok_or_else(|| unusable("a payment without an amount"))?;
    Ok(Terms {
        reference: intent.reference.clone().unwrap_or_default(),
        amount: amount.value,
        currency: amount.currency_code.clone(),
        terminal: session.and_then(|session| session.terminal_id.clone()),
    })
}

/// What the customer added at the machine: a tip, cash back.
fn added(intent: &Intent) -> Result<i64, ReadError> {
    match (&intent.amount, &intent.total_amount) {
        (Some(amount), Some(total)) if amount.currency_code == total.currency_code => {
            Ok(total.value.saturating_sub(amount.value))
        }
        (_, None) => Ok(0),
        _ => Err(unusable("a payment whose sum is in another currency")),
    }
}

/// What was captured, with what was added; 0 while it is not.
pub(super) fn captured(intent: &Intent) -> Result<i64, ReadError> {
    let is_captured = matches!(intent.status.as_str(), "Captured" | "Refunded");
    if is_captured { whole(intent) } else { Ok(0) }
}

/// What was captured, also where it went back whole since.
pub(super) fn taken(intent: &Intent) -> Result<i64, ReadError> {
    if intent.status == "Reversed" { whole(intent) } else { captured(intent) }
}

/// What was asked, with what was added.
fn whole(intent: &Intent) -> Result<i64, ReadError> {
    Ok(terms(intent, None)?.amount.saturating_add(added(intent)?))
}

/// What went back of a payment so far. One that was reversed went back whole, whatever its sum says.
pub(super) fn given_back(intent: &Intent) -> Result<i64, ReadError> {
    if intent.status == "Reversed" { whole(intent) } else { Ok(intent.refunded_amount.unwrap_or(0)) }
}

/// `till/reference`, as it was sent for the people in the back office.
pub(super) fn till_reference(intent: &Intent) -> Option<String> {
    intent.metadata.as_ref()?.get(TILL_REFERENCE).cloned()
}

fn transaction(intent: &Intent) -> Result<TransactionId, ReadError> {
    TransactionId::new(intent.id.clone()).map_err(|_| unusable("a payment has a name that none can have"))
}

#[cfg(test)]
mod tests;
