//! What the use cases need of the outside: a journal, providers, a clock.

use async_trait::async_trait;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};

use crate::domain::attempt::{Alarm, Attempt, Event, Kind, NotResolvable, Reason};
use crate::domain::directory::{Store, Terminal};
use crate::domain::evidence::{Finding, PaymentRecord};
use crate::domain::identifiers::{
    AttemptReference, Handle, OperationId, Reference, StoreId, TerminalName, TillId, TransactionId,
};
use crate::domain::money::{Currency, Money};
use crate::domain::operation::{OnRepeat, Operation, Provider as ProviderName, Status};
use crate::domain::refund::NotRefundable;
use crate::domain::request::{Details, Original};

/// The time of day. Behind a trait so that tests can jump.
pub trait Clock: Send + Sync {
    /// Now, on this machine.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

// ── Provider ────────────────────────────────────────────────────────────────────────────────────────────────────────

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
        retry_after: Option<std::time::Duration>,
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
    async fn traces(&self, store: &Store, since: Timestamp) -> Result<Vec<Trace>, ReadError>;
    /// Reads a terminal's enrolment; `None` where these credentials may not read it.
    async fn enrolment(&self, terminal: &Terminal) -> Result<Option<Enrolment>, ReadError>;
    /// Proves that the credentials work, and tells how far this machine's clock is ahead of the provider's.
    async fn check_access(&self) -> Result<SignedDuration, ReadError>;
}

// ── Journal ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Why the journal could not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// Nothing was written (disk full, read-only, too busy): trying again is safe.
    #[error("the journal cannot be written: {0}")]
    Unavailable(String),
    /// A commit failed in a way that leaves open what is on disk: the process must stop and read the truth anew.
    #[error("the journal failed while committing: {0}")]
    Broken(String),
    /// A row cannot be understood.
    #[error("the journal holds something unreadable: {0}")]
    Corrupt(String),
    /// There is no such operation or attempt.
    #[error("the journal has no such entry")]
    NotFound,
    /// An operator's decision that may not be taken.
    #[error(transparent)]
    NotResolvable(#[from] NotResolvable),
}

/// What every new attempt carries.
#[derive(Debug, Clone)]
pub struct NewAttempt {
    /// The number of the operation, should it be a new one.
    pub operation: OperationId,
    /// The name of the attempt.
    pub reference: AttemptReference,
    /// The terminal that it runs on.
    pub terminal: Terminal,
    /// When the provider stops accepting it, on the provider's clock.
    pub expires_at: Timestamp,
    /// From when on an empty record counts, on the provider's clock.
    pub horizon: Timestamp,
    /// No real money moves.
    pub simulated: bool,
    /// What is kept with the operation.
    pub details: Details,
    /// Who asks.
    pub till: TillId,
    /// The till's own number.
    pub till_reference: Reference,
    /// What a repeated reference means to this till.
    pub on_repeat: OnRepeat,
    /// Now, on this machine.
    pub now: Timestamp,
}

/// A sale to begin.
#[derive(Debug, Clone)]
pub struct NewSale {
    /// What every new attempt carries.
    pub attempt: NewAttempt,
    /// How much of what.
    pub money: Money,
}

/// A refund to begin.
#[derive(Debug, Clone)]
pub struct NewRefund {
    /// What every new attempt carries.
    pub attempt: NewAttempt,
    /// The sale.
    pub original: OperationId,
    /// How much; all that is left when the till did not say.
    pub asked: Option<Money>,
    /// The refund needs the terminal: it takes the lease.
    pub on_terminal: bool,
}

/// What came of a begin. Everything but `New` changed nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// On disk: the attempt is the caller's to drive.
    New(Operation),
    /// The same operation is under way.
    Joined(Operation),
    /// The same operation is over.
    Replayed(Operation),
    /// The reference is taken by something else.
    Conflict(Operation),
    /// The terminal is held.
    Busy(Operation),
    /// The terminal takes nothing until somebody has acknowledged an alarm.
    Frozen(String),
    /// The refund may not be made.
    NotRefundable(NotRefundable),
}

