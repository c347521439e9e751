//! The truth about money, for whoever checks a bridge's journal.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{EventKind, Ledger, Session, Transaction};

/// How often each reference was asked for, answered or not.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    creates: HashMap<String, u64>,
    refunds: HashMap<String, u64>,
}

impl Seen {
    fn creates(&self, merchant_reference: Option<&str>) -> Value {
        match merchant_reference {
            None => json!(self.creates),
            Some(reference) => json!({ reference: self.creates.get(reference).unwrap_or(&0) }),
        }
    }

    pub(super) fn forget(&mut self, merchant_reference: &str) {
        self.creates.remove(merchant_reference);
    }
}

impl Ledger {
    /// A create request arrived with a valid token, whatever becomes of it.
    pub(crate) fn saw_create(&mut self, merchant_reference: &str) {
        *self.seen.creates.entry(merchant_reference.to_owned()).or_default() += 1;
    }

    /// A refund request arrived with a valid token, whatever becomes of it.
    pub(crate) fn saw_refund(&mut self, refund_reference: &str) {
        *self.seen.refunds.entry(refund_reference.to_owned()).or_default() += 1;
    }

    /// Everything, or what belongs to one merchant reference.
    pub(crate) fn truth(&self, merchant_reference: Option<&str>) -> Value {
        let sessions: Vec<&Session> = match merchant_reference {
            None => self.sessions.newest_first(None).collect(),
            Some(reference) => {
                let ids = self.by_reference.get(reference).into_iter().flatten();
                ids.filter_map(|id| self.sessions.get(id)).collect()
            }
        };
        let transactions: Vec<&Transaction> =
            sessions.iter().filter_map(|session| self.transactions.get(session.transaction_id.as_deref()?)).collect();
        json!({
            "captured": transactions.iter().map(|it| it.captured).sum::<i64>(),
            "refunded": transactions.iter().map(|it| it.refunded).sum::<i64>(),
            "sessions": sessions.iter().map(|it| session_truth(it)).collect::<Vec<_>>(),
            "transactions": transactions.iter().map(|it| transaction_truth(it)).collect::<Vec<_>>(),
            "create_requests": self.seen.creates(merchant_reference),
            "refund_requests": self.seen.refunds,
        })
    }
}

fn session_truth(session: &Session) -> Value {
    let request = &session.request;
    json!({
        "id": session.id,
        "merchant_reference": request.merchant_reference,
        "merchant_reference_2": request.merchant_reference_2,
        "amount": request.amount,
        "currency": request.currency,
        "store_id": request.store_id,
        "terminal_id": request.terminal_id,
        "started": session.started,
        "created_at": session.created_at.to_string(),
        "expires_at": request.expires_at.to_string(),
        "cancelled_by": session.cancelled.map(|(_, by)| by),
        "transaction_id": session.transaction_id,
    })
}

fn transaction_truth(transaction: &Transaction) -> Value {
    let refunds = transaction.events.iter().filter(|event| event.kind == EventKind::Refund);
    json!({
        "id": transaction.id,
        "session_id": transaction.session_id,
        "merchant_reference": transaction.merchant_reference,
        "merchant_reference_2": transaction.merchant_reference_2,
        "store_id": transaction.store_id,
        "terminal_id": transaction.terminal_id,
        "status": transaction.status(),
        "amount": transaction.amount,
        "shown_amount": transaction.shown_amount,
        "currency": transaction.currency,
        "captured": transaction.captured,
        "refunded": transaction.refunded,
        "refunds": refunds.map(|event| json!({
            "refund_reference": event.reference,
            "amount": event.amount,
            "success": event.success(),
        })).collect::<Vec<_>>(),
        "pending_refunds": transaction.pending.iter().map(|refund| json!({
            "refund_reference": refund.reference,
            "amount": refund.amount,
        })).collect::<Vec<_>>(),
    })
}
