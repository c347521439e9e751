//! A checkout session, and how Dintero shows it.

use jiff::Timestamp;
use serde_json::{Value, json};
use url::Url;

use crate::simulator::dintero::outcomes::Script;
use crate::simulator::identifiers;

/// What a valid create request asked for.
#[derive(Debug, Clone)]
pub(crate) struct NewSession {
    pub(crate) body: Value,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) merchant_reference: String,
    pub(crate) merchant_reference_2: Option<String>,
    pub(crate) store_id: String,
    pub(crate) terminal_id: String,
    pub(crate) payout_destination_id: String,
    pub(crate) expires_at: Timestamp,
    pub(crate) callback_url: Option<Url>,
    pub(crate) auto_capture: bool,
    pub(crate) asks_for_terminal: bool,
    pub(crate) system_headers: Value,
}

impl NewSession {
    /// Both merchant references, or the one they share.
    pub(crate) fn references(&self) -> impl Iterator<Item = &String> {
        let second = self.merchant_reference_2.as_ref().filter(|second| **second != self.merchant_reference);
        std::iter::once(&self.merchant_reference).chain(second)
    }
}

#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) request: NewSession,
    pub(crate) script: &'static Script,
    /// Which step of the script comes next.
    pub(crate) next_step: usize,
    /// The script is over, whatever steps are left.
    pub(crate) settled: bool,
    pub(crate) started: bool,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) events: Vec<SessionEvent>,
    pub(crate) transaction_id: Option<String>,
    pub(crate) cancelled: Option<(Timestamp, &'static str)>,
}

#[derive(Debug)]
pub(crate) struct SessionEvent {
    id: String,
    name: &'static str,
    at: Timestamp,
    details: Option<Value>,
}

impl Session {
    pub(crate) fn record(&mut self, name: &'static str, details: Option<Value>, at: Timestamp) {
        self.updated_at = at;
        self.events.push(SessionEvent { id: identifiers::uuid(), name, at, details });
    }

    pub(crate) fn cancel(&mut self, by: &'static str, at: Timestamp) {
        self.cancelled = Some((at, by));
        self.record("CANCELLED", None, at);
    }

    /// Still able to prompt at this time.
    pub(crate) fn waits(&self, now: Timestamp) -> bool {
        self.started && !self.settled && self.request.expires_at > now
    }

    /// As Dintero shows it: there is no status field. `stale` shows it as it was when created.
    pub(crate) fn document(&self, stale: bool) -> Value {
        let body = &self.request.body;
        let shown = if stale { &self.events[..self.events.len().min(1)] } else { &self.events[..] };
        let mut document = json!({
            "id": self.id,
            "created_at": self.created_at.to_string(),
            "updated_at": self.updated_at.to_string(),
            "expires_at": self.request.expires_at.to_string(),
            "url": body["url"],
            "order": body["order"],
            "profile_id": body["profile_id"],
            "metadata": self.metadata(),
            "initiating_system_request_headers": self.request.system_headers,
            "events": shown.iter().map(SessionEvent::document).collect::<Vec<_>>(),
        });
        for optional in ["customer", "configuration", "merchant"] {
            if let Some(value) = body.get(optional) {
                document[optional] = value.clone();
            }
        }
        if stale {
            return document;
        }
        if let Some(id) = &self.transaction_id {
            document["transaction_id"] = json!(id);
        }
        if let Some((at, by)) = self.cancelled {
            document["cancelled_at"] = json!(at.to_string());
            document["cancelled_by"] = json!(by);
        }
        document
    }

    fn metadata(&self) -> Value {
        let mut metadata = self.request.body.get("metadata").cloned().unwrap_or_else(|| json!({}));
        metadata["session:profile_id"] = self.request.body["profile_id"].clone();
        metadata
    }
}

impl SessionEvent {
    fn document(&self) -> Value {
        let mut document = json!({
            "id": self.id, "name": self.name, "created_at": self.at.to_string(),
        });
        if let Some(details) = &self.details {
            document["details"] = details.clone();
        }
        document
    }
}
