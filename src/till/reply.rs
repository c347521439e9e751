//! The replies, field for field as the contract has them.

mod operator;
mod service;
mod terminal;

pub use operator::{AlarmList, HistoryReply, PushList};
pub use service::{Health, Readiness};
pub use terminal::{TerminalList, TerminalReply};

use std::borrow::Cow;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::receipt::{Edition, Paper, Recipient, receipt};
use super::texts;
use crate::domain::attempt::{Kind, Reason};
use crate::domain::card;
use crate::domain::directory::Language;
use crate::domain::operation::{Operation, Retry, Status};
use crate::domain::prompt::{AtTerminal, Prompt};

/// What a till is told of an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Reply {
    /// The bridge's own number for it, for ever.
    #[schemars(regex(pattern = "^[0-9A-HJKMNP-TV-Z]{26}$"))]
    operation_id: String,
    kind: Kind,
    /// The till that asked for it.
    till: String,
    /// The till's own number for it.
    reference: String,
    status: Status,
    /// The outcome is proven; asking again brings the same.
    r#final: bool,
    retry: Retry,
    /// For the cashier, in the language of the till.
    message: Cow<'static, str>,
    /// The provider's reason in words, else its code; one plain text.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// What the terminal asks of the customer; while it is pending, where the provider tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt: Option<Prompt>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action_required: Option<ActionRequired>,
    /// What was asked for, in minor units: 39900 is 399.00.
    amount: i64,
    /// ISO 4217.
    #[schemars(regex(pattern = "^[A-Z]{3}$"))]
    currency: &'static str,
    /// What was taken, or given back; 0 unless approved. More than `amount` where the customer added to it at the
    /// terminal.
    amount_approved: i64,
    /// What was given back of it since.
    amount_refunded: i64,
    /// The terminal, by its local name.
    terminal: String,
    /// The service that drives the terminal.
    provider: &'static str,
    /// Of a refund: the customer presents the card at the terminal.
    #[serde(skip_serializing_if = "Option::is_none")]
    requires_card_present: Option<bool>,
    /// The payment in the provider's books.
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction_id: Option<String>,
    /// Which attempt of this operation the result is of, counted from 1.
    attempt: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    card: Option<Card>,
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<Receipt>,
    /// An earlier result: nothing new was started.
    replayed: bool,
    /// The till gave no number, and this is its operation of before. There only when it is so.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    possible_duplicate: bool,
    /// It was approved after the till had been told otherwise.
    late: bool,
    /// A sandbox: no real money.
    simulated: bool,
    /// The till has booked the result.
    acknowledged: bool,
    /// When it was asked for first.
    #[schemars(extend("format" = "date-time"))]
    created_at: String,
    /// When it changed last.
    #[schemars(extend("format" = "date-time"))]
    updated_at: String,
}

/// What the cashier must do now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
struct ActionRequired {
    kind: Action,
    /// Until when; then the terminal decides by itself.
    #[schemars(extend("format" = "date-time"))]
    deadline: String,
}

/// What a cashier may be asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Action {
    /// To compare the customer's signature with the card's, and to send `accepted` to `/signature`.
    Signature,
}

/// The card, as the provider shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
struct Card {
    /// `Visa`, `Mastercard`, `BankAxept` ...
    #[serde(skip_serializing_if = "Option::is_none")]
    brand: Option<String>,
    /// The number with its middle hidden.
    #[serde(skip_serializing_if = "Option::is_none")]
    masked_pan: Option<String>,
    /// `contactless`, `chip` ...
    #[serde(skip_serializing_if = "Option::is_none")]
    entry_method: Option<String>,
}

/// The terminal's receipts, to print.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
struct Receipt {
    /// The customer's copy.
    #[serde(skip_serializing_if = "Option::is_none")]
    customer: Option<String>,
    /// The shop's copy.
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
            prompt: None,
            action_required: None,
            amount: operation.money.amount.minor(),
            currency: operation.money.currency.code(),
            amount_approved: approval.map_or(0, |approval| approval.amount.minor()),
            amount_refunded: operation.refunded,
            terminal: operation.terminal.to_string(),
            provider: operation.provider.name(),
            requires_card_present: (operation.kind == Kind::Refund).then_some(operation.attempt.card_present),
            transaction_id: approval.and_then(|approval| approval.transaction.as_ref()).map(ToString::to_string),
            attempt: operation.attempt.number,
            card: approval.and_then(|approval| approval.card.as_ref()).map(Card::from),
            receipt: approval.and_then(|approval| approval.receipt.as_ref()).map(Receipt::from),
            replayed,
            possible_duplicate: false,
            late: operation.is_late(),
            simulated: operation.simulated,
            acknowledged: operation.acknowledged_at.is_some(),
            created_at: moment(operation.created_at),
            updated_at: moment(operation.updated_at),
        }
    }

    /// The same, which the till gave no number and which was taken for this operation of before.
    #[must_use]
    pub fn of_possible_duplicate(self, possible_duplicate: bool) -> Self {
        Self { possible_duplicate, ..self }
    }
}

impl Reply {
    /// The same with what its terminal asks of the people who stand at it, while it is under way.
    #[must_use]
    pub fn with_terminal(self, operation: &Operation, at_terminal: AtTerminal, language: Language) -> Self {
        let prompt = at_terminal.prompt.filter(|_| operation.status() == Status::Pending);
        let deadline = at_terminal.signature_until.filter(|_| !operation.status().is_final());
        Self {
            message: texts::message_at_terminal(operation, prompt, deadline.is_some(), language)
                .map_or(self.message, Cow::Borrowed),
            prompt,
            action_required: deadline.map(|until| ActionRequired { kind: Action::Signature, deadline: moment(until) }),
            ..self
        }
    }

    /// The same reply with the receipts as the till prints them: the provider's fitted to its paper, else composed ones.
    #[must_use]
    pub fn with_receipts(self, operation: &Operation, paper: Paper<'_>) -> Self {
        let printed = |recipient| receipt(operation, recipient, Edition::Original, paper);
        let receipts = Receipt { customer: printed(Recipient::Customer), merchant: printed(Recipient::Merchant) };
        Self { receipt: receipts.customer.is_some().then_some(receipts), ..self }
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
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct OperationList {
    /// The operations, newest first.
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

#[cfg(test)]
pub(crate) mod tests;
