//! What the use cases need of a cloud API that drives terminals.

use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::domain::attempt::{Attempt, Preparation, Reason};
use crate::domain::directory::{Store, Terminal};
use crate::domain::evidence::{Finding, PaymentRecord};
use crate::domain::identifiers::{AttemptReference, Handle, TransactionId};
use crate::domain::money::Currency;
use crate::domain::operation::ProviderName;
use crate::domain::prompt::AtTerminal;
use crate::domain::refund::{RefundRoute, Refunded};
use crate::domain::refund_books::RunAtMachine;
use crate::domain::request::Details;

/// What became of a call that may move money. There is no `Result` here, because it would hide the third case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer<T> {
    /// The provider took it.
    Yes(T),
    /// The provider took it, and says that it did not reach the terminal: nobody is asked for a card, and it is to be stopped.
    Undelivered(T),
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
    /// What goes on at the terminal meanwhile, where the provider tells.
    pub at_terminal: AtTerminal,
    /// Another attempt's run has taken the money of the payment that it shares: what is found is of its own run alone.
    pub paid_by_another: bool,
}

impl Seen {
    /// What was found at that time, of a payment that no other attempt has brought, and nothing of the terminal.
    #[must_use]
    pub fn at(at: Timestamp, finding: Finding) -> Self {
        Self { finding, at, at_terminal: AtTerminal::default(), paid_by_another: false }
    }
}

/// What came of preparing a sale. No money moves by that, whatever comes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prepared {
    /// It can be sent to the terminal.
    Ready(Preparation),
    /// The payment that an earlier attempt ran on was made: that attempt tells.
    Decided,
    /// It may have been made: nobody may hear that it was not.
    Undecided,
    /// It cannot be sent, and nothing was.
    Refused(Reason),
    /// The provider was not reached; it may be tried again.
    Unreached(Reason),
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
    /// The attempt, with its reference, money and terminal, and whether the card is presented there.
    pub attempt: &'a Attempt,
    /// The sale's payment; none where money is given back without a sale.
    pub transaction: Option<&'a TransactionId>,
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
    /// What became of each refund of it that carries one of our references.
    pub refunds: Vec<(AttemptReference, Finding)>,
    /// What a later reading is compared with, where the provider's refunds carry no references.
    pub preparation: Option<Preparation>,
    /// The runs at machines that gave money of it back or still may, where the provider tells those.
    pub at_machines: Vec<RunAtMachine>,
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
    /// More than one run took its money, which it shows once.
    pub several: bool,
    /// The terminal that it was asked for on last, by which it is known whose it is; it may be paid on another.
    pub terminal: Option<String>,
    /// What became of each refund of it that carries one of our references.
    pub refunds: Vec<(AttemptReference, Finding)>,
    /// What was given back beside these.
    pub refunded: Refunded,
    /// The runs at machines that gave money of it back or still may, where the provider tells those.
    pub at_machines: Vec<RunAtMachine>,
}

/// Takes the pages of a list, one after the other. What came of a list that ends in an error is not all of it.
#[async_trait]
pub trait Pages: Send {
    /// Takes the next page.
    async fn take(&mut self, page: Listing);
}

/// Payments of a shop that carry one of our references.
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
pub struct Timeouts {
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
    /// The provider's word (`ACTIVE`, `Available`); words are open, new ones come.
    pub status: String,
    /// Why it is not usable, where the provider says.
    pub reason: Option<String>,
    /// Whether it could take a payment right now, where the provider tells that.
    pub available: Option<bool>,
}

/// What a terminal can do beyond taking a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// It may ask the cashier to compare a signature.
    pub signature: bool,
    /// What it shows the customer is told meanwhile.
    pub prompts: bool,
    /// The provider writes the receipts.
    pub receipts: bool,
    /// It gives money back without a sale.
    pub unlinked_refund: bool,
    /// What it takes; anything that the account takes when empty.
    pub currencies: Vec<Currency>,
}

/// A cloud API that drives terminals.
#[async_trait]
pub trait Provider: Send + Sync {
    /// Which one it is.
    fn name(&self) -> ProviderName;
    /// Now, on the provider's clock as far as its last answers told.
    fn now(&self) -> Timestamp;
    /// An answer has told the provider's time; until then `now` is this machine's.
    fn has_told_time(&self) -> bool;
    /// Learns the provider's time, where it has not told it yet.
    async fn learn_time(&self) -> Result<(), ReadError>;
    /// No real money moves.
    fn is_sandbox(&self) -> bool;
    /// How long things may take here.
    fn timeouts(&self) -> Timeouts;
    /// What a terminal of this provider can do.
    fn capabilities(&self, terminal: &Terminal) -> Capabilities;
    /// A sale must be prepared before it can be started.
    fn prepares_sales(&self) -> bool {
        false
    }
    /// Prepares a sale, by calls that move no money. Asked only of a provider that prepares sales.
    async fn prepare_sale(&self, _: SaleOrder<'_>) -> Prepared {
        Prepared::Refused(Reason::not_sent("this provider prepares no sales"))
    }
    /// How refunds are made.
    fn refund_route(&self) -> RefundRoute;
    /// Refunds of one payment cannot be told apart, so one is made at a time.
    fn refunds_one_at_a_time(&self) -> bool {
        false
    }
    /// Starts a sale on a terminal. Sends at most one request that can start it.
    async fn start_sale(&self, order: SaleOrder<'_>) -> Answer<Handle>;
    /// Reads what the provider knows of a sale attempt.
    async fn look_for_sale(&self, attempt: &Attempt, look: Look) -> Result<Seen, ReadError>;
    /// Asks for an attempt to be stopped, as far as that is possible. Only a reading afterwards tells whether it was.
    /// `false` when there is nothing yet, or nothing at all, that the provider could be asked to stop.
    async fn cancel(&self, attempt: &Attempt) -> Result<bool, ReadError>;
    /// Passes on whether the cashier takes the customer's signature. Only a reading afterwards tells what came of it.
    async fn answer_signature(&self, _: &Handle, _accepted: bool) -> Result<(), ReadError> {
        Ok(())
    }
    /// Reads how much of a payment can be given back.
    async fn refundable(&self, transaction: &TransactionId) -> Result<Refundable, ReadError>;
    /// Starts a refund. Sends at most one request that can start it.
    async fn start_refund(&self, order: RefundOrder<'_>) -> Answer<Handle>;
    /// Reads what the provider knows of a refund attempt.
    async fn look_for_refund(&self, attempt: &Attempt, look: Look) -> Result<Seen, ReadError>;
    /// Lists the payments of a shop since a moment that carry one of our references, page by page: a list may be long.
    async fn list(&self, store: &Store, since: Timestamp, pages: &mut dyn Pages) -> Result<(), ReadError>;
    /// Reads a terminal's enrolment; `None` where these credentials may not read it.
    async fn enrolment(&self, terminal: &Terminal) -> Result<Option<Enrolment>, ReadError>;
    /// Proves that the credentials work, and tells how far this machine's clock is ahead of the provider's.
    async fn check_access(&self) -> Result<SignedDuration, ReadError>;
}