/// What came of recording an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The operation afterwards.
    pub operation: Operation,
    /// The attempt afterwards; not always the one that decides the operation.
    pub attempt: Attempt,
    /// The event changed something.
    pub moved: bool,
    /// What was raised with it.
    pub alarm: Option<Alarm>,
    /// Other attempts of the operation that are to be stopped because this one was approved.
    pub stopped: Vec<AttemptReference>,
}

/// A till's question for its operations.
#[derive(Debug, Clone, Default)]
pub struct OperationFilter {
    /// Only in this status.
    pub status: Option<Status>,
    /// Only those that are under way or not proven (`true`), or only proven ones (`false`).
    pub open: Option<bool>,
    /// Only those that the till has booked, or has not.
    pub acknowledged: Option<bool>,
    /// Only those created at or after this moment.
    pub since: Option<Timestamp>,
    /// Only those created before this moment.
    pub until: Option<Timestamp>,
    /// Only those of this amount in minor units.
    pub amount: Option<i64>,
    /// At most so many.
    pub limit: u32,
    /// Only those older than this one (the last of the page before).
    pub after: Option<OperationId>,
}

/// What the journal knows of a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TerminalUse {
    /// Which one.
    pub terminal: TerminalName,
    /// Whose attempt holds it.
    pub holder: Option<Operation>,
    /// When it last took money.
    pub last_approved_at: Option<Timestamp>,
    /// Why it takes nothing, when it is frozen.
    pub frozen: Option<String>,
}

/// An alarm that was raised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RaisedAlarm {
    /// Its number.
    pub id: i64,
    /// What and why.
    pub alarm: Alarm,
    /// Of which operation.
    pub operation: Option<OperationId>,
    /// At which terminal.
    pub terminal: Option<TerminalName>,
    /// When.
    pub raised_at: Timestamp,
}

/// A callback that proved genuine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callback {
    /// Who sent it.
    pub provider: ProviderName,
    /// The sender's number of this delivery, the same when it is repeated; our own digest of it where it has none.
    pub delivery: String,
    /// The attempt that it is about.
    pub attempt: Option<AttemptReference>,
    /// The called address without the host, for the log.
    pub query: String,
    /// When it came.
    pub received_at: Timestamp,
}

/// A payment of ours that the journal does not hold (a restored backup, a lost disk).
#[derive(Debug, Clone)]
pub struct Orphan {
    /// The number that its operation gets.
    pub operation: OperationId,
    /// The payment as the provider holds it.
    pub trace: Trace,
    /// The shop it was found in.
    pub store: StoreId,
    /// The terminal, where the provider's one is configured.
    pub terminal: Option<Terminal>,
    /// The till and the till's number, as far as they were readable.
    pub till_reference: Option<(TillId, Reference)>,
    /// The currency, when it is one.
    pub currency: Option<Currency>,
    /// No real money moves.
    pub simulated: bool,
    /// Now, on this machine.
    pub now: Timestamp,
}

/// A payment that was taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adopted {
    /// The operation that it became.
    pub operation: Operation,
    /// Attempts under the same reference that are to be stopped: it is paid.
    pub stopped: Vec<AttemptReference>,
}

/// A line of an operation's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryLine {
    /// The position in the log of all operations.
    pub sequence: i64,
    /// When.
    pub at: Timestamp,
    /// Which attempt, by number.
    pub attempt: u32,
    /// What happened, as JSON.
    pub event: String,
    /// Where the attempt stood afterwards.
    pub phase: String,
}

