//! What the use cases need of the durable state.

mod earlier;
mod new_operation;
mod orphan;

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Callback, Refunded, Results};
use crate::domain::attempt::{Alarm, AlarmKind, Attempt, Event, Kind, NotResolvable};
use crate::domain::directory::Terminal;
use crate::domain::identifiers::{AttemptReference, Handle, OperationId, Reference, StoreId, TerminalName, TillId};
use crate::domain::operation::{Operation, ProviderName, Status};
use crate::domain::request::Original;

pub use earlier::{Earlier, Repeated, Target};
pub use new_operation::{Begun, NewAttempt, NewRefund, NewSale};
pub use orphan::{Adopted, AlarmState, LostPayment, Orphan};

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

/// What came of recording an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The operation afterwards.
    pub operation: Operation,
    /// The attempt afterwards; not always the one that decides the operation.
    pub attempt: Attempt,
    /// The event changed something.
    pub moved: bool,
    /// It decided the attempt, or decided it otherwise than before.
    pub decided: bool,
    /// What was raised with it.
    pub alarm: Option<Alarm>,
    /// Other attempts of the operation that are to be stopped because this one was approved, as they are now.
    pub stopped: Vec<Attempt>,
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
    /// Whose number that operation has, and which.
    pub known_as: Option<(TillId, Reference)>,
    /// At which terminal.
    pub terminal: Option<TerminalName>,
    /// When.
    pub raised_at: Timestamp,
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

/// The moment as a journal keeps it, so that what a step returns is what a later reading finds.
#[must_use]
pub fn whole_milliseconds(moment: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(moment.as_millisecond()).unwrap_or(moment)
}

/// The durable state. One method is one atomic step: when it returns `Ok`, the step is on disk and survives power loss;
/// no transaction leaves the journal.
#[async_trait]
pub trait Journal: Results + Send + Sync {
    /// Takes the reference, the terminal's lease and the amount, and writes the attempt as `Sending`: the intent that
    /// must be on disk before the first byte goes out. One that its provider must prepare is written as `Reserved`.
    async fn begin_sale(&self, sale: NewSale) -> Result<Begun, JournalError>;
    /// Takes the reference and sets the amount aside, and writes the attempt as `Reserved`.
    async fn begin_refund(&self, refund: NewRefund) -> Result<Begun, JournalError>;
    /// Applies events to an attempt by [`Attempt::step`], one after the other, and writes the outcome, the events and their
    /// alarms together. Returns what came of each.
    async fn record(
        &self,
        attempt: AttemptReference,
        events: Vec<Event>,
        now: Timestamp,
    ) -> Result<Vec<Recorded>, JournalError>;
    /// The till was given this result of this attempt.
    async fn told(
        &self,
        operation: OperationId,
        attempt: u32,
        status: Status,
        now: Timestamp,
    ) -> Result<(), JournalError>;
    /// The till was warned that this sale, which it had superseded, was paid all the same.
    async fn warned(&self, operation: OperationId, now: Timestamp) -> Result<(), JournalError>;
    /// The till booked the result.
    async fn acknowledge(&self, operation: OperationId, now: Timestamp) -> Result<Operation, JournalError>;
    /// Keeps a callback; `false` when this delivery was kept before.
    async fn keep_callback(&self, callback: Callback) -> Result<bool, JournalError>;
    /// Writes a payment that the journal lost, approved and late, with an alarm: as a run of the operation that its till
    /// made under the same number since, where it is the same sale, else as an operation of its own. Every other live
    /// attempt under that number is to be stopped then, unless the number started over. `None` when it is there already.
    /// No operation of the other environment (sandbox or production) is the same sale, or is stopped for it.
    async fn adopt(&self, orphan: Orphan) -> Result<Option<Adopted>, JournalError>;
    /// Notes how much of a sale somebody else gave back (the provider's back office). Returns whether that is news. Of a
    /// sum that tells not whose refunds it holds, ours are taken to be in it, those under way too; not those that were never
    /// sent. News brings the alarm with it, in the place of one of its kind that stands.
    async fn note_refunded(
        &self,
        sale: OperationId,
        refunded: Refunded,
        alarm: Option<Alarm>,
        now: Timestamp,
    ) -> Result<bool, JournalError>;
    /// Raises an alarm on an operation. `false` when the very same one was raised before, or one of its kind stands.
    async fn raise(&self, operation: OperationId, alarm: Alarm, now: Timestamp) -> Result<bool, JournalError>;
    /// Raises an alarm on a payment that is no operation, once for ever, and freezes its terminal.
    async fn raise_lost(&self, payment: LostPayment) -> Result<AlarmState, JournalError>;
    /// A shop's payments at a provider were compared with the journal, as they were at this moment of the provider's clock.
    async fn swept(&self, provider: ProviderName, store: &StoreId, at: Timestamp) -> Result<(), JournalError>;
    /// Somebody has seen to an alarm.
    async fn acknowledge_alarm(&self, id: i64, by: &str, now: Timestamp) -> Result<(), JournalError>;

