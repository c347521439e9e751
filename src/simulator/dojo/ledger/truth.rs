//! The truth about money, for whoever checks a bridge's journal.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::Ledger;
use super::intent::Intent;
use super::session::{Session, SessionStatus};

/// A request that asks for money, answered or not.
#[derive(Debug)]
pub(crate) enum Asked {
    /// By reference.
    Intent(String),
    /// By intent, or `unlinked`.
    Session(String),
    /// By idempotency key.
    Refund(String),
    /// By intent.
    Reversal(String),
}

/// How often each was asked for.
#[derive(Debug, Default)]
pub(super) struct Seen {
    intents: HashMap<String, u64>,
    sessions: HashMap<String, u64>,
    refunds: HashMap<String, u64>,
    reversals: HashMap<String, u64>,
}

impl Seen {
    pub(super) fn forget(&mut self, reference: &str) {
        self.intents.remove(reference);
    }
}

impl Ledger {
    /// A request arrived, whatever becomes of it.
    pub(crate) fn saw(&mut self, asked: Asked) {
        let (counts, name) = match asked {
            Asked::Intent(name) => (&mut self.seen.intents, name),
            Asked::Session(name) => (&mut self.seen.sessions, name),
            Asked::Refund(name) => (&mut self.seen.refunds, name),
            Asked::Reversal(name) => (&mut self.seen.reversals, name),
        };
        *counts.entry(name).or_default() += 1;
    }

    /// Everything, or what belongs to one reference or value of the metadata.
    pub(crate) fn truth(&self, reference: Option<&str>) -> Value {
        let intents = self.intents.newest_first(None).map(|intent| intent.latest());
        let intents: Vec<&Intent> =
            intents.filter(|intent| reference.is_none_or(|reference| belongs(intent, reference))).collect();
        let unlinked: Vec<&Session> = match reference {
            None => {
                self.sessions.newest_first(None).map(|it| it.latest()).filter(|it| it.unlinked_refund > 0).collect()
            }
            Some(_) => Vec::new(),
        };
        let captured: i64 = intents.iter().map(|intent| intent.captured).sum();
        let refunded: i64 = intents.iter().map(|intent| intent.refunded).sum();
        let unlinked_sum: i64 = unlinked.iter().map(|session| session.unlinked_refund).sum();
        json!({
            "captured": captured,
            "refunded": refunded,
            "refunded_unlinked": unlinked_sum,
            "intents": intents.iter().map(|intent| self.intent_truth(intent)).collect::<Vec<_>>(),
            "unlinked_refunds": unlinked.iter().map(|session| json!({
                "session_id": session.id,
                "terminal_id": session.terminal_id,
                "amount": session.unlinked_refund,
            })).collect::<Vec<_>>(),
            "create_requests": self.creates(reference),
            "session_requests": self.seen.sessions,
            "refund_requests": self.seen.refunds,
            "reversal_requests": self.seen.reversals,
        })
    }

    fn creates(&self, reference: Option<&str>) -> Value {
        match reference {
            None => json!(self.seen.intents),
            Some(reference) => json!({ reference: self.seen.intents.get(reference).unwrap_or(&0) }),
        }
    }

    fn intent_truth(&self, intent: &Intent) -> Value {
        let sessions = intent.sessions.iter().filter_map(|id| Some(self.sessions.get(id)?.latest()));
        json!({
            "id": intent.id,
            "reference": intent.request.reference,
            "metadata": intent.request.body.get("metadata"),
            "status": intent.status,
            "amount": intent.request.amount,
            "total": intent.total(),
            "currency": intent.request.currency,
            "captured": intent.captured,
            "refunded": intent.refunded,
            "created_at": intent.created_at.to_string(),
            "sessions": sessions.map(session_truth).collect::<Vec<_>>(),
            "refunds": intent.refunds.iter().map(|refund| json!({
                "id": refund.id,
                "idempotency_key": refund.key,
                "session_id": refund.session_id,
                "amount": refund.amount,
            })).collect::<Vec<_>>(),
        })
    }
}

fn session_truth(session: &Session) -> Value {
    json!({
        "id": session.id,
        "kind": session.kind.name(),
        "terminal_id": session.terminal_id,
        "status": session.status(),
        "captured": session.status() == SessionStatus::Captured,
        "created_at": session.created_at.to_string(),
    })
}

fn belongs(intent: &Intent, reference: &str) -> bool {
    let metadata = intent.request.body.get("metadata").and_then(Value::as_object);
    intent.request.reference == reference
        || metadata.is_some_and(|metadata| metadata.values().any(|value| value == reference))
}
