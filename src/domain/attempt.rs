//! The state machine of one attempt: one run of a sale or a refund at the provider.
//!
//! ```text
//! Reserved ──► Sending ──► Open ──► Approved | Declined | Cancelled | Failed
//!                 │          │
//!                 └────┬─────┘  (no definite answer)
//!                      ▼
//!                   Unknown ──► a final phase, or Abandoned (a person decides; still watched)
//! ```
//!
//! A refund begins as `Reserved`, and so does a sale whose provider must prepare it by a call that moves no money
//! (Dojo's payment intent); any other sale begins as `Sending`.
//!
//! [`Attempt::step`] (`attempt/step.rs`) is the only place that moves an attempt. Replies, polls, callbacks, cancels,
//! restarts, sweeps and operators all become an [`Event`] and go through it, inside the journal transaction that stores
//! the result.

mod alarm;
mod event;
mod phase;
mod preparation;
mod step;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::card::without_card_numbers;
use super::evidence::{Finding, Order, PaymentRecord, PaymentState};
use super::identifiers::{Handle, OperationId, TransactionId};

pub use alarm::{Alarm, AlarmKind};
pub use event::Event;
pub use phase::{OperatorVerdict, Phase, Resolution};
pub use preparation::Preparation;
pub use step::{EMPTY_LOOK_GAP, NotResolvable, Transition};

/// What kind of money movement a till asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The customer pays.
    Sale,
    /// The customer gets money of a sale back.
    Refund,
}

impl Kind {
    /// The word that the till's reply and the journal use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sale => "sale",
            Self::Refund => "refund",
        }
    }
}

/// Why something was refused, in the provider's code and in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The provider's code, or ours where it gave none (`not_sent`).
    pub code: String,
    /// What it means, for the journal and the log.
    pub text: String,
}

impl Reason {
    /// A reason; card numbers that a provider let slip into its texts are masked.
    #[must_use]
    pub fn new(code: impl Into<String>, text: impl Into<String>) -> Self {
        let clean = |text: String| without_card_numbers(&text).chars().take(500).collect();
        Self { code: clean(code.into()), text: clean(text.into()) }
    }

    /// Provably nothing was sent that could move money.
    #[must_use]
    pub fn not_sent(text: impl Into<String>) -> Self {
        Self::new("not_sent", text)
    }
}

/// One run of an operation at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The operation that it belongs to.
    pub operation: OperationId,
    /// 1 for the first, one more for each later one.
    pub number: u32,
    /// Sale or refund.
    pub kind: Kind,
    /// What was asked of the provider.
    pub order: Order,
    /// The payment that a refund gives back.
    pub refund_of: Option<TransactionId>,
    /// When the provider stops accepting it, on the provider's clock; sent along where the provider takes it.
    pub expires_at: Timestamp,
    /// From when on an empty record counts, on the provider's clock: expiry, and what may still be under way then.
    pub horizon: Timestamp,
    /// What the provider prepared for it. While it is reserved: what an earlier attempt of the operation ran on, which
    /// may be used again.
    pub preparation: Option<Preparation>,
    /// The card is at the terminal; a refund may go without.
    pub card_present: bool,
    /// The till wants it stopped.
    pub cancel_wanted: bool,
    /// Whether the cashier took the customer's signature for good, once that was asked and answered.
    pub signature_accepted: Option<bool>,
    /// The provider's record contradicted the order once; that is told only once.
    pub contradicted: bool,
    /// Where it stands.
    pub phase: Phase,
}

impl Attempt {
    /// The first attempt at an operation, with its card: it is reserved, and nothing has happened to it.
    #[must_use]
    pub const fn first(
        operation: OperationId,
        kind: Kind,
        order: Order,
        expires_at: Timestamp,
        horizon: Timestamp,
    ) -> Self {
        Self {
            operation,
            number: 1,
            kind,
            order,
            refund_of: None,
            expires_at,
            horizon,
            preparation: None,
            card_present: true,
            cancel_wanted: false,
            signature_accepted: None,
            contradicted: false,
            phase: Phase::Reserved,
        }
    }

    /// What the finding shows as taken may go back yet, by a cancel or a refused signature of ours that is on its way: its reader
    /// alone knows.
    #[must_use]
    pub fn may_take_back(&self, finding: &Finding) -> bool {
        let is_refused = self.signature_accepted == Some(false) && matches!(finding, Finding::Approved(_));
        self.phase.is_live() && (is_refused || self.cancel_wanted && finding.is_uncaptured())
    }

    /// It was reported as having taken nothing, and the finding shows that money was taken; or, where it had only failed, that
    /// it still may be. A decline or a cancel was decided by the record or a person, so that an undecided reading does not
    /// disprove it.
    #[must_use]
    pub const fn is_disproved_by(&self, finding: &Finding) -> bool {
        match finding {
            Finding::Approved(_) => !self.phase.may_move_money(),
            Finding::Undecided { .. } => matches!(self.phase, Phase::Failed { .. }),
            _ => false,
        }
    }

    /// The payment adds nothing to what is known: both are approved by the same captured transaction, or both took nothing.
    /// After a decline or a cancel an undecided record agrees too: what was stopped may go on for a while. An unclear one never
    /// does.
    #[must_use]
    pub fn agrees_with(&self, payment: &PaymentRecord) -> bool {
        match (&self.phase, &payment.state) {
            (Phase::Approved { approval, .. }, PaymentState::Approved { captured: true }) => {
                approval.captured && approval.transaction.as_ref() == Some(&payment.transaction)
            }
            (_, PaymentState::Declined(_) | PaymentState::Voided) => !self.phase.may_move_money(),
            (Phase::Declined { .. } | Phase::Cancelled { .. }, PaymentState::Undecided) => true,
            _ => false,
        }
    }

    /// It is proven unpaid, and yet what crossed with that may win: a card that was presented while the cancel was under
    /// way, a payment that was captured in spite of its signature.
    #[must_use]
    pub fn may_still_win(&self) -> bool {
        let stopped = match self.phase {
            Phase::Cancelled { resolution: None } => true,
            Phase::Declined { .. } => self.signature_accepted == Some(false),
            _ => false,
        };
        stopped && (self.kind == Kind::Sale || self.signature_accepted == Some(false))
    }

    /// Whether this attempt, rather than the one that does so far, decides what its operation's till is told: an
    /// approved one over any other, one of which nothing is proven over one that took nothing, else the later one.
    #[must_use]
    pub fn decides_over(&self, other: &Self) -> bool {
        let rank = |attempt: &Self| (attempt.phase.is_approved(), !attempt.phase.is_final(), attempt.number);
        rank(self) > rank(other)
    }

    /// It started this run of the payment that it was prepared on, as far as is known.
    #[must_use]
    pub fn may_have_started(&self, run: &Handle) -> bool {
        self.preparation.as_ref().is_some_and(|prepared| match &prepared.run {
            Some(started) => started == run,
            None => !prepared.earlier_runs.contains(run),
        })
    }

    /// The order as the provider's record must show it: a payment that was prepared carries the reference of the attempt
    /// that it was made for.
    #[must_use]
    pub fn as_sent(&self) -> Order {
        let reference = self.preparation.as_ref().map_or(self.order.reference, |prepared| prepared.reference);
        Order { reference, ..self.order.clone() }
    }
}
