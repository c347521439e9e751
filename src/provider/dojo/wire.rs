//! What Dojo reads and writes: the fields that matter here, under Dojo's names.
//!
//! Replies are read tolerantly: words are open (new ones come), and a part that decides nothing (card, receipt) is dropped
//! when it cannot be understood, so that it never hides a payment.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::money;
use crate::provider::record::tolerant;

// ── Requests ────────────────────────────────────────────────────────────────────────────────────────────────────────

/// `POST /payment-intents`: a request for money, which moves none.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct IntentRequest<'a> {
    pub(super) amount: Money,
    pub(super) reference: String,
    pub(super) capture_mode: &'static str,
    pub(super) expire_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<&'a str>,
    pub(super) metadata: BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) item_lines: Vec<ItemLine<'a>>,
}

/// A line of goods.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ItemLine<'a> {
    pub(super) id: &'a str,
    pub(super) name: &'a str,
    pub(super) amount_total: Money,
}

/// `POST /payment-intents/search`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SearchRequest<'a> {
    pub(super) start_date: String,
    pub(super) end_date: String,
    pub(super) cursor: Cursor<'a>,
}

#[derive(Debug, Serialize)]
pub(super) struct Cursor<'a> {
    pub(super) limit: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) after: Option<&'a str>,
}

/// `POST /terminal-sessions`: this starts the card machine.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SessionRequest<'a> {
    pub(super) terminal_id: &'a str,
    pub(super) details: Details<'a>,
}

/// What the machine is to do. The published schema takes any mixture of these; only one is right.
#[derive(Debug, Serialize)]
#[serde(tag = "sessionType")]
pub(super) enum Details<'a> {
    Sale {
        sale: SaleDetails<'a>,
    },
    MatchedRefund {
        #[serde(rename = "matchedRefund")]
        matched_refund: MatchedRefundDetails<'a>,
    },
    UnlinkedRefund {
        #[serde(rename = "unlinkedRefund")]
        unlinked_refund: UnlinkedRefundDetails,
    },
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SaleDetails<'a> {
    pub(super) payment_intent_id: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MatchedRefundDetails<'a> {
    pub(super) payment_intent_id: &'a str,
    pub(super) amount: Money,
}

#[derive(Debug, Serialize)]
pub(super) struct UnlinkedRefundDetails {
    pub(super) amount: Money,
}

/// `PUT /terminal-sessions/{id}/signature`.
#[derive(Debug, Serialize)]
pub(super) struct SignatureRequest {
    pub(super) accepted: bool,
}

/// `POST /payment-intents/{id}/refunds`. The amount is a bare number here.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RefundRequest<'a> {
    pub(super) amount: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refund_reason: Option<&'a str>,
}

// ── Both ways ───────────────────────────────────────────────────────────────────────────────────────────────────────

/// Minor units of a currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Money {
    pub(super) value: i64,
    pub(super) currency_code: String,
}

impl From<money::Money> for Money {
    fn from(money: money::Money) -> Self {
        Self { value: money.amount.minor(), currency_code: money.currency.code().to_owned() }
    }
}

// ── Replies ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/// A payment intent.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Intent {
    pub(super) id: String,
    #[serde(default)]
    pub(super) status: String,
    #[serde(default)]
    pub(super) reference: Option<String>,
    #[serde(default)]
    pub(super) amount: Option<Money>,
    /// With what was added at the machine.
    #[serde(default)]
    pub(super) total_amount: Option<Money>,
    #[serde(default)]
    pub(super) refunded_amount: Option<i64>,
    #[serde(default, deserialize_with = "tolerant")]
    pub(super) metadata: Option<BTreeMap<String, String>>,
    #[serde(default)]
    pub(super) created_at: Option<String>,
    #[serde(default)]
    pub(super) expire_at: Option<String>,
    #[serde(default, deserialize_with = "tolerant")]
    pub(super) payment_details: Option<PaymentDetails>,
    #[serde(default)]
    pub(super) terminal_session_history: Option<Vec<Run>>,
}

/// A session in the history of its intent.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Run {
    pub(super) terminal_session: Option<Session>,
}

