//! A terminal session: what a terminal was asked to do, and what it told since.

use jiff::Timestamp;
use serde::Serialize;

use crate::simulator::dojo::machines::{Card, Script};
use crate::simulator::identifiers;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) enum SessionStatus {
    InitiateRequested,
    Initiated,
    SignatureVerificationRequired,
    SignatureVerificationAccepted,
    SignatureVerificationRejected,
    Authorized,
    Captured,
    Declined,
    CancelRequested,
    Canceled,
    Expired,
}

impl SessionStatus {
    pub(super) fn is_final(self) -> bool {
        matches!(self, Self::Authorized | Self::Captured | Self::Declined | Self::Canceled | Self::Expired)
    }

    /// Virtual milliseconds that it may last; what ends it then is in `limits`.
    pub(super) fn lasts(self) -> Option<u64> {
        match self {
            Self::InitiateRequested => Some(10_000),
            Self::Initiated => Some(90_000),
            Self::SignatureVerificationRequired => Some(80_000),
            _ => None,
        }
    }
}

/// What a session is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SessionKind {
    Sale {
        intent_id: String,
    },
    /// Without an amount all that is left.
    MatchedRefund {
        intent_id: String,
        amount: Option<i64>,
        currency: Option<String>,
    },
    UnlinkedRefund {
        amount: i64,
        currency: String,
        cardholder_not_present: bool,
    },
}

impl SessionKind {
    pub(super) fn intent_id(&self) -> Option<&str> {
        match self {
            Self::Sale { intent_id } | Self::MatchedRefund { intent_id, .. } => Some(intent_id),
            Self::UnlinkedRefund { .. } => None,
        }
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Sale { .. } => "Sale",
            Self::MatchedRefund { .. } => "MatchedRefund",
            Self::UnlinkedRefund { .. } => "UnlinkedRefund",
        }
    }
}

/// What a card did.
#[derive(Debug, Clone)]
pub(crate) struct Payment {
    pub(crate) transaction_id: String,
    pub(crate) auth_code: String,
    pub(crate) card: Card,
    pub(crate) at: Timestamp,
    pub(crate) approved: bool,
    pub(crate) amount: i64,
    pub(crate) currency: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) terminal_id: String,
    pub(crate) kind: SessionKind,
    pub(crate) script: &'static Script,
    /// Which step of the script comes next.
    pub(crate) next_step: usize,
    /// The script is over, whatever steps are left.
    pub(crate) settled: bool,
    /// A card was presented.
    pub(crate) attempted: bool,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) expire_at: Timestamp,
    pub(crate) statuses: Vec<(SessionStatus, Timestamp)>,
    pub(crate) notifications: Vec<(&'static str, Timestamp)>,
    pub(crate) payment: Option<Payment>,
    /// What was given to the card of an unlinked refund.
    pub(crate) unlinked_refund: i64,
}

impl Session {
    pub(super) fn new(terminal_id: String, kind: SessionKind, script: &'static Script, now: Timestamp) -> Self {
        Self {
            id: identifiers::dojo_id("ts"),
            terminal_id,
            kind,
            script,
            next_step: 0,
            settled: false,
            attempted: false,
            created_at: now,
            updated_at: now,
            expire_at: now,
            statuses: Vec::with_capacity(4),
            notifications: Vec::with_capacity(6),
            payment: None,
            unlinked_refund: 0,
        }
    }

    pub(crate) fn status(&self) -> SessionStatus {
        self.statuses.last().map_or(SessionStatus::InitiateRequested, |(status, _)| *status)
    }

    pub(super) fn show(&mut self, notification: &'static str, now: Timestamp) {
        self.notifications.push((notification, now));
        self.updated_at = now;
    }
}
