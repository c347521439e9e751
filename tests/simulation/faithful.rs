//! The journal in memory answers as the SQLite one does: both are asked the same, at random, and every answer is compared.

mod questions;

use std::time::Duration;

use jiff::Timestamp;
use pos_bridge::domain::attempt::{Alarm, AlarmKind, Kind};
use pos_bridge::domain::identifiers::{AttemptReference, Handle};
use pos_bridge::domain::request::Original;
use pos_bridge::journal::{JournalOptions, SqliteJournal};
use pos_bridge::ports::{Journal, NewRefund, NewSale, OperationFilter};

use crate::journal::{Disk, MemoryJournal};
use questions::{Question, Questioner};

/// Asks both journals the same so often. How often an attempt began with what an earlier one was prepared on; an error with
/// the first answer that differs.
pub(crate) fn compare(seed: u64, questions: usize) -> Result<usize, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let options = JournalOptions::at(folder.path().join("journal.db"));
        let sqlite = SqliteJournal::open(options).await.unwrap();
        let memory = MemoryJournal::new(Disk::default(), Duration::ZERO, None);
        let (mut questioner, mut handed_on) = (Questioner::new(seed), 0);
        for question in 0..questions {
            let asked = questioner.next(u64::try_from(question).unwrap());
            let (one, other) = (answer(&sqlite, &asked).await, answer(&memory, &asked).await);
            if one != other {
                return Err(format!("question {question} of seed {seed}: {asked:?}\nSQLite: {one}\nmemory: {other}"));
            }
            if let Some(begun) = asked.begins()
                && let Some((operation, attempt)) = memory.find_attempt(begun).await.unwrap()
            {
                questioner.begun(&operation, &attempt);
                handed_on += usize::from(matches!(asked, Question::Sale(_)) && attempt.preparation.is_some());
            }
        }
        sqlite.close().await;
        Ok(handed_on)
    })
}

async fn answer(journal: &dyn Journal, question: &Question) -> String {
    match question.clone() {
        Question::Sale(sale) => format!("{:?}", journal.begin_sale(sale).await),
        Question::Refund(refund) => format!("{:?}", journal.begin_refund(refund).await),
        Question::Record(attempt, events, now) => format!("{:?}", journal.record(attempt, events, now).await),
        Question::Told(id, number, now) => {
            let read = journal.operation(id).await.unwrap().unwrap();
            format!("{:?} {:?}", journal.told(id, number, read.status(), now).await, journal.operation(id).await)
        }
        Question::Acknowledge(id, now) => format!("{:?}", journal.acknowledge(id, now).await),
        Question::NoteRefunded(sale, refunded, now) => {
            let alarm = Some(Alarm { kind: AlarmKind::Orphan, text: String::new() });
            format!("{:?} {:?}", journal.note_refunded(sale, refunded, alarm, now).await, journal.operation(sale).await)
        }
        Question::Adopt(orphan) => {
            let reference = orphan.trace.reference;
            format!("{:?} {:?}", journal.adopt(*orphan).await, journal.find_attempt(reference).await)
        }
        Question::Find(till, reference, simulated) => {
            let original = Original::Reference { reference: reference.clone(), till: None };
            let found = journal.find(&till, Kind::Refund, &reference, simulated).await;
            format!("{:?} {found:?}", journal.find_sale(&till, &original, simulated).await)
        }
        Question::Prepared(payment) => {
            let sales = answer_about_payment(journal, &payment, Kind::Sale).await;
            format!("{sales} {}", answer_about_payment(journal, &payment, Kind::Refund).await)
        }
        Question::Unpaid(sale) => format!("{:?}", journal.unpaid_refunds(sale).await),
        Question::List(till) => {
            let filter = OperationFilter { limit: 5, ..OperationFilter::default() };
            format!("{:?}", journal.operations(&till, &filter).await)
        }
        Question::Open => {
            let abandoned = journal.abandoned(Timestamp::UNIX_EPOCH).await;
            format!("{:?} {abandoned:?} {:?}", journal.live().await, journal.alarms().await)
        }
        Question::Raise(operation, alarm, now) => {
            let kind = alarm.kind;
            let stood = journal.stands(operation, kind).await;
            format!("{stood:?} {:?}", journal.raise(operation, alarm, now).await)
        }
        Question::RaiseLost(payment) => format!("{:?}", journal.raise_lost(payment).await),
        Question::AcknowledgeAlarm(id, now) => format!("{:?}", journal.acknowledge_alarm(id, "Kari", now).await),
        Question::CallBack(callback) => format!("{:?}", journal.keep_callback(callback).await),
        Question::Swept(provider, store, now) => {
            let last = journal.last_sweep(provider, &store).await;
            format!("{last:?} {:?}", journal.swept(provider, &store, now).await)
        }
        Question::HasUsed(provider, terminal) => format!("{:?}", journal.has_used(provider, &terminal).await),
    }
}

/// Of one number there may be several, in any order.
async fn answer_about_payment(journal: &dyn Journal, payment: &Handle, kind: Kind) -> String {
    let mut found = journal.find_prepared(payment, kind).await.unwrap();
    let numbers: Vec<_> = found.iter().map(|(_, attempt)| attempt.number).collect();
    found.sort_by_key(|(_, attempt)| attempt.order.reference);
    format!("{numbers:?} {found:?}")
}

impl Question {
    /// The attempt that it may begin.
    fn begins(&self) -> Option<AttemptReference> {
        match self {
            Self::Sale(NewSale { attempt, .. }) | Self::Refund(NewRefund { attempt, .. }) => Some(attempt.reference),
            Self::Adopt(orphan) => Some(orphan.trace.reference),
            _ => None,
        }
    }
}