/// A page of intents, each as it came: one that cannot be understood must not hide the others.
#[derive(Debug, Deserialize)]
pub(super) struct Page {
    /// `null` where there is nothing.
    #[serde(deserialize_with = "Option::deserialize")]
    pub(super) data: Option<Vec<Value>>,
    #[serde(default)]
    pub(super) after: Option<String>,
}

/// A terminal session; in an intent's history with less.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Session {
    pub(super) id: String,
    #[serde(default)]
    pub(super) terminal_id: Option<String>,
    #[serde(default)]
    pub(super) status: String,
    /// It moves as the state changes.
    #[serde(default, deserialize_with = "tolerant")]
    pub(super) expire_at: Option<String>,
    #[serde(default, deserialize_with = "tolerant")]
    pub(super) status_events: Option<Vec<StatusEvent>>,
    #[serde(default, deserialize_with = "tolerant")]
    pub(super) notification_events: Option<Vec<NotificationEvent>>,
    #[serde(default, deserialize_with = "tolerant")]
    pub(super) details: Option<SessionDetails>,
    #[serde(default, deserialize_with = "tolerant")]
    pub(super) payment_details: Option<PaymentDetails>,
    /// Only the published schema has this one.
    #[serde(default, deserialize_with = "tolerant")]
    pub(super) receipt: Option<Receipt>,
    /// Only the published example has this one and the next.
    #[serde(default, deserialize_with = "tolerant")]
    pub(super) customer_receipt: Option<Receipt>,
    #[serde(default, deserialize_with = "tolerant")]
    pub(super) merchant_receipt: Option<Receipt>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StatusEvent {
    #[serde(default)]
    pub(super) status: String,
    #[serde(default)]
    pub(super) created_at: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NotificationEvent {
    #[serde(default)]
    pub(super) notification_type: String,
    #[serde(default)]
    pub(super) created_at: String,
}

/// What a session was made for.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SessionDetails {
    #[serde(default)]
    pub(super) session_type: String,
    #[serde(default)]
    pub(super) sale: Option<SessionPayment>,
    #[serde(default)]
    pub(super) matched_refund: Option<SessionPayment>,
    #[serde(default)]
    pub(super) unlinked_refund: Option<SessionPayment>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SessionPayment {
    #[serde(default)]
    pub(super) payment_intent_id: Option<String>,
    #[serde(default)]
    pub(super) amount: Option<Money>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PaymentDetails {
    #[serde(default)]
    pub(super) card: Option<Card>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Card {
    #[serde(default)]
    pub(super) card_number: Option<String>,
    #[serde(default, rename = "last4PAN")]
    pub(super) last_four: Option<String>,
    #[serde(default)]
    pub(super) card_type: Option<String>,
    #[serde(default)]
    pub(super) entry_mode: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Receipt {
    #[serde(default)]
    pub(super) lines: Vec<ReceiptLine>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReceiptLine {
    #[serde(default)]
    pub(super) line_type: String,
    #[serde(default)]
    pub(super) text: Option<ReceiptText>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct ReceiptText {
    #[serde(default)]
    pub(super) value: String,
}

/// What became of `POST …/refunds`: it tells neither a status nor an amount.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RefundCreated {
    pub(super) refund_id: String,
}

/// What became of `POST …/reversal`: the published schema names `reversalId`, its example `id`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReversalCreated {
    #[serde(alias = "id")]
    pub(super) reversal_id: String,
}

/// A card machine.
#[derive(Debug, Deserialize)]
pub(super) struct Terminal {
    pub(super) id: String,
    #[serde(default)]
    pub(super) status: String,
}

/// A webhook's body. It names no amount and no reference: a hint to read.
#[derive(Debug, Deserialize)]
pub(super) struct WebhookBody {
    pub(super) id: String,
    #[serde(default, deserialize_with = "tolerant")]
    pub(super) data: Option<WebhookData>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WebhookData {
    #[serde(default)]
    pub(super) payment_intent_id: Option<String>,
}

#[cfg(test)]
mod tests;
