//! Why the ledger would not do something.

use thiserror::Error;

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Refused {
    #[error("The payment intent was not found.")]
    NoIntent,
    #[error("The terminal session was not found.")]
    NoSession,
    #[error("The refund was not found.")]
    NoRefund,
    #[error("The terminal was not found.")]
    NoTerminal,
    #[error("The terminal is offline.")]
    Offline,
    #[error("The terminal is busy with another session.")]
    Busy,
    #[error("The payment intent is {0}; this cannot be done with it.")]
    WrongStatus(&'static str),
    #[error("The currency is not the payment intent's.")]
    WrongCurrency,
    #[error("The amount exceeds what is left of the payment.")]
    ExceedsRest,
    #[error("Unlinked refunds are not enabled for this account.")]
    UnlinkedRefundsOff,
    #[error("The session cannot be cancelled at this stage.")]
    TooLateToCancel,
    #[error("The session does not wait for a signature.")]
    NoSignatureAsked,
    #[error("Your refund request was not successful. Status: Failed.")]
    RefundFailed,
    #[error("Your reversal request was not successful. Status: Failed.")]
    ReversalFailed,
    #[error("Nothing waits on the terminal.")]
    NothingPrompted,
}
