//! Where an attempt stands.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Reason;
use crate::domain::evidence::Approval;
use crate::domain::identifiers::Handle;

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

    /// It took money.
    #[must_use]
    pub const fn is_approved(&self) -> bool {
        matches!(self, Self::Approved { .. })
    }

    /// The proof that it took money, when it did.
    #[must_use]
    pub const fn approval(&self) -> Option<&Approval> {
        match self {
            Self::Approved { approval, .. } => Some(approval),
            _ => None,
        }
    }

    /// One reading after the horizon has found nothing; a second one gives it up.
    #[must_use]
    pub const fn awaits_second_look(&self) -> bool {
        matches!(self, Self::Unknown { empty_since: Some(_), .. })
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
