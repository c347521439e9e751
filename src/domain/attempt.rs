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
mod step;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::card::without_card_numbers;
use super::evidence::{Approval, Finding, Order, PaymentRecord, PaymentState};
use super::identifiers::{AttemptReference, Handle, OperationId, TransactionId};

pub use alarm::{Alarm, AlarmKind};
pub use step::EMPTY_LOOK_GAP;

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
    /// The sale's payment, for a refund.
    pub refunds: Option<TransactionId>,
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
            refunds: None,
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

    /// It was said to have taken nothing, and the provider's record shows that it has; or that it still may, where neither a
    /// record nor a person has decided before.
    #[must_use]
    pub const fn is_belied_by(&self, finding: &Finding) -> bool {
        match finding {
            Finding::Approved(_) => !self.phase.may_move_money(),
            Finding::Undecided { .. } => matches!(self.phase, Phase::Failed { .. }),
            _ => false,
        }
    }

    /// The payment says nothing of it that is not known: it was approved with this one, which is captured, or took nothing, as
    /// this one did. What was stopped may go on for a while.
    #[must_use]
    pub fn is_as_told_by(&self, payment: &PaymentRecord) -> bool {
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

/// What a provider made, and what it held, before anything that can move money was sent (Dojo's payment intent).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preparation {
    /// What the provider calls the payment that was prepared, or that is given back.
    pub payment: Handle,
    /// The reference that the payment carries: that of the attempt it was made for.
    pub reference: AttemptReference,
    /// The runs that the payment had already. What comes to them is this attempt's.
    pub earlier_runs: Vec<Handle>,
    /// Minor units of the payment that had been given back already.
    pub refunded: i64,
    /// The run that this attempt started, once it is known.
    #[serde(default)]
    pub run: Option<Handle>,
}

impl Preparation {
    /// What the next attempt on the payment finds: the run of this one was there before.
    #[must_use]
    pub fn for_the_next(&self) -> Self {
        let mut next = self.clone();
        next.earlier_runs.extend(next.run.take());
        next
    }

    /// A history that is behind leaves out runs that the journal knows.
    #[must_use]
    pub fn with_runs_of(mut self, known: &Self) -> Self {
        for run in known.earlier_runs.iter().chain(&known.run) {
            if !self.earlier_runs.contains(run) {
                self.earlier_runs.push(run.clone());
            }
        }
        self
    }
}

/// Where an attempt stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    /// Terminal and amount are set aside; nothing that can move money was sent.
    Reserved,
    /// On disk; from here on bytes may be under way.
    Sending,
    /// The provider has it.
    Open {
        /// What the provider calls it.
        handle: Handle,
    },
    /// Sent, without a definite answer: only readings from here on.
    Unknown {
        /// What the provider calls it, where that is known.
        handle: Option<Handle>,
        /// When the first reading after the horizon found nothing.
        empty_since: Option<Timestamp>,
    },
    /// Not found or not decided after the horizon: a person decides, and the sweeps keep watching.
    Abandoned {
        /// What the provider calls it, where that is known.
        handle: Option<Handle>,
    },
    /// Money moved.
    Approved {
        /// The proof.
        approval: Approval,
        /// The till had been told otherwise before.
        late: bool,
        /// The operator who decided, where the provider's record did not.
        resolution: Option<Resolution>,
    },
    /// Proven: nothing moved, the answer was no.
    Declined {
        /// Why.
        reason: Reason,
    },
    /// Proven: nothing moved, it was stopped.
    Cancelled {
        /// The operator who decided, where the provider's record did not.
        resolution: Option<Resolution>,
    },
    /// Proven: nothing moved, it never started.
    Failed {
        /// Why.
        reason: Reason,
    },
}

/// An operator's decision on what the provider's record does not tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolution {
    /// What the operator found out.
    pub verdict: OperatorVerdict,
    /// Who decided.
    pub by: String,
    /// What the decision rests on (the terminal's receipt, a call to the provider).
    pub reason: String,
}

/// What an operator can find out at the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperatorVerdict {
    /// The money moved.
    Approved,
    /// It did not, and will not.
    NotTaken,
}

