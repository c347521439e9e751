//! Why the ledger would not do something.

use thiserror::Error;

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Refused {
    #[error("Resource was not found")]
    NotFound,
    #[error("unknown store {0}")]
    UnknownStore(String),
    #[error("payout destination {0} does not belong to the store")]
    WrongPayoutDestination(String),
    #[error("unknown terminal {0}")]
    UnknownTerminal(String),
    #[error("terminal {0} is not enrolled in the store")]
    NotEnrolled(String),
    #[error("terminal {0} cannot be reached")]
    Offline(String),
    #[error("terminal {0} is busy with another payment")]
    Busy(String),
    #[error("cancel is not allowed when the transaction is {0}")]
    NotCancellable(&'static str),
    #[error("operation is not allowed when the transaction is {0}")]
    WrongStatus(&'static str),
    #[error("amount exceeds what is left of the transaction")]
    ExceedsRest,
    #[error("terminal_id is required when refunding a seitatech.in_person transaction")]
    TerminalMissing,
    #[error("the refund was rejected")]
    RefundRejected,
    #[error("nothing is waiting on terminal {0}")]
    NothingPrompted(String),
}
