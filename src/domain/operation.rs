//! What a till asked for, and what it is told of it.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::attempt::{Alarm, AlarmKind, Attempt, Kind, Phase, Reason};
use super::evidence::Approval;
use super::identifiers::{OperationId, ProviderTerminalId, Reference, StoreId, TerminalName, TillId};
use super::money::Money;

/// A sale or a refund. Its till, kind and reference name it; where a reference started over, the newest generation is
/// meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Its id, the same for ever.
    pub id: OperationId,
    /// Sale or refund.
    pub kind: Kind,
    /// Who asked.
    pub till: TillId,
    /// The till's own reference for it.
    pub reference: Reference,
    /// How much of what.
    pub money: Money,
    /// On which terminal the deciding attempt runs.
    pub terminal: TerminalName,
    /// In which shop.
    pub store: StoreId,
    /// Which provider carries it.
    pub provider: ProviderName,
    /// The sale that a refund gives back.
    pub original: Option<OperationId>,
    /// The attempt that decides what the till is told ([`Attempt::decides_over`]); there is one from the first commit on.
    pub attempt: Attempt,
    /// Minor units of a sale that were given back, here or at the provider's back office.
    pub refunded: i64,
    /// No real money moves (a provider's sandbox).
    pub simulated: bool,
    /// When the till was given the final result of the deciding attempt.
    pub told_at: Option<Timestamp>,
    /// When the till booked the result.
    pub acknowledged_at: Option<Timestamp>,
    /// When the till asked first.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// The cloud service behind a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProviderName {
    /// Dintero Checkout with its in-person terminals.
    Dintero,
    /// Dojo with its card machines.
    Dojo,
}

impl ProviderName {
    /// The word that the configuration, the journal and the till's reply use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dintero => "dintero",
            Self::Dojo => "dojo",
        }
    }

    /// One of its terminals as `provider/id`, whatever it is called here: leases and freezes go by it.
    #[must_use]
    pub fn device(self, terminal: &ProviderTerminalId) -> String {
        format!("{}/{terminal}", self.name())
    }
}

/// Where an operation stands, in the till's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Under way.
    Pending,
    /// Money moved.
    Approved,
    /// Proven: nothing moved, the answer was no.
    Declined,
    /// Proven: nothing moved, it was stopped.
    Cancelled,
    /// Proven: nothing moved, it never started.
    Failed,
    /// Not proven either way.
    Unknown,
}

impl Status {
    /// Every status, for filters and tables.
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::Approved, Self::Declined, Self::Cancelled, Self::Failed, Self::Unknown];

    /// The word that the till's reply uses.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Declined => "declined",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }

    /// The outcome is proven.
    #[must_use]
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Pending | Self::Unknown)
    }
}

/// What the till may do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// Nothing: it is done.
    Never,
    /// Ask again with the same reference; that cannot charge twice.
    SameReference,
    /// Nothing was taken; trying again is safe.
    NewAttempt,
    /// A person looks at the terminal's receipt and decides.
    Operator,
}

impl Phase {
    /// The phase in the till's words.
    #[must_use]
    pub const fn status(&self) -> Status {
        match self {
            Self::Reserved | Self::Sending | Self::Open { .. } => Status::Pending,
            Self::Unknown { .. } | Self::Abandoned { .. } => Status::Unknown,
            Self::Approved { .. } => Status::Approved,
            Self::Declined { .. } => Status::Declined,
            Self::Cancelled { .. } => Status::Cancelled,
            Self::Failed { .. } => Status::Failed,
        }
    }

    /// What the till may do next.
    #[must_use]
    pub const fn retry(&self) -> Retry {
        match self {
            Self::Reserved | Self::Sending | Self::Open { .. } | Self::Unknown { .. } => Retry::SameReference,
            Self::Abandoned { .. } => Retry::Operator,
            Self::Approved { .. } => Retry::Never,
            Self::Declined { .. } | Self::Cancelled { .. } | Self::Failed { .. } => Retry::NewAttempt,
        }
    }
}

impl Operation {
    /// Where it stands, in the till's words.
    #[must_use]
    pub const fn status(&self) -> Status {
        self.attempt.phase.status()
    }

    /// The terminal itself that the attempt runs on ([`ProviderName::device`]).
    #[must_use]
    pub fn device(&self) -> String {
        self.provider.device(&self.attempt.order.terminal)
    }

    /// Waiting longer brings the till nothing: the result is proven, or a person has to decide.
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        !self.attempt.phase.is_live()
    }

    /// The proof that money moved, when it did.
    #[must_use]
    pub const fn approval(&self) -> Option<&Approval> {
        self.attempt.phase.approval()
    }

    /// It tells the till what it told before: of the same attempt the same outcome, and as much money.
    #[must_use]
    pub fn is_same_result(&self, before: &Self) -> bool {
        let amount = |operation: &Self| operation.approval().map(|approval| approval.amount);
        self.attempt.number == before.attempt.number
            && self.status() == before.status()
            && amount(self) == amount(before)
    }

    /// The operation with its result booked by the till; `None` where none is proven yet, or where it is booked already.
    #[must_use]
    pub fn acknowledged(&self, now: Timestamp) -> Option<Self> {
        let can_be_booked = self.acknowledged_at.is_none() && self.status().is_final();
        can_be_booked.then(|| Self { acknowledged_at: Some(now), updated_at: now, ..self.clone() })
    }

    /// The payment completed after the till had been told otherwise.
    #[must_use]
    pub const fn is_late(&self) -> bool {
        matches!(self.attempt.phase, Phase::Approved { late: true, .. })
    }

    /// Why it was refused, when it was.
    #[must_use]
    pub const fn reason(&self) -> Option<&Reason> {
        match &self.attempt.phase {
            Phase::Declined { reason } | Phase::Failed { reason } => Some(reason),
            _ => None,
        }
    }
}

/// The customer has paid more than once for one receipt, by attempts that were `approved` before. This is the alarm that
/// counts then: it freezes the terminal. Two attempts that name one payment of a sale took it once.
#[must_use]
pub fn paid_twice<'a>(paid: &Operation, approved: impl Iterator<Item = &'a Attempt>) -> Option<Alarm> {
    let payment = |attempt: &Attempt| match &attempt.phase {
        Phase::Approved { approval, .. } if attempt.kind == Kind::Sale => approval.transaction.clone(),
        _ => None,
    };
    let own = payment(&paid.attempt);
    let others = approved.filter(|attempt| own.is_none() || payment(attempt) != own);
    let numbers: Vec<String> = others.map(|attempt| attempt.number.to_string()).collect();
    (!numbers.is_empty()).then(|| Alarm {
        kind: AlarmKind::SeveralPayments,
        text: format!(
            "{} {} of till {} was paid more than once (attempt {} after {}, {} each); compare with the terminal's \
             receipts and refund what was taken twice",
            paid.kind.name(),
            paid.reference,
            paid.till,
            paid.attempt.number,
            numbers.join(", "),
            paid.money,
        ),
    })
}
