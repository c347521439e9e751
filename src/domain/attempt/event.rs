//! Everything that can happen to an attempt.

use jiff::Timestamp;
use serde::Serialize;

use super::{Preparation, Reason, Resolution};
use crate::domain::evidence::Finding;
use crate::domain::identifiers::Handle;

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
