//! The journal's port: every writing method hands a step to the writer, every reading one asks a reader.

use async_trait::async_trait;
use jiff::Timestamp;

use super::SqliteJournal;
use super::error::Result;
use super::read;
use super::results::told::Told;
use super::results::{Acknowledge, Warned};
use super::steps::Record;
use super::steps::adopt::Adopt;
use super::steps::alarms::{AcknowledgeAlarm, Raise};
use super::steps::note_refunded::NoteRefunded;
use super::steps::sweeps::{self, Swept};
use crate::domain::attempt::{Alarm, AlarmKind, Attempt, Event, Kind};
use crate::domain::directory::Terminal;
use crate::domain::identifiers::{AttemptReference, Handle, OperationId, Reference, StoreId, TillId};
use crate::domain::operation::{Operation, ProviderName, Status};
use crate::domain::request::Original;
use crate::ports::{
    Adopted, AlarmState, Begun, Callback, HistoryLine, Journal, LostPayment, NewRefund, NewSale, OperationFilter,
    Orphan, RaisedAlarm, Recorded, Refunded, TerminalUse,
};

#[async_trait]
impl Journal for SqliteJournal {
    async fn begin_sale(&self, sale: NewSale) -> Result<Begun> {
        self.queue.commit(sale).await
    }

    async fn begin_refund(&self, refund: NewRefund) -> Result<Begun> {
        self.queue.commit(refund).await
    }

    async fn record(&self, attempt: AttemptReference, events: Vec<Event>, now: Timestamp) -> Result<Vec<Recorded>> {
        self.queue.commit(Record { attempt, events, now, outbox: self.outbox.clone() }).await
    }

    async fn told(&self, operation: OperationId, attempt: u32, status: Status, now: Timestamp) -> Result<()> {
        self.notes.write(&self.queue, Told { operation, attempt, status, now }).await
    }

    async fn warned(&self, operation: OperationId, now: Timestamp) -> Result<()> {
        self.queue.commit(Warned { operation, now }).await
    }

    async fn acknowledge(&self, operation: OperationId, now: Timestamp) -> Result<Operation> {
        self.queue.commit(Acknowledge { operation, now }).await
    }

    async fn keep_callback(&self, callback: Callback) -> Result<bool> {
        self.queue.commit(callback).await
    }

    async fn adopt(&self, orphan: Orphan) -> Result<Option<Adopted>> {
        self.queue.commit(Adopt { orphan, outbox: self.outbox.clone() }).await
    }

    async fn note_refunded(
        &self,
        sale: OperationId,
        refunded: Refunded,
        alarm: Option<Alarm>,
        now: Timestamp,
    ) -> Result<bool> {
        self.queue.commit(NoteRefunded { sale, refunded, alarm, now }).await
    }

    async fn raise(&self, operation: OperationId, alarm: Alarm, now: Timestamp) -> Result<bool> {
        self.queue.commit(Raise { operation, alarm, now }).await
    }

    async fn raise_lost(&self, payment: LostPayment) -> Result<AlarmState> {
        self.queue.commit(payment).await
    }

    async fn swept(&self, provider: ProviderName, store: &StoreId, at: Timestamp) -> Result<()> {
        self.queue.commit(Swept { provider, store: store.clone(), complete_at: at }).await
    }

    async fn acknowledge_alarm(&self, id: i64, by: &str, now: Timestamp) -> Result<()> {
        self.queue.commit(AcknowledgeAlarm { id, by: by.to_owned(), now }).await
    }

    async fn operation(&self, id: OperationId) -> Result<Option<Operation>> {
        read::operation(&self.readers, id).await
    }

    async fn find(
        &self,
        till: &TillId,
        kind: Kind,
        reference: &Reference,
        simulated: bool,
    ) -> Result<Option<Operation>> {
        read::find(&self.readers, till, kind, reference, simulated).await
    }

    async fn find_sale(&self, till: &TillId, original: &Original, simulated: bool) -> Result<Option<Operation>> {
        read::find_sale(&self.readers, till, original, simulated).await
    }

    async fn find_attempt(&self, reference: AttemptReference) -> Result<Option<(Operation, Attempt)>> {
        read::find_attempt(&self.readers, reference).await
    }

    async fn find_prepared(&self, payment: &Handle, kind: Kind) -> Result<Vec<(Operation, Attempt)>> {
        read::find_prepared(&self.readers, payment, kind).await
    }

    async fn last(&self, till: &TillId) -> Result<Option<Operation>> {
        read::last(&self.readers, till).await
    }

    async fn operations(&self, till: &TillId, filter: &OperationFilter) -> Result<Vec<Operation>> {
        read::operations(&self.readers, till, filter).await
    }

    async fn live(&self) -> Result<Vec<(Operation, Attempt)>> {
        read::live(&self.readers).await
    }

    async fn abandoned(&self, since: Timestamp) -> Result<Vec<AttemptReference>> {
        read::abandoned(&self.readers, since).await
    }

    async fn unpaid_refunds(&self, sale: OperationId) -> Result<Vec<AttemptReference>> {
        read::unpaid_refunds(&self.readers, sale).await
    }

    async fn last_sweep(&self, provider: ProviderName, store: &StoreId) -> Result<Option<Timestamp>> {
        sweeps::last(&self.readers, provider, store).await
    }

    async fn has_used(&self, provider: ProviderName, terminal: &str) -> Result<bool> {
        sweeps::has_used(&self.readers, provider, terminal).await
    }

    async fn terminals(&self, terminals: &[Terminal]) -> Result<Vec<TerminalUse>> {
        read::terminals(&self.readers, terminals).await
    }

    async fn stands(&self, operation: OperationId, kind: AlarmKind) -> Result<bool> {
        read::stands(&self.readers, operation, kind).await
    }

    async fn standing_alarms(&self) -> Result<Vec<(AlarmKind, u64)>> {
        read::standing_alarms(&self.readers).await
    }

    async fn alarms(&self) -> Result<Vec<RaisedAlarm>> {
        read::alarms(&self.readers).await
    }

    async fn history(&self, operation: OperationId) -> Result<Vec<HistoryLine>> {
        read::history(&self.readers, operation).await
    }
}
