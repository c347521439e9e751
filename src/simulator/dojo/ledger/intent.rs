//! A payment intent: what was asked, and what became of it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::session::Payment;
use crate::simulator::identifiers;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum IntentStatus {
    Created,
    Authorized,
    Captured,
    Reversed,
    Refunded,
    Canceled,
}

impl IntentStatus {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Created => "Created",
            Self::Authorized => "Authorized",
            Self::Captured => "Captured",
            Self::Reversed => "Reversed",
            Self::Refunded => "Refunded",
            Self::Canceled => "Canceled",
        }
    }
}

/// What becomes of a `Manual` payment that nobody captures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AutoExpiry {
    pub(crate) milliseconds: u64,
    pub(crate) captures: bool,
}

/// What a valid create request asked for.
#[derive(Debug, Clone)]
pub(crate) struct NewIntent {
    /// As it came, for what is only echoed.
    pub(crate) body: Value,
    pub(crate) reference: String,
    pub(crate) currency: String,
    pub(crate) amount: i64,
    pub(crate) tips: i64,
    pub(crate) cashback: i64,
    pub(crate) service_charge: i64,
    /// Present for `Manual`.
    pub(crate) auto_expiry: Option<AutoExpiry>,
    pub(crate) expire_at: Timestamp,
}

#[derive(Debug, Clone)]
pub(crate) struct Capture {
    pub(crate) id: String,
    pub(crate) amount: i64,
    pub(crate) tips: i64,
    pub(crate) at: Timestamp,
}

/// Money given back: by a call, which has a key, or by a session.
#[derive(Debug, Clone)]
pub(crate) struct Refund {
    pub(crate) id: String,
    pub(crate) key: Option<String>,
    pub(crate) session_id: Option<String>,
    pub(crate) amount: i64,
    pub(crate) reason: Option<String>,
    pub(crate) notes: Option<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Intent {
    pub(crate) id: String,
    pub(crate) request: NewIntent,
    pub(crate) status: IntentStatus,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    /// With what was keyed on the machine.
    pub(crate) tips: i64,
    pub(crate) cashback: i64,
    /// Added to what is shown, once it is paid.
    pub(crate) shown_difference: i64,
    /// Money really taken and given back, whatever is shown.
    pub(crate) captured: i64,
    pub(crate) refunded: i64,
    pub(crate) captures: Vec<Capture>,
    pub(crate) refunds: Vec<Refund>,
    pub(crate) payment: Option<Payment>,
    pub(crate) sessions: Vec<String>,
    pub(crate) failed_attempts: u32,
}

impl Intent {
    pub(super) fn new(request: NewIntent, now: Timestamp) -> Self {
        Self {
            id: identifiers::dojo_id("pi"),
            status: IntentStatus::Created,
            created_at: now,
            updated_at: now,
            tips: request.tips,
            cashback: request.cashback,
            shown_difference: 0,
            captured: 0,
            refunded: 0,
            captures: Vec::new(),
            refunds: Vec::new(),
            payment: None,
            sessions: Vec::new(),
            failed_attempts: 0,
            request,
        }
    }

    /// What the machine asks for.
    pub(super) fn total(&self) -> i64 {
        self.request.amount + self.request.service_charge + self.tips + self.cashback
    }

    pub(super) fn is_manual(&self) -> bool {
        self.request.auto_expiry.is_some()
    }

    /// Nobody paid it in time.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        self.status == IntentStatus::Created && self.request.expire_at <= now
    }

    /// What may still be given back.
    pub(super) fn refundable(&self) -> i64 {
        if self.status == IntentStatus::Captured { self.captured - self.refunded } else { 0 }
    }

    pub(super) fn refunded_at_machines(&self) -> i64 {
        let at_machines = self.refunds.iter().filter(|refund| refund.session_id.is_some());
        at_machines.map(|refund| refund.amount).sum()
    }

    /// A sale on a machine that is finished: captured, or authorised where the capture is by hand.
    pub(super) fn pay(&mut self, payment: Payment, now: Timestamp) {
        self.payment = Some(payment);
        if self.is_manual() {
            self.status = IntentStatus::Authorized;
        } else {
            self.status = IntentStatus::Captured;
            self.captured = self.total();
        }
        self.updated_at = now;
    }

    pub(super) fn capture(&mut self, amount: i64, tips: i64, now: Timestamp) -> String {
        let id = identifiers::dojo_id("cp");
        self.captured += amount + tips;
        self.captures.push(Capture { id: id.clone(), amount, tips, at: now });
        self.status = IntentStatus::Captured;
        self.updated_at = now;
        id
    }

    pub(super) fn give_back(&mut self, refund: Refund, now: Timestamp) {
        self.refunded += refund.amount;
        self.refunds.push(refund);
        if self.refunded == self.captured {
            self.status = IntentStatus::Refunded;
        }
        self.updated_at = now;
    }
}