/// The durable state. One method is one atomic step: when it returns `Ok`, the step is on disk and survives power loss;
/// no transaction leaves the journal.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Takes the reference, the terminal's lease and the amount, and writes the attempt as `Sending`: the intent that
    /// must be on disk before the first byte goes out.
    async fn begin_sale(&self, sale: NewSale) -> Result<Begun, JournalError>;
    /// Takes the reference and sets the amount aside, and writes the attempt as `Reserved`.
    async fn begin_refund(&self, refund: NewRefund) -> Result<Begun, JournalError>;
    /// Applies an event to an attempt by [`Attempt::step`], and writes the outcome, the event and its alarm together.
    async fn record(&self, attempt: AttemptReference, event: Event, now: Timestamp) -> Result<Recorded, JournalError>;
    /// The till was given the final result of this attempt.
    async fn told(&self, operation: OperationId, attempt: u32, now: Timestamp) -> Result<(), JournalError>;
    /// The till booked the result.
    async fn acknowledge(&self, operation: OperationId, now: Timestamp) -> Result<Operation, JournalError>;
    /// Keeps a callback; `false` when this delivery was kept before.
    async fn keep_callback(&self, callback: Callback) -> Result<bool, JournalError>;
    /// Writes an operation for a payment that the journal lost, approved and late, with an alarm, and wants every live
    /// attempt stopped that the same till made under the same reference. `None` when it is there already.
    async fn adopt(&self, orphan: Orphan) -> Result<Option<Adopted>, JournalError>;
    /// Notes how much of a sale somebody else gave back (the provider's back office). Returns whether that is news.
    async fn note_refunded_elsewhere(
        &self,
        sale: OperationId,
        minor: i64,
        now: Timestamp,
    ) -> Result<bool, JournalError>;
    /// Raises an alarm on an operation. `false` when the very same one was raised before, or one of its kind stands.
    async fn raise(&self, operation: OperationId, alarm: Alarm, now: Timestamp) -> Result<bool, JournalError>;
    /// Somebody has seen to an alarm.
    async fn acknowledge_alarm(&self, id: i64, by: &str, now: Timestamp) -> Result<(), JournalError>;

    /// The operation with this number.
    async fn operation(&self, id: OperationId) -> Result<Option<Operation>, JournalError>;
    /// A till's latest operation with this kind and reference.
    async fn find(&self, till: &TillId, kind: Kind, reference: &Reference) -> Result<Option<Operation>, JournalError>;
    /// The sale that a refund names; `till` is the asking one.
    async fn find_sale(&self, till: &TillId, original: &Original) -> Result<Option<Operation>, JournalError>;
    /// The operation of this attempt, and the attempt.
    async fn find_attempt(&self, reference: AttemptReference) -> Result<Option<(Operation, Attempt)>, JournalError>;
    /// A till's most recent operation.
    async fn last(&self, till: &TillId) -> Result<Option<Operation>, JournalError>;
    /// A till's operations, newest first.
    async fn operations(&self, till: &TillId, filter: &OperationFilter) -> Result<Vec<Operation>, JournalError>;
    /// Every attempt that is live, and with it the operation that it belongs to.
    async fn live(&self) -> Result<Vec<(Operation, Attempt)>, JournalError>;
    /// Every attempt that was abandoned since a moment and not resolved.
    async fn abandoned(&self, since: Timestamp) -> Result<Vec<(Operation, Attempt)>, JournalError>;
    /// What is known of each terminal that ever took part; ask by name for the rest.
    async fn terminals(&self) -> Result<Vec<TerminalUse>, JournalError>;
    /// The alarms that nobody has seen to yet.
    async fn alarms(&self) -> Result<Vec<RaisedAlarm>, JournalError>;
    /// What happened to an operation, oldest first.
    async fn history(&self, operation: OperationId) -> Result<Vec<HistoryLine>, JournalError>;
}

// ── Callbacks ───────────────────────────────────────────────────────────────────────────────────────────────────────

/// A request that claims to come from a provider.
#[derive(Debug, Clone)]
pub struct CallbackRequest {
    /// `GET` or `POST`.
    pub method: String,
    /// The path that was called here.
    pub path: String,
    /// The query without its question mark, exactly as it came.
    pub query: String,
    /// The headers, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body; never a source of truth.
    pub body: Bytes,
}

impl CallbackRequest {
    /// The first header with this lower-case name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// A request to the callback listener did not come from the provider.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a genuine callback: {0}")]
pub struct NotGenuine(pub &'static str);

/// Tells a provider's callbacks from anybody else's.
pub trait CallbackVerifier: Send + Sync {
    /// What the request is, when it is proven to come from the provider.
    ///
    /// # Errors
    /// [`NotGenuine`] for anything that is not proven.
    fn verify(&self, request: &CallbackRequest, now: Timestamp) -> Result<Callback, NotGenuine>;
}