/// Everything that can happen to an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// What was reserved is about to be sent.
    Dispatched {
        /// What the provider prepared for it.
        preparation: Option<Preparation>,
    },
    /// The provider provably did not make a refund without the card: it is made at the terminal instead.
    Rerouted {
        /// The provider's reason.
        reason: Reason,
    },
    /// The provider took it: a definite yes.
    Accepted {
        /// What the provider calls it.
        handle: Handle,
    },
    /// Nothing of it was sent, because an earlier attempt's payment turned out to be taken, and it is not known yet which that
    /// was: "not paid" may not be said.
    PaidBefore,
    /// It is known now which earlier attempt was paid: nothing of this one was sent, nor is it needed.
    PaidByEarlier,
    /// The provider did not take it: a definite no.
    Refused {
        /// The provider's reason.
        reason: Reason,
    },
    /// Provably no byte of it left: a definite no.
    NotSent {
        /// What stood in the way.
        reason: Reason,
    },
    /// No definite answer.
    Silent {
        /// What happened instead.
        cause: String,
    },
    /// The program was stopped in the middle of it.
    Interrupted,
    /// The provider's record was read.
    Seen {
        /// What it means for this attempt.
        finding: Finding,
        /// When, on the provider's clock.
        at: Timestamp,
    },
    /// The till wants it stopped.
    CancelWanted,
    /// The cashier compared the customer's signature.
    SignatureCompared {
        /// It is the card's.
        accepted: bool,
    },
    /// An operator decided.
    Resolved {
        /// The decision.
        resolution: Resolution,
        /// When, on the provider's clock.
        at: Timestamp,
    },
}

impl Event {
    /// The word that the event log uses.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Dispatched { .. } => "dispatched",
            Self::Rerouted { .. } => "rerouted",
            Self::PaidBefore => "paid_before",
            Self::PaidByEarlier => "paid_by_earlier",
            Self::Accepted { .. } => "accepted",
            Self::Refused { .. } => "refused",
            Self::NotSent { .. } => "not_sent",
            Self::Silent { .. } => "silent",
            Self::Interrupted => "interrupted",
            Self::Seen { .. } => "seen",
            Self::CancelWanted => "cancel_wanted",
            Self::SignatureCompared { .. } => "signature_compared",
            Self::Resolved { .. } => "resolved",
        }
    }
}

/// A move of an attempt: what it is now, and what a person must see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// The attempt after the event.
    pub attempt: Attempt,
    /// What to raise in the same commit.
    pub alarm: Option<Alarm>,
}

/// Why an operator's decision is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotResolvable {
    /// It has a proven result already.
    #[error("the outcome is decided already; nothing is left to decide")]
    AlreadyFinal,
    /// The terminal may still take the payment.
    #[error("the payment may still complete until {until}; decide after that")]
    TooEarly {
        /// From when on it can be decided.
        until: Timestamp,
    },
}

impl Phase {
    /// The word that the journal uses.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Reserved => "reserved",
            Self::Sending => "sending",
            Self::Open { .. } => "open",
            Self::Unknown { .. } => "unknown",
            Self::Abandoned { .. } => "abandoned",
            Self::Approved { .. } => "approved",
            Self::Declined { .. } => "declined",
            Self::Cancelled { .. } => "cancelled",
            Self::Failed { .. } => "failed",
        }
    }

    /// The provider's record or an operator has decided.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Approved { .. } | Self::Declined { .. } | Self::Cancelled { .. } | Self::Failed { .. })
    }

    /// It is read until it is decided, and holds its terminal meanwhile.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        matches!(self, Self::Reserved | Self::Sending | Self::Open { .. } | Self::Unknown { .. })
    }

    /// Its money has moved or may still move: a refund in such a phase counts against its sale.
    #[must_use]
    pub const fn may_move_money(&self) -> bool {
        !matches!(self, Self::Declined { .. } | Self::Cancelled { .. } | Self::Failed { .. })
    }

    /// What the provider calls the attempt, where that is known.
    #[must_use]
    pub const fn handle(&self) -> Option<&Handle> {
        match self {
            Self::Open { handle } => Some(handle),
            Self::Unknown { handle, .. } | Self::Abandoned { handle } => handle.as_ref(),
            _ => None,
        }
    }
}
