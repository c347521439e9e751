//! The journal in memory, behind the port: one writer, one step after the other, each a little while on its way to the
//! disk. It outlives the process that writes it.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use pos_bridge::domain::attempt::{Alarm, AlarmKind, Attempt, EMPTY_LOOK_GAP, Event, Kind, Phase, Reason};
use pos_bridge::domain::directory::Terminal;
use pos_bridge::domain::evidence::Finding;
use pos_bridge::domain::identifiers::{AttemptReference, Handle, OperationId, Reference, StoreId, TillId};
use pos_bridge::domain::operation::{Operation, ProviderName, Status};
use pos_bridge::domain::request::Original;
use pos_bridge::ports::{
    Adopted, AlarmState, Begun, Callback, HistoryLine, Journal, JournalError, LogPage, LostPayment, NewRefund, NewSale,
    OperationFilter, Orphan, OutboxEntry, Pushes, RaisedAlarm, Recorded, Refunded, Results, TerminalUse,
    whole_milliseconds,
};
use tokio::time::sleep;

use crate::books::Pages;
use crate::bug::Bug;

type Result<T> = std::result::Result<T, JournalError>;

/// What is on disk, whoever writes it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disk {
    pages: Arc<Mutex<Pages>>,
    /// The last copy that was made.
    backup: Arc<Mutex<Pages>>,
    /// Nothing can be written just now.
    full: Arc<Mutex<bool>>,
}

impl Disk {
    pub(crate) fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap()
    }

    pub(crate) fn fill(&self, full: bool) {
        *self.full.lock().unwrap() = full;
    }

    pub(crate) fn back_up(&self) {
        self.backup.lock().unwrap().clone_from(&self.pages());
    }

    /// A new disk, with what the last copy holds.
    pub(crate) fn restore(&self) {
        self.fill(false);
        self.pages().clone_from(&self.backup.lock().unwrap());
    }
}

/// One process's way to the disk.
pub(crate) struct MemoryJournal {
    disk: Disk,
    queue: tokio::sync::Mutex<()>,
    /// How long a step takes until it is on disk, and its answer until it is heard.
    delay: Duration,
    bug: Option<Bug>,
}

impl MemoryJournal {
    pub(crate) fn new(disk: Disk, delay: Duration, bug: Option<Bug>) -> Self {
        Self { disk, queue: tokio::sync::Mutex::new(()), delay, bug }
    }

    async fn commit<T>(&self, step: impl FnOnce(&mut Pages) -> Result<T>) -> Result<T> {
        let turn = self.queue.lock().await;
        self.wait().await;
        if *self.disk.full.lock().unwrap() {
            return Err(JournalError::Unavailable("the disk is full".to_owned()));
        }
        let outcome = step(&mut self.disk.pages());
        drop(turn);
        self.wait().await;
        outcome
    }

    async fn wait(&self) {
        if !self.delay.is_zero() {
            sleep(self.delay).await;
        }
    }

    fn misread(&self, attempt: AttemptReference, event: Event, now: Timestamp) -> Vec<Event> {
        let cancelled = || vec![Event::Seen { finding: Finding::Cancelled, at: now }];
        let reason = || Reason::not_sent("restarted");
        let known = || {
            let pages = self.disk.pages();
            pages.position(attempt).map(|at| pages.wanted(at).1)
        };
        let sending = || known().is_some_and(|known| matches!(known.phase, Phase::Sending));
        match (self.bug, &event) {
            (Some(Bug::CancelIsCancelled), Event::CancelWanted) => cancelled(),
            (Some(Bug::NotFoundIsCancelled), Event::Silent { .. }) => cancelled(),
            (Some(Bug::NotFoundIsAbandoned), Event::Silent { .. }) => {
                let horizon = known().map_or(now, |known| known.horizon);
                let looks = [horizon, horizon + EMPTY_LOOK_GAP];
                [event].into_iter().chain(looks.map(|at| Event::Seen { finding: Finding::Nothing, at })).collect()
            }
            (Some(Bug::RestartMeansNotSent), Event::Interrupted) if sending() => {
                vec![Event::NotSent { reason: reason() }]
            }
            _ => vec![event],
        }
    }
}

