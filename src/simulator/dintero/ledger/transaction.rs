//! A transaction, its events, and how Dintero shows them.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::session::Session;
use crate::simulator::dintero::outcomes::{Accepted, Card, Reason};
use crate::simulator::dintero::receipts::Slip;
use crate::simulator::identifiers;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Status {
    Initiated,
    Authorized,
    AuthorizationVoided,
    Captured,
    PartiallyCaptured,
    PartiallyCapturedRefunded,
    Refunded,
    PartiallyRefunded,
    Declined,
    Failed,
    Unknown,
    OnHold,
}

impl Status {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Initiated => "INITIATED",
            Self::Authorized => "AUTHORIZED",
            Self::AuthorizationVoided => "AUTHORIZATION_VOIDED",
            Self::Captured => "CAPTURED",
            Self::PartiallyCaptured => "PARTIALLY_CAPTURED",
            Self::PartiallyCapturedRefunded => "PARTIALLY_CAPTURED_REFUNDED",
            Self::Refunded => "REFUNDED",
            Self::PartiallyRefunded => "PARTIALLY_REFUNDED",
            Self::Declined => "DECLINED",
            Self::Failed => "FAILED",
            Self::Unknown => "UNKNOWN",
            Self::OnHold => "ON_HOLD",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum EventKind {
    Initialize,
    Authorize,
    Capture,
    Refund,
    Void,
    InitiateRefund,
}

#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) kind: EventKind,
    pub(crate) status: Status,
    pub(crate) amount: i64,
    pub(crate) at: Timestamp,
    pub(crate) request_id: String,
    pub(crate) answers: Option<String>,
    pub(crate) reference: Option<String>,
    pub(crate) items: Option<Value>,
    pub(crate) error: Option<&'static Reason>,
    pub(crate) correction: Option<Value>,
}

impl Event {
    pub(crate) fn new(kind: EventKind, status: Status, amount: i64, at: Timestamp) -> Self {
        Self {
            id: identifiers::uuid(),
            kind,
            status,
            amount,
            at,
            request_id: identifiers::uuid(),
            answers: None,
            reference: None,
            items: None,
            error: None,
            correction: None,
        }
    }

    pub(crate) fn success(&self) -> bool {
        self.error.is_none()
    }
}

/// A refund that was answered with 202 and is not done yet; its amount is spoken for.
#[derive(Debug, Clone)]
pub(crate) struct PendingRefund {
    pub(crate) request_id: String,
    pub(crate) amount: i64,
    pub(crate) reference: Option<String>,
    pub(crate) items: Option<Value>,
    pub(crate) ending: Accepted,
}

#[derive(Debug)]
pub(crate) struct Transaction {
    pub(crate) id: String,
    pub(crate) session_id: String,
    pub(crate) account_id: String,
    pub(crate) amount: i64,
    pub(crate) shown_amount: i64,
    pub(crate) currency: String,
    pub(crate) merchant_reference: String,
    pub(crate) merchant_reference_2: Option<String>,
    pub(crate) payout_destination_id: String,
    pub(crate) store_id: String,
    pub(crate) terminal_id: String,
    pub(crate) card: Card,
    pub(crate) order: Value,
    pub(crate) url: Value,
    pub(crate) metadata: Value,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) events: Vec<Event>,
    /// How many events there were before the latest change, for a stale read.
    events_before: usize,
    /// Money really taken and given back, whatever the record shows.
    pub(crate) captured: i64,
    pub(crate) refunded: i64,
    pub(crate) pending: Vec<PendingRefund>,
}

impl Transaction {
    pub(crate) fn open(account_id: &str, session: &Session, now: Timestamp) -> Self {
        let request = &session.request;
        Self {
            id: identifiers::checkout_id(account_id),
            session_id: session.id.clone(),
            account_id: account_id.to_owned(),
            amount: request.amount,
            shown_amount: request.amount + session.script.shown_difference,
            currency: request.currency.clone(),
            merchant_reference: request.merchant_reference.clone(),
            merchant_reference_2: request.merchant_reference_2.clone(),
            payout_destination_id: request.payout_destination_id.clone(),
            store_id: request.store_id.clone(),
            terminal_id: request.terminal_id.clone(),
            card: session.script.card,
            order: request.body["order"].clone(),
            url: request.body["url"].clone(),
            metadata: request.body.get("metadata").cloned().unwrap_or_else(|| json!({})),
            created_at: now,
            updated_at: now,
            events: Vec::with_capacity(3),
            events_before: 0,
            captured: 0,
            refunded: 0,
            pending: Vec::new(),
        }
    }

