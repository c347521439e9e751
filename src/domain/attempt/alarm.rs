//! What a person must see.

use serde::Deserialize;

/// Something that a person must see; it stands until somebody acknowledges it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// What happened.
    pub kind: AlarmKind,
    /// In words, with what to do.
    pub text: String,
}

/// The kinds of [`Alarm`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmKind {
    /// A payment completed after the till had been told otherwise, or a refund showed in the sum alone after its time.
    LateApproval,
    /// The provider's record contradicts what was asked.
    Mismatch,
    /// More than one payment was found for one attempt; its terminal is frozen until somebody has looked.
    SeveralPayments,
    /// A person must find out what became of an attempt.
    Abandoned,
    /// The provider holds a payment of ours that the journal does not know.
    Orphan,
    /// Money of a sale was given back that the journal does not know of; its refunds wait until somebody has looked, or, where
    /// the provider tells which refund it was, for good.
    LostRefund,
    /// An approved payment was not captured within a day.
    NotCaptured,
    /// The provider took an approval back.
    Corrected,
    /// The provider's record cannot be read, long after the attempt should have been decided.
    Unreadable,
}

impl AlarmKind {
    /// The word that the journal and the metrics use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LateApproval => "late_approval",
            Self::Mismatch => "mismatch",
            Self::SeveralPayments => "several_payments",
            Self::Abandoned => "abandoned",
            Self::Orphan => "orphan",
            Self::LostRefund => "lost_refund",
            Self::NotCaptured => "not_captured",
            Self::Corrected => "corrected",
            Self::Unreadable => "unreadable",
        }
    }

    /// Whether the terminal takes nothing new until somebody has acknowledged the alarm. (One on a payment that no operation
    /// stands for freezes its terminal whatever its kind.)
    #[must_use]
    pub const fn freezes_terminal(self) -> bool {
        matches!(self, Self::SeveralPayments)
    }
}