    /// The operation with this id.
    async fn operation(&self, id: OperationId) -> Result<Option<Operation>, JournalError>;
    /// A till's latest operation with this kind and reference. One that is over and was made in the other environment (sandbox
    /// or production) hides none.
    async fn find(
        &self,
        till: &TillId,
        kind: Kind,
        reference: &Reference,
        simulated: bool,
    ) -> Result<Option<Operation>, JournalError>;
    /// The sale that a refund names; `till` is the asking one. Where several carry the number, the newest that is not proven
    /// unpaid; one that is over and was made in the other environment hides none.
    async fn find_sale(
        &self,
        till: &TillId,
        original: &Original,
        simulated: bool,
    ) -> Result<Option<Operation>, JournalError>;
    /// The operation of this attempt, with the provider that this one runs at, and the attempt.
    async fn find_attempt(&self, reference: AttemptReference) -> Result<Option<(Operation, Attempt)>, JournalError>;
    /// Every attempt of a kind on a payment that the provider prepared; of a sale, the oldest first.
    async fn find_prepared(&self, payment: &Handle, kind: Kind) -> Result<Vec<(Operation, Attempt)>, JournalError>;
    /// The operation that a till asked for last, for the first time or once more.
    async fn last(&self, till: &TillId) -> Result<Option<Operation>, JournalError>;
    /// A till's operations, newest first.
    async fn operations(&self, till: &TillId, filter: &OperationFilter) -> Result<Vec<Operation>, JournalError>;
    /// Every attempt that is live, and with it the operation that it belongs to.
    async fn live(&self) -> Result<Vec<(Operation, Attempt)>, JournalError>;
    /// Every attempt that was abandoned since a moment and not resolved.
    async fn abandoned(&self, since: Timestamp) -> Result<Vec<AttemptReference>, JournalError>;
    /// The refunds of a sale that are said to have paid nothing back.
    async fn unpaid_refunds(&self, sale: OperationId) -> Result<Vec<AttemptReference>, JournalError>;
    /// As of when a shop's payments at a provider were last compared.
    async fn last_sweep(&self, provider: ProviderName, store: &StoreId) -> Result<Option<Timestamp>, JournalError>;
    /// Whether an attempt ever ran on this terminal of a provider's. All of the journal is read where none did.
    async fn has_used(&self, provider: ProviderName, terminal: &str) -> Result<bool, JournalError>;
    /// What is known of each of these terminals. Who holds one or why it is frozen goes by the device, whatever name it had
    /// then.
    async fn terminals(&self, terminals: &[Terminal]) -> Result<Vec<TerminalUse>, JournalError>;
    /// Whether an alarm of this kind stands on an operation. There may be thousands of others.
    async fn stands(&self, operation: OperationId, kind: AlarmKind) -> Result<bool, JournalError>;
    /// How many alarms of each kind nobody has seen to yet; nothing of a kind of which none stands.
    async fn standing_alarms(&self) -> Result<Vec<(AlarmKind, u64)>, JournalError>;
    /// The alarms that nobody has seen to yet.
    async fn alarms(&self) -> Result<Vec<RaisedAlarm>, JournalError>;
    /// What happened to an operation, oldest first.
    async fn history(&self, operation: OperationId) -> Result<Vec<HistoryLine>, JournalError>;
}