#[async_trait]
impl Journal for MemoryJournal {
    async fn begin_sale(&self, sale: NewSale) -> Result<Begun> {
        if self.bug == Some(Bug::AnswersBeforeDisk) {
            let mut imagined = Pages::default();
            let begun = imagined.begin_sale(sale.clone())?;
            let disk = self.disk.clone();
            tokio::spawn(async move {
                sleep(Duration::from_millis(400)).await;
                let _ = disk.pages().begin_sale(sale);
            });
            return Ok(begun);
        }
        self.commit(|pages| pages.begin_sale(sale)).await
    }

    async fn begin_refund(&self, refund: NewRefund) -> Result<Begun> {
        if self.bug == Some(Bug::ReserveOutside) {
            let original = refund.original.expect("the simulation refunds sales alone");
            let read = self.disk.pages().set_aside(original);
            sleep(Duration::from_millis(300)).await;
            return self
                .commit(|pages| {
                    let since = pages.set_aside(original) - read;
                    pages.head(original).refunded -= since;
                    let begun = pages.begin_refund(refund);
                    pages.head(original).refunded += since;
                    begun
                })
                .await;
        }
        self.commit(|pages| pages.begin_refund(refund)).await
    }

    async fn record(&self, attempt: AttemptReference, events: Vec<Event>, now: Timestamp) -> Result<Vec<Recorded>> {
        let events: Vec<Event> = events.into_iter().flat_map(|event| self.misread(attempt, event, now)).collect();
        self.commit(|pages| {
            let before = pages.clone();
            let recorded: Result<Vec<_>> = events.iter().map(|event| pages.record(attempt, event, now)).collect();
            recorded.inspect_err(|_| *pages = before)
        })
        .await
    }

    async fn told(&self, operation: OperationId, attempt: u32, status: Status, now: Timestamp) -> Result<()> {
        self.commit(|pages| {
            pages.told(operation, attempt, status, now);
            Ok(())
        })
        .await
    }

    async fn warned(&self, operation: OperationId, _: Timestamp) -> Result<()> {
        panic!("no till of the simulation supersedes its sales: {operation}")
    }

    async fn acknowledge(&self, operation: OperationId, now: Timestamp) -> Result<Operation> {
        self.commit(|pages| pages.acknowledge(operation, now)).await
    }

    async fn keep_callback(&self, callback: Callback) -> Result<bool> {
        self.commit(|pages| Ok(pages.keep_callback(callback))).await
    }

    async fn adopt(&self, orphan: Orphan) -> Result<Option<Adopted>> {
        self.commit(|pages| pages.adopt(orphan)).await
    }

    async fn note_refunded(
        &self,
        sale: OperationId,
        refunded: Refunded,
        alarm: Option<Alarm>,
        now: Timestamp,
    ) -> Result<bool> {
        self.commit(|pages| pages.note_refunded(sale, refunded, alarm, now)).await
    }

    async fn raise(&self, operation: OperationId, alarm: Alarm, now: Timestamp) -> Result<bool> {
        self.commit(|pages| pages.raise(operation, alarm, now)).await
    }

    async fn raise_lost(&self, payment: LostPayment) -> Result<AlarmState> {
        self.commit(|pages| Ok(pages.raise_lost(payment))).await
    }

    async fn swept(&self, provider: ProviderName, store: &StoreId, at: Timestamp) -> Result<()> {
        self.commit(|pages| {
            pages.swept_at.insert((provider, store.clone()), whole_milliseconds(at));
            Ok(())
        })
        .await
    }