    pub(crate) fn status(&self) -> Status {
        self.events.last().map_or(Status::Initiated, |event| event.status)
    }

    /// Marks where a change begins, so that a stale read can show what was before it.
    pub(crate) fn begin_change(&mut self) {
        self.events_before = self.events.len();
    }

    /// Returns the event's identifier.
    pub(crate) fn record(&mut self, event: Event) -> String {
        self.updated_at = event.at;
        let id = event.id.clone();
        self.events.push(event);
        id
    }

    /// What may still be refunded, not counting what is already on its way.
    pub(crate) fn refundable(&self) -> i64 {
        let on_its_way: i64 = self.pending.iter().map(|refund| refund.amount).sum();
        self.captured - self.refunded - on_its_way
    }

    /// As Dintero shows it, or as it was before its latest change; `None` if it did not exist then.
    pub(crate) fn document(&self, stale: bool) -> Option<Value> {
        let shown = if stale { &self.events[..self.events_before] } else { &self.events[..] };
        let status = shown.last()?.status;
        let mut document = json!({
            "id": self.id,
            "session_id": self.session_id,
            "status": status,
            "amount": self.shown_amount,
            "currency": self.currency,
            "merchant_reference": self.merchant_reference,
            "payment_product": "seitatech",
            "payment_product_type": "seitatech.in_person",
            "channel": "in_store",
            "settlement_status": "NOT_SETTLED",
            "payout_destination_id": self.payout_destination_id,
            "store": self.order["store"],
            "items": self.order.get("items").cloned().unwrap_or_else(|| json!([])),
            "url": self.url,
            "metadata": self.metadata,
            "created_at": self.created_at.to_string(),
            "updated_at": self.updated_at.to_string(),
            "events": shown.iter().enumerate()
                .map(|(position, event)| self.event_document(position, event))
                .collect::<Vec<_>>(),
        });
        if let Some(reference) = &self.merchant_reference_2 {
            document["merchant_reference_2"] = json!(reference);
        }
        if status != Status::Initiated {
            document["card"] = json!(self.card);
        }
        Some(document)
    }

    fn event_document(&self, position: usize, event: &Event) -> Value {
        let mut document = json!({
            "id": event.id,
            "event": event.kind,
            "transaction_status": event.status,
            "success": event.success(),
            "amount": event.amount,
            "created_at": event.at.to_string(),
            "created_by": "seitatech",
            "request_id": event.request_id,
        });
        let optional = [
            ("correlation_request_id", event.answers.as_ref().map(|id| json!(id))),
            ("event_reference", event.reference.as_ref().map(|reference| json!(reference))),
            ("items", event.items.clone()),
            ("error", event.error.map(|reason| json!(reason))),
            ("correction", event.correction.clone()),
            ("metadata", self.slip(position, event)),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                document[name] = value;
            }
        }
        document
    }

    /// Only an event that a card took part in has a receipt.
    fn slip(&self, position: usize, event: &Event) -> Option<Value> {
        let refund = match event.kind {
            EventKind::Authorize | EventKind::Capture => false,
            EventKind::Refund => true,
            EventKind::Initialize | EventKind::Void | EventKind::InitiateRefund => return None,
        };
        let slip = Slip {
            account_id: &self.account_id,
            store_id: &self.store_id,
            terminal_id: &self.terminal_id,
            event_id: &event.id,
            receipt_number: position + 1,
            refund,
            amount: event.amount,
            currency: &self.currency,
            card: &self.card,
            reason: event.error,
            at: event.at,
        };
        Some(slip.metadata())
    }
}
