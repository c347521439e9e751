//! What Dojo really did: its payment intents, and what it was asked for.

use std::collections::BTreeMap;

use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::Provider;

impl Provider {
    /// Whether Dojo's sum of a payment's refunds holds those at machines is documented nowhere, so that a rig tries both.
    pub(crate) async fn sum_holds_machines(&self, holds: bool) {
        self.control(Method::PUT, "/dojo", Some(&json!({ "sum_holds_machines": holds }))).await;
    }
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct DojoLedger {
    pub(crate) intents: Vec<Intent>,
    /// By reference.
    pub(crate) create_requests: BTreeMap<String, u64>,
    /// By intent, of sales and refunds alike.
    pub(crate) session_requests: BTreeMap<String, u64>,
    /// By idempotency key.
    pub(crate) refund_requests: BTreeMap<String, u64>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Intent {
    pub(crate) id: String,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) captured: i64,
    pub(crate) refunded: i64,
    pub(crate) sessions: Vec<Session>,
    pub(crate) refunds: Vec<IntentRefund>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) terminal_id: String,
    pub(crate) captured: bool,
}

/// Made without a card, by its key, or at a machine, by its session.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct IntentRefund {
    pub(crate) idempotency_key: Option<String>,
    pub(crate) session_id: Option<String>,
    pub(crate) amount: i64,
}

impl Intent {
    /// `till/reference`.
    pub(crate) fn till_reference(&self) -> &str {
        self.metadata.get("till_reference").map_or("", String::as_str)
    }

    /// What the customer adds at the machine where this amount is asked: the rows `SIP1` and `SCB0`.
    pub(crate) fn added(&self) -> i64 {
        match self.amount {
            990_132 => 99_013,
            990_133 => 1_000,
            _ => 0,
        }
    }

    pub(crate) fn sessions_for(&self, kind: &str) -> impl Iterator<Item = &Session> {
        self.sessions.iter().filter(move |session| session.kind == kind)
    }
}