    async fn acknowledge_alarm(&self, id: i64, _: &str, _: Timestamp) -> Result<()> {
        self.commit(|pages| {
            let alarm = pages.alarms.iter_mut().find(|alarm| alarm.raised.id == id).ok_or(JournalError::NotFound)?;
            alarm.acknowledged = true;
            Ok(())
        })
        .await
    }

    async fn operation(&self, id: OperationId) -> Result<Option<Operation>> {
        Ok(self.disk.pages().operation(id))
    }

    async fn find(
        &self,
        till: &TillId,
        kind: Kind,
        reference: &Reference,
        simulated: bool,
    ) -> Result<Option<Operation>> {
        let pages = self.disk.pages();
        let named = pages
            .entries
            .iter()
            .filter(|entry| (&entry.head.till, entry.head.kind, &entry.head.reference) == (till, kind, reference));
        let found = named.map(|entry| (entry.generation, pages.decided(entry)));
        let means = |found: &Operation| !found.is_of_other_environment(simulated);
        Ok(found.max_by_key(|(generation, found)| (means(found), *generation)).map(|(_, found)| found))
    }

    async fn find_sale(&self, till: &TillId, original: &Original, simulated: bool) -> Result<Option<Operation>> {
        let Original::Reference { reference, till: other } = original else {
            panic!("the simulation's tills name sales by their numbers")
        };
        let till = other.as_ref().unwrap_or(till);
        let pages = self.disk.pages();
        let named = pages.entries.iter().filter(|entry| {
            (&entry.head.till, entry.head.kind, &entry.head.reference) == (till, Kind::Sale, reference)
        });
        let sales = named.map(|entry| (entry.generation, pages.decided(entry)));
        let means = |sale: &Operation| !sale.is_of_other_environment(simulated);
        Ok(sales
            .max_by_key(|(generation, sale)| (means(sale), sale.attempt.phase.may_move_money(), *generation))
            .map(|(_, sale)| sale))
    }

    async fn find_attempt(&self, reference: AttemptReference) -> Result<Option<(Operation, Attempt)>> {
        let pages = self.disk.pages();
        Ok(pages.position(reference).map(|at| pages.wanted(at)))
    }

    async fn find_prepared(&self, payment: &Handle, kind: Kind) -> Result<Vec<(Operation, Attempt)>> {
        let pages = self.disk.pages();
        let of_kind = pages.runs().filter(|(_, _, run)| run.attempt.kind == kind);
        let on_payment = of_kind.filter(|(_, _, run)| {
            run.attempt.preparation.as_ref().is_some_and(|prepared| prepared.payment == *payment)
        });
        let mut found: Vec<_> = on_payment.map(|(entry, run, _)| pages.wanted((entry, run))).collect();
        found.sort_by_key(|(_, attempt)| attempt.number);
        Ok(found)
    }

    async fn last(&self, till: &TillId) -> Result<Option<Operation>> {
        panic!("no till of the simulation asks for its last operation: {till}")
    }

    async fn operations(&self, till: &TillId, filter: &OperationFilter) -> Result<Vec<Operation>> {
        let pages = self.disk.pages();
        let of_till =
            pages.entries.iter().rev().filter(|entry| entry.head.till == *till).map(|entry| pages.decided(entry));
        let wanted = of_till.filter(|operation| {
            filter.status.is_none_or(|status| operation.status() == status)
                && filter.open.is_none_or(|open| operation.status().is_final() != open)
                && filter.acknowledged.is_none_or(|booked| operation.acknowledged_at.is_some() == booked)
        });
        let mut found: Vec<_> = wanted.collect();
        // Newest first; of one moment, the one that was written later.
        found.sort_by_key(|operation| std::cmp::Reverse(operation.created_at));
        found.truncate(usize::try_from(filter.limit).unwrap());
        Ok(found)
    }

