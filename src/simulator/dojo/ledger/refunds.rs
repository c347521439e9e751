//! Refunds without a card: `POST /payment-intents/{id}/refunds`.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::intent::{Intent, IntentStatus, Refund};
use super::intents::tell;
use super::{Effect, Ledger, Refused};
use crate::simulator::dojo::options::ApiRefunds;
use crate::simulator::identifiers;

/// A checked refund request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RefundRequest {
    pub(crate) key: String,
    pub(crate) amount: i64,
    pub(crate) reason: Option<String>,
    pub(crate) notes: Option<String>,
}

impl Ledger {
    /// The same key is the same refund, whatever else the request says.
    pub(crate) fn refund_intent(
        &mut self,
        id: &str,
        request: RefundRequest,
        now: Timestamp,
    ) -> Result<(Value, Vec<Effect>), Refused> {
        let known = self.intents.get(id).ok_or(Refused::NoIntent)?.latest();
        if let Some(refund) = known.refunds.iter().find(|refund| refund.key.as_ref() == Some(&request.key)) {
            return Ok((document(known, refund), Vec::new()));
        }
        let policy = self.policy.api_refunds;
        let intent = self.require(id, now, &[IntentStatus::Captured])?;
        if request.amount > intent.refundable() {
            return Err(Refused::ExceedsRest);
        }
        match policy {
            ApiRefunds::Refused => return Err(Refused::RefundFailed),
            ApiRefunds::FirstAttemptOnly if intent.failed_attempts > 0 => return Err(Refused::RefundFailed),
            ApiRefunds::FirstAttemptOnly | ApiRefunds::Accepted => {}
        }
        let refund = Refund {
            id: identifiers::dojo_id("rfnd"),
            key: Some(request.key),
            session_id: None,
            amount: request.amount,
            reason: request.reason,
            notes: request.notes,
        };
        self.refunds.insert(refund.id.clone(), id.to_owned());
        let intent = self.intent_mut(id)?;
        let answer = document(intent, &refund);
        intent.give_back(refund, now);
        let told = tell("payment_intent.status_updated", intent);
        Ok((answer, vec![told]))
    }

    /// Neither status nor amount: only the intent's `refundedAmount` tells.
    pub(crate) fn refund(&self, refund_id: &str) -> Result<Value, Refused> {
        let intent_id = self.refunds.get(refund_id).ok_or(Refused::NoRefund)?;
        let intent = self.intents.get(intent_id).ok_or(Refused::NoRefund)?.latest();
        let refund = intent.refunds.iter().find(|refund| refund.id == refund_id).ok_or(Refused::NoRefund)?;
        Ok(document(intent, refund))
    }
}

fn document(intent: &Intent, refund: &Refund) -> Value {
    json!({
        "paymentIntentId": intent.id,
        "refundId": refund.id,
        "refundReason": refund.reason,
        "notes": refund.notes,
    })
}
