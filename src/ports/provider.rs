//! What the use cases need of a cloud API that drives terminals.

use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::domain::attempt::{Attempt, Reason};
use crate::domain::directory::{Store, Terminal};
use crate::domain::evidence::{Finding, PaymentRecord};
use crate::domain::identifiers::{AttemptReference, Handle, TransactionId};
use crate::domain::operation::ProviderName;
use crate::domain::request::Details;

/// What became of a call that may move money. There is no `Result` here, because it would hide the third case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer<T> {
    /// The provider took it.
    Yes(T),
    /// The provider did not take it, and said so.
    No(Reason),
    /// No byte of it left this machine: sending it again cannot double it.
    NotSent(Reason),
    /// Anything else. It may have happened: look, do not send.
    Unknown(String),
}

/// Why the provider's record could not be read. Reading is harmless: try again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// No usable answer: network, overload, an answer that cannot be understood.
    #[error("the provider did not answer usably: {cause}")]
    Unreachable {
        /// What happened.
        cause: String,
        /// When the provider wants to be asked again, where it said so.
        retry_after: Option<Duration>,
    },
    /// The provider refused the reading (credentials, account): somebody must mend the configuration.
    #[error("the provider refused the reading: {0}")]
    Refused(String),
}

/// How hard to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// On whatever connection and token are at hand.
    Usual,
    /// On a new connection with a new token: the last look before an attempt is given up.
    Fresh,
}

/// One reading of the provider's record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// What it means for the attempt.
    pub finding: Finding,
    /// When, on the provider's clock (its `Date`), so that a wrong clock here decides nothing.
    pub at: Timestamp,
}

/// Everything a provider needs to start a sale.
#[derive(Debug, Clone, Copy)]
pub struct SaleOrder<'a> {
    /// The attempt, with its reference, money, terminal and expiry.
    pub attempt: &'a Attempt,
    /// The shop of the terminal.
    pub store: &'a Store,
    /// The till and its own number, for the people in the back office.
    pub till_reference: &'a str,
    /// What is passed on.
    pub details: &'a Details,
}

/// Everything a provider needs to start a refund.
#[derive(Debug, Clone, Copy)]
pub struct RefundOrder<'a> {
    /// The attempt, with its reference, money and terminal.
    pub attempt: &'a Attempt,
    /// The sale's payment.
    pub transaction: &'a TransactionId,
    /// What is passed on.
    pub details: &'a Details,
}

/// How much of a payment the provider says can still be given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refundable {
    /// Minor units that were captured.
    pub captured: i64,
    /// Minor units that were given back already, by whomever.
    pub refunded: i64,
    /// The refunds of it that carry one of our references, whatever became of them.
    pub references: Vec<AttemptReference>,
}

/// One of our payments as a listing of a shop's payments shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// Which of our attempts it carries.
    pub reference: AttemptReference,
    /// `till/reference`, as it was sent for the people in the back office.
    pub till_reference: Option<String>,
    /// The payment.
    pub payment: PaymentRecord,
    /// What became of each refund of it that carries one of our references.
    pub refunds: Vec<(AttemptReference, Finding)>,
    /// Minor units that were given back by somebody else.
    pub refunded_elsewhere: i64,
}

/// A shop's payments that carry one of our references.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listing {
    /// Those that can be understood.
    pub traces: Vec<Trace>,
    /// Those that cannot.
    pub unreadable: Vec<Unreadable>,
}

/// A payment of ours that cannot be understood, as far as it can.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Which of our attempts it carries.
    pub reference: AttemptReference,
    /// The terminal that it names.
    pub terminal: Option<String>,
    /// `till/reference`, as it was sent for the people in the back office.
    pub till_reference: Option<String>,
    /// What the provider calls it.
    pub transaction: Option<String>,
}

/// How long things may take at a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// How long a sale may be started on the terminal after it was sent.
    pub session: SignedDuration,
    /// How long a prompt that was started may still complete, and a request still be under way.
    pub afterwards: SignedDuration,
    /// How long a refund may take until a person must look.
    pub refund: SignedDuration,
}

/// A terminal as its provider sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// The provider's word (`ACTIVE`); words are open, new ones come.
    pub status: String,
    /// Why it is not usable, where the provider says.
    pub reason: Option<String>,
}

/// A cloud API that drives terminals.
#[async_trait]
pub trait Provider: Send + Sync {
    /// Which one it is.
    fn name(&self) -> ProviderName;
    /// Now, on the provider's clock as far as its last answers told.
    fn now(&self) -> Timestamp;
    /// Learns the provider's time, where it has not told it yet.
    async fn learn_time(&self) -> Result<(), ReadError>;
    /// No real money moves.
    fn is_sandbox(&self) -> bool;
    /// How long things may take here.
    fn patience(&self) -> Patience;
    /// A refund is approved on a terminal, so it needs the terminal's lease.
    fn refunds_on_terminal(&self) -> bool;
    /// Starts a sale on a terminal. Sends at most one request that can start it.
    async fn start_sale(&self, order: SaleOrder<'_>) -> Answer<Handle>;
    /// Reads what the provider knows of a sale attempt.
    async fn look_for_sale(&self, attempt: &Attempt, look: Look) -> Result<Seen, ReadError>;
    /// Asks for a sale attempt to be stopped. Only a reading afterwards tells whether it was.
    async fn cancel_sale(&self, handle: &Handle) -> Result<(), ReadError>;
    /// Reads how much of a payment can be given back.
    async fn refundable(&self, transaction: &TransactionId) -> Result<Refundable, ReadError>;
    /// Starts a refund. Sends at most one request that can start it.
    async fn start_refund(&self, order: RefundOrder<'_>) -> Answer<Handle>;
    /// Reads what the provider knows of a refund attempt.
    async fn look_for_refund(&self, attempt: &Attempt, look: Look) -> Result<Seen, ReadError>;
    /// Lists the payments of a shop since a moment that carry one of our references.
    async fn list(&self, store: &Store, since: Timestamp) -> Result<Listing, ReadError>;
    /// Reads a terminal's enrolment; `None` where these credentials may not read it.
    async fn enrolment(&self, terminal: &Terminal) -> Result<Option<Enrolment>, ReadError>;
    /// Proves that the credentials work, and tells how far this machine's clock is ahead of the provider's.
    async fn check_access(&self) -> Result<SignedDuration, ReadError>;
}