    async fn live(&self) -> Result<Vec<(Operation, Attempt)>> {
        let pages = self.disk.pages();
        let mut live: Vec<_> = pages.runs().filter(|(_, _, run)| run.attempt.phase.is_live()).collect();
        live.sort_by_key(|(_, _, run)| run.attempt.order.reference);
        Ok(live.into_iter().map(|(entry, run, _)| pages.wanted((entry, run))).collect())
    }

    async fn abandoned(&self, since: Timestamp) -> Result<Vec<AttemptReference>> {
        let pages = self.disk.pages();
        let abandoned = pages.runs().filter(|(_, _, run)| matches!(run.attempt.phase, Phase::Abandoned { .. }));
        let mut abandoned: Vec<_> = abandoned.filter(|(_, _, run)| run.phase_since >= since).collect();
        abandoned.sort_by_key(|(_, _, run)| (run.phase_since, run.attempt.order.reference));
        Ok(abandoned.into_iter().map(|(_, _, run)| run.attempt.order.reference).collect())
    }

    async fn unpaid_refunds(&self, sale: OperationId) -> Result<Vec<AttemptReference>> {
        let pages = self.disk.pages();
        let of_sale = |entry: usize| pages.entries[entry].head.original == Some(sale);
        let unpaid = pages.runs().filter(|(entry, _, run)| of_sale(*entry) && !run.attempt.phase.may_move_money());
        let mut unpaid: Vec<_> = unpaid.map(|(_, _, run)| run.attempt.order.reference).collect();
        unpaid.sort_unstable();
        Ok(unpaid)
    }

    async fn last_sweep(&self, provider: ProviderName, store: &StoreId) -> Result<Option<Timestamp>> {
        Ok(self.disk.pages().swept_at.get(&(provider, store.clone())).copied())
    }

    async fn has_used(&self, provider: ProviderName, terminal: &str) -> Result<bool> {
        let pages = self.disk.pages();
        let is_it = |it: &Terminal| it.provider == provider && it.terminal_id.as_str() == terminal;
        Ok(pages.runs().any(|(_, _, run)| is_it(&run.terminal)))
    }

    async fn terminals(&self, _: &[Terminal]) -> Result<Vec<TerminalUse>> {
        Ok(Vec::new())
    }

    async fn stands(&self, operation: OperationId, kind: AlarmKind) -> Result<bool> {
        let alarms = self.alarms().await?;
        Ok(alarms.iter().any(|it| it.operation == Some(operation) && it.alarm.kind == kind))
    }

    async fn standing_alarms(&self) -> Result<Vec<(AlarmKind, u64)>> {
        panic!("nobody of the simulation reads the figures")
    }

    async fn alarms(&self) -> Result<Vec<RaisedAlarm>> {
        let pages = self.disk.pages();
        Ok(pages.alarms.iter().filter(|alarm| !alarm.acknowledged).map(|alarm| alarm.raised.clone()).collect())
    }

    async fn history(&self, _: OperationId) -> Result<Vec<HistoryLine>> {
        Ok(Vec::new())
    }
}

/// No till of the simulation has its results pushed or streamed.
#[async_trait]
impl Results for MemoryJournal {
    async fn next_push(&self, _: &TillId) -> Result<Option<OutboxEntry>> {
        Ok(None)
    }
    async fn pushed(&self, _: &OutboxEntry, _: Option<(u32, Status)>, _: Timestamp) -> Result<()> {
        Ok(())
    }
    async fn not_pushed(&self, _: &OutboxEntry, _: &str, _: Option<Timestamp>, _: Timestamp) -> Result<()> {
        Ok(())
    }
    async fn give_up_unwanted(&self) -> Result<()> {
        Ok(())
    }
    async fn push_again(&self, _: Option<i64>, _: Timestamp) -> Result<()> {
        Ok(())
    }
    async fn pushes(&self) -> Result<Pushes> {
        Ok(Pushes::default())
    }
    async fn log_end(&self) -> Result<i64> {
        Ok(0)
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
