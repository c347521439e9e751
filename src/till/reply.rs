//! The replies, field for field as the contract has them.

mod operator;

pub use operator::{AlarmList, HistoryReply, PushList};

use jiff::Timestamp;
use serde::Serialize;

use super::texts;
use crate::domain::attempt::{Kind, Reason};
use crate::domain::card;
use crate::domain::directory::{Language, Terminal};
use crate::domain::operation::{Operation, Retry, Status};
use crate::ports::{Enrolment, TerminalUse};

/// What a till is told of an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reply {
    operation_id: String,
    kind: Kind,
    till: String,
    reference: String,
    status: Status,
    r#final: bool,
    retry: Retry,
    message: &'static str,
    /// The provider's reason in words, else its code; one plain text.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    amount: i64,
    currency: &'static str,
    amount_approved: i64,
    amount_refunded: i64,
    terminal: String,
    provider: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction_id: Option<String>,
    attempt: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    card: Option<Card>,
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<Receipt>,
    replayed: bool,
    late: bool,
    simulated: bool,
    acknowledged: bool,
    created_at: String,
    updated_at: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Card {
    #[serde(skip_serializing_if = "Option::is_none")]
    brand: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    masked_pan: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entry_method: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Receipt {
    #[serde(skip_serializing_if = "Option::is_none")]
    customer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    merchant: Option<String>,
}

impl Reply {
    /// What a till whose cashiers speak this language is told.
    #[must_use]
    pub fn new(operation: &Operation, replayed: bool, language: Language) -> Self {
        let approval = operation.approval();
        Self {
            operation_id: operation.id.to_string(),
            kind: operation.kind,
            till: operation.till.to_string(),
            reference: operation.reference.to_string(),
            status: operation.status(),
            r#final: operation.status().is_final(),
            retry: operation.attempt.phase.retry(),
            message: texts::message(operation, language),
            reason: operation.reason().map(reason),
            amount: operation.money.amount.minor(),
            currency: operation.money.currency.code(),
            amount_approved: approval.map_or(0, |approval| approval.amount.minor()),
            amount_refunded: operation.refunded,
            terminal: operation.terminal.to_string(),
            provider: operation.provider.name(),
            transaction_id: approval.and_then(|approval| approval.transaction.as_ref()).map(ToString::to_string),
            attempt: operation.attempt.number,
            card: approval.and_then(|approval| approval.card.as_ref()).map(Card::from),
            receipt: approval.and_then(|approval| approval.receipt.as_ref()).map(Receipt::from),
            replayed,
            late: operation.is_late(),
            simulated: operation.simulated,
            acknowledged: operation.acknowledged_at.is_some(),
            created_at: moment(operation.created_at),
            updated_at: moment(operation.updated_at),
        }
    }
}

fn reason(reason: &Reason) -> String {
    if reason.text.is_empty() { reason.code.clone() } else { reason.text.clone() }
}

/// RFC 3339 in UTC with milliseconds.
fn moment(at: Timestamp) -> String {
    format!("{at:.3}")
}

impl From<&card::Card> for Card {
    fn from(card: &card::Card) -> Self {
        Self { brand: card.brand.clone(), masked_pan: card.masked_pan.clone(), entry_method: card.entry_method.clone() }
    }
}

impl From<&card::Receipt> for Receipt {
    fn from(receipt: &card::Receipt) -> Self {
        Self { customer: receipt.customer.clone(), merchant: receipt.merchant.clone() }
    }
}

/// A page of a till's operations, newest first.
#[derive(Debug, Clone, Serialize)]
pub struct OperationList {
    operations: Vec<Reply>,
    /// What to give as `after` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl OperationList {
    /// The page that a limit of `limit` brought.
    #[must_use]
    pub fn new(operations: &[Operation], limit: u32, language: Language) -> Self {
        let full = u32::try_from(operations.len()).is_ok_and(|count| count >= limit);
        Self {
            operations: operations.iter().map(|operation| Reply::new(operation, false, language)).collect(),
            next: operations.last().filter(|_| full).map(|operation| operation.id.to_string()),
        }
    }
}

/// The terminals that a till may use.
#[derive(Debug, Clone, Serialize)]
pub struct TerminalList {
    /// One entry per terminal.
    pub terminals: Vec<TerminalReply>,
}

/// A terminal, and what is known of it.
#[derive(Debug, Clone, Serialize)]
pub struct TerminalReply {
    name: String,
    provider: &'static str,
    store: String,
    /// Nothing is under way on it and it is not frozen.
    free: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    holder: Option<Holder>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frozen: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_approved_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enrolment: Option<EnrolmentReply>,
}

/// Who holds a terminal.
#[derive(Debug, Clone, Serialize)]
struct Holder {
    till: String,
    kind: Kind,
    reference: String,
    since: String,
}

#[derive(Debug, Clone, Serialize)]
struct EnrolmentReply {
    status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl TerminalReply {
    /// What a till is told of a terminal.
    #[must_use]
    pub fn new(terminal: &Terminal, usage: Option<&TerminalUse>, enrolment: Option<&Enrolment>) -> Self {
        let holder = usage.and_then(|usage| usage.holder.as_ref());
        let frozen = usage.and_then(|usage| usage.frozen.clone());
        Self {
            name: terminal.name.to_string(),
            provider: terminal.provider.name(),
            store: terminal.store.to_string(),
            free: holder.is_none() && frozen.is_none(),
            holder: holder.map(|operation| Holder {
                till: operation.till.to_string(),
                kind: operation.kind,
                reference: operation.reference.to_string(),
                since: moment(operation.updated_at),
            }),
            frozen,
            last_approved_at: usage.and_then(|usage| usage.last_approved_at).map(moment),
            enrolment: enrolment
                .map(|enrolment| EnrolmentReply { status: enrolment.status.clone(), reason: enrolment.reason.clone() }),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
