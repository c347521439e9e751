//! A journal on a broken disk: whatever passes the border stops here. It can still hold one operation.

use async_trait::async_trait;
use jiff::Timestamp;
use pos_bridge::domain::attempt::{Alarm, AlarmKind, Attempt, Event, Kind};
use pos_bridge::domain::directory::{Terminal, Till};
use pos_bridge::domain::identifiers::{AttemptReference, Handle, OperationId, Reference, StoreId, TillId};
use pos_bridge::domain::operation::{Operation, ProviderName, Status};
use pos_bridge::domain::request::Original;
use pos_bridge::ports::{
    Adopted, AlarmState, Begun, Callback, HistoryLine, Journal, JournalError, LogPage, LostPayment, NewRefund, NewSale,
    NotPushed, OperationFilter, Orphan, OutboxEntry, Pusher, Pushes, RaisedAlarm, Recorded, Refunded, Results,
    TerminalUse,
};

#[derive(Default)]
pub(crate) struct NoJournal {
    /// What every till finds, whatever it asks for.
    pub(crate) found: Option<Operation>,
    /// Whatever is written is never answered.
    pub(crate) stands_still: bool,
}

type Result<T> = std::result::Result<T, JournalError>;

impl NoJournal {
    fn held(&self) -> Result<Option<Operation>> {
        self.found.clone().map_or_else(broken, |operation| Ok(Some(operation)))
    }
}

fn broken<T>() -> Result<T> {
    Err(JournalError::Unavailable("this test has no journal".into()))
}

#[async_trait]
impl Journal for NoJournal {
    async fn begin_sale(&self, _: NewSale) -> Result<Begun> {
        broken()
    }
    async fn begin_refund(&self, _: NewRefund) -> Result<Begun> {
        broken()
    }
    async fn record(&self, _: AttemptReference, _: Vec<Event>, _: Timestamp) -> Result<Vec<Recorded>> {
        if self.stands_still { std::future::pending().await } else { broken() }
    }
    async fn told(&self, _: OperationId, _: u32, _: Status, _: Timestamp) -> Result<()> {
        broken()
    }
    async fn warned(&self, _: OperationId, _: Timestamp) -> Result<()> {
        broken()
    }
    async fn acknowledge(&self, _: OperationId, _: Timestamp) -> Result<Operation> {
        broken()
    }
    async fn keep_callback(&self, _: Callback) -> Result<bool> {
        broken()
    }
    async fn adopt(&self, _: Orphan) -> Result<Option<Adopted>> {
        broken()
    }
    async fn note_refunded(&self, _: OperationId, _: Refunded, _: Option<Alarm>, _: Timestamp) -> Result<bool> {
        broken()
    }
    async fn raise(&self, _: OperationId, _: Alarm, _: Timestamp) -> Result<bool> {
        broken()
    }
    async fn raise_lost(&self, _: LostPayment) -> Result<AlarmState> {
        broken()
    }
    async fn swept(&self, _: ProviderName, _: &StoreId, _: Timestamp) -> Result<()> {
        broken()
    }
    async fn acknowledge_alarm(&self, _: i64, _: &str, _: Timestamp) -> Result<()> {
        broken()
    }
    async fn operation(&self, _: OperationId) -> Result<Option<Operation>> {
        self.held()
    }
    async fn find(&self, _: &TillId, _: Kind, _: &Reference, _: bool) -> Result<Option<Operation>> {
        self.held()
    }
    async fn find_sale(&self, _: &TillId, _: &Original, _: bool) -> Result<Option<Operation>> {
        broken()
    }
    async fn find_attempt(&self, _: AttemptReference) -> Result<Option<(Operation, Attempt)>> {
        broken()
    }
    async fn find_prepared(&self, _: &Handle, _: Kind) -> Result<Vec<(Operation, Attempt)>> {
        broken()
    }
    async fn last(&self, _: &TillId) -> Result<Option<Operation>> {
        broken()
    }
    async fn operations(&self, _: &TillId, _: &OperationFilter) -> Result<Vec<Operation>> {
        broken()
    }
    async fn live(&self) -> Result<Vec<(Operation, Attempt)>> {
        broken()
    }
    async fn abandoned(&self, _: Timestamp) -> Result<Vec<AttemptReference>> {
        broken()
    }
    async fn unpaid_refunds(&self, _: OperationId) -> Result<Vec<AttemptReference>> {
        broken()
    }
    async fn last_sweep(&self, _: ProviderName, _: &StoreId) -> Result<Option<Timestamp>> {
        broken()
    }
    async fn has_used(&self, _: ProviderName, _: &str) -> Result<bool> {
        broken()
    }
    async fn terminals(&self, _: &[Terminal]) -> Result<Vec<TerminalUse>> {
        broken()
    }
    async fn stands(&self, _: OperationId, _: AlarmKind) -> Result<bool> {
        broken()
    }
    async fn standing_alarms(&self) -> Result<Vec<(AlarmKind, u64)>> {
        broken()
    }
    async fn alarms(&self) -> Result<Vec<RaisedAlarm>> {
        broken()
    }
    async fn history(&self, _: OperationId) -> Result<Vec<HistoryLine>> {
        broken()
    }
}

#[async_trait]
impl Results for NoJournal {
    async fn next_push(&self, _: &TillId) -> Result<Option<OutboxEntry>> {
        broken()
    }
    async fn pushed(&self, _: &OutboxEntry, _: Option<(u32, Status)>, _: Timestamp) -> Result<()> {
        broken()
    }
    async fn not_pushed(&self, _: &OutboxEntry, _: &str, _: Option<Timestamp>, _: Timestamp) -> Result<()> {
        broken()
    }
    async fn give_up_unwanted(&self) -> Result<()> {
        broken()
    }
    async fn push_again(&self, _: Option<i64>, _: Timestamp) -> Result<()> {
        broken()
    }
    async fn pushes(&self) -> Result<Pushes> {
        broken()
    }
    async fn log_end(&self) -> Result<i64> {
        self.held().map(|_| 0)
    }
    fn log_end_at_opening(&self) -> i64 {
        0
    }
    async fn is_result(&self, _: &TillId, _: i64) -> Result<bool> {
        Ok(false)
    }
    async fn results_after(&self, _: &TillId, position: i64) -> Result<LogPage> {
        Ok(LogPage { results: Vec::new(), end: position, more: false })
    }
}

/// Nothing is pushed here.
pub(crate) struct NoPusher;

#[async_trait]
impl Pusher for NoPusher {
    async fn push(&self, _: &Till, _: &str, _: &Operation, _: Timestamp) -> std::result::Result<(), NotPushed> {
        Err(NotPushed::Unreached("this test has no tills to push to".into()))
    }
}
