//! Why the bridge does not do what a till asks.

use crate::domain::attempt::NotResolvable;
use crate::domain::operation::Operation;
use crate::domain::refund::NotRefundable;

/// Why the bridge does not do what a till asks. Nothing was sent to a provider for it, unless the reason says otherwise.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// There is no such operation of this till.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The reference is taken by a different request.
    #[error("this reference was used for {}; use a new reference for a new {}", .0.money, .0.kind.name())]
    ReferenceConflict(Box<Operation>),
    /// The refund may not be made.
    #[error(transparent)]
    NotRefundable(NotRefundable),
    /// The terminal does not exist or is not the till's to use.
    #[error("terminal {0:?} is not one that this till may use")]
    UnknownTerminal(String),
    /// The terminal does not take this currency.
    #[error("currency: terminal {terminal:?} takes {taken} and no {asked}; ask for that, or name another terminal")]
    CurrencyNotTaken {
        /// The terminal's local name.
        terminal: String,
        /// What was asked for.
        asked: &'static str,
        /// What it takes.
        taken: String,
    },
    /// Another operation holds the terminal.
    #[error("terminal {} is busy with {} {} of till {}", .0.terminal, .0.kind.name(), .0.reference, .0.till)]
    TerminalBusy(Box<Operation>),
    /// The till's own older sale, which the new one was to supersede, was paid all the same.
    #[error(
        "sale {} of this till was paid before it could be cancelled: give its goods or refund it, then ask again for this \
         one", .0.reference
    )]
    OlderSalePaid(Box<Operation>),
    /// The terminal waits for a person; the text says why.
    #[error("this terminal takes no payments until a person has looked: {0}")]
    TerminalFrozen(String),
    /// An operator's decision that may not be taken.
    #[error(transparent)]
    NotResolvable(NotResolvable),
    /// No signature is waited for.
    #[error("no signature is waited for, or it was answered already; ask where the payment stands")]
    NothingToSign,
    /// The journal cannot be written. Nothing was sent; asking again is safe.
    #[error("the bridge cannot write its journal, so it takes no payments: {0}")]
    StorageUnavailable(String),
    /// The disk has not answered in time: what was asked for may begin yet, and asking again with the same reference finds it.
    #[error(
        "the disk has not answered in time, so it is not known whether this has begun; ask again with the same reference"
    )]
    StorageStalled,
    /// The bridge is starting or stopping, or has a provider no more. Nothing was sent; asking again is safe.
    #[error("the bridge is starting or stopping; ask again in a moment")]
    NotReady,
}
