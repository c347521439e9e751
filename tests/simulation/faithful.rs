//! The journal in memory answers as the SQLite one does: both are asked the same, at random, and every answer is compared.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use pos_bridge::domain::attempt::{Alarm, AlarmKind, Event, Kind, OperatorVerdict, Reason, Resolution};
use pos_bridge::domain::directory::{RefundLimits, Terminal};
use pos_bridge::domain::evidence::{Approval, Contradiction, Finding, PaymentRecord, PaymentState, Terms};
use pos_bridge::domain::identifiers::{
    AttemptReference, Handle, OperationId, ProviderTerminalId, Reference, StoreId, TerminalName, TillId, TransactionId,
};
use pos_bridge::domain::money::{Amount, Currency, Money};
use pos_bridge::domain::operation::ProviderName;
use pos_bridge::domain::refund::{Allowance, RefundRoute};
use pos_bridge::domain::repeat::{KnownBy, OnRepeat, RepeatRules};
use pos_bridge::domain::request::{Details, Original};
use pos_bridge::journal::{JournalOptions, SqliteJournal};
use pos_bridge::ports::{Adopted, Journal, NewAttempt, NewRefund, NewSale, OperationFilter, Orphan, Refunded, Trace};
use ulid::Ulid;

use crate::dice::Dice;
use crate::journal::{Disk, MemoryJournal};

/// Asks both journals the same so often; an error with the first answer that differs.
pub(crate) fn compare(seed: u64, questions: usize) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let options = JournalOptions::at(folder.path().join("journal.db"));
        let sqlite = SqliteJournal::open(options).await.unwrap();
        let memory = MemoryJournal::new(Disk::default(), Duration::ZERO, None);
        let mut questioner =
            Questioner { dice: Dice::new(seed, 4), now: 0, attempts: Vec::new(), operations: Vec::new() };
        for question in 0..questions {
            let asked = questioner.next(u64::try_from(question).unwrap());
            let (one, other) = (answer(&sqlite, &asked).await, answer(&memory, &asked).await);
            let begun = match &asked {
                Question::Sale(NewSale { attempt, .. }) | Question::Refund(NewRefund { attempt, .. }) => {
                    Some(attempt.operation)
                }
                Question::Adopt(orphan) => Some(orphan.operation),
                _ => None,
            };
            if let Some(begun) = begun
                && memory.operation(begun).await.unwrap().is_some()
            {
                questioner.operations.push(begun);
            }
            if one != other {
                return Err(format!("question {question} of seed {seed}: {asked:?}\nSQLite: {one}\nmemory: {other}"));
            }
        }
        sqlite.close().await;
        Ok(())
    })
}

#[derive(Debug, Clone)]
enum Question {
    Sale(NewSale),
    Refund(NewRefund),
    Record(AttemptReference, Vec<Event>, Timestamp),
    Told(OperationId, u32, Timestamp),
    Acknowledge(OperationId, Timestamp),
    NoteRefunded(OperationId, Refunded, Timestamp),
    Adopt(Orphan),
    Find(TillId, Reference),
    List(TillId),
    Open,
    AcknowledgeAlarm(i64, Timestamp),
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
        Question::Adopt(orphan) => answer_about_lost(journal, orphan).await,
        Question::Find(till, reference) => {
            let original = Original::Reference { reference: reference.clone(), till: None };
            let found = journal.find(&till, Kind::Refund, &reference).await;
            format!("{:?} {found:?}", journal.find_sale(&till, &original).await)
        }
        Question::List(till) => {
            let filter = OperationFilter { limit: 5, ..OperationFilter::default() };
            format!("{:?}", journal.operations(&till, &filter).await)
        }
        Question::Open => {
            let mut alarms = journal.alarms().await.unwrap();
            // What a person reads of a lost payment is not told here.
            alarms.iter_mut().filter(|it| it.alarm.kind == AlarmKind::Orphan).for_each(|it| it.alarm.text.clear());
            format!("{:?} {:?} {alarms:?}", journal.live().await, journal.abandoned(Timestamp::UNIX_EPOCH).await)
        }
        Question::AcknowledgeAlarm(id, now) => format!("{:?}", journal.acknowledge_alarm(id, "Kari", now).await),
    }
}

/// The words of alarms are the bridge's alone.
async fn answer_about_lost(journal: &dyn Journal, orphan: Orphan) -> String {
    let adopted = journal.adopt(orphan.clone()).await.map(|adopted| {
        adopted.map(|Adopted { mut payment, stopped }| {
            let alarm = payment.alarm.take().map(|alarm| alarm.kind);
            (payment, stopped, alarm)
        })
    });
    format!("{adopted:?} {:?}", journal.find_attempt(orphan.trace.reference).await)
}

struct Questioner {
    dice: Dice,
    now: i64,
    attempts: Vec<AttemptReference>,
    operations: Vec<OperationId>,
}

impl Questioner {
    fn next(&mut self, number: u64) -> Question {
        self.now += self.dice.between(0, 90_000);
        let now = self.time();
        let till = TillId::new(format!("till-{}", self.dice.below(2))).unwrap();
        match self.dice.below(22) {
            0..4 => {
                let attempt = self.attempt(number, till);
                let money = nok(if self.dice.percent(90) { 1_000 } else { 2_000 });
                Question::Sale(NewSale { attempt, money, is_prepared: self.dice.percent(20) })
            }
            4..6 if !self.operations.is_empty() => {
                let original = *self.dice.pick(&self.operations).unwrap();
                let allowance = Allowance {
                    limits: RefundLimits::default(),
                    currency: nok(1).currency,
                    day_began: Timestamp::UNIX_EPOCH,
                };
                let asked = self.dice.percent(70).then(|| nok(400));
                let route = *self.dice.pick(&[RefundRoute::Terminal, RefundRoute::Plain]).unwrap();
                let attempt = self.attempt(number, till);
                Question::Refund(NewRefund {
                    attempt,
                    original: Some(original),
                    asked,
                    allowance,
                    route,
                    one_at_a_time: self.dice.percent(20),
                })
            }
            6..14 if !self.attempts.is_empty() => {
                let attempt = *self.dice.pick(&self.attempts[self.attempts.len().saturating_sub(4)..]).unwrap();
                let count = self.dice.between(1, 2);
                Question::Record(attempt, (0..count).map(|_| self.event(attempt)).collect(), now)
            }
            14..16 if !self.operations.is_empty() => Question::Told(
                *self.dice.pick(&self.operations).unwrap(),
                u32::try_from(self.dice.below(2) + 1).unwrap(),
                now,
            ),
            16 if !self.operations.is_empty() => Question::Acknowledge(*self.dice.pick(&self.operations).unwrap(), now),
            20 if !self.operations.is_empty() => {
                let minor = self.dice.between(0, 800);
                let refunded = if self.dice.percent(50) { Refunded::InAll(minor) } else { Refunded::Elsewhere(minor) };
                Question::NoteRefunded(*self.dice.pick(&self.operations).unwrap(), refunded, now)
            }
            21 => Question::Adopt(self.orphan(number, till)),
            17 => Question::Find(till, self.reference()),
            18 => Question::List(till),
            19 => Question::AcknowledgeAlarm(self.dice.between(1, 6), now),
            _ => Question::Open,
        }
    }

    fn time(&self) -> Timestamp {
        Timestamp::from_millisecond(1_795_168_800_000 + self.now).unwrap()
    }

    fn reference(&mut self) -> Reference {
        Reference::new(format!("R-{}", self.dice.below(3))).unwrap()
    }

    fn attempt(&mut self, number: u64, till: TillId) -> NewAttempt {
        let name = *self.dice.pick(&["front", "back"]).unwrap();
        let (operation, reference) =
            (OperationId(Ulid::from_parts(number + 1, 1)), AttemptReference::new(Ulid::from_parts(number + 1, 2)));
        // Not every one of them will stand in the journal: an unknown name is a question too.
        self.attempts.push(reference);
        let now = self.time();
        NewAttempt {
            operation,
            reference,
            terminal: Terminal {
                name: TerminalName::new(name).unwrap(),
                provider: ProviderName::Dintero,
                store: StoreId::new("oslo").unwrap(),
                terminal_id: ProviderTerminalId::new(format!("T-{name}")).unwrap(),
                tips: false,
                unlinked_refund: false,
            },
            expires_at: now + SignedDuration::from_secs(300),
            horizon: now + SignedDuration::from_secs(420),
            may_grow: false,
            simulated: true,
            details: Details::default(),
            till,
            till_reference: self.reference(),
            asked_terminal: TerminalName::new(name).unwrap(),
            known_by: KnownBy::Reference,
            rules: RepeatRules {
                on_repeat: if self.dice.percent(80) { OnRepeat::NewAttempt } else { OnRepeat::Replay },
                heeds_superseded: false,
                reuse_after: self.dice.percent(30).then(|| SignedDuration::from_secs(600)),
            },
            now,
        }
    }

    fn orphan(&mut self, number: u64, till: TillId) -> Orphan {
        let NewAttempt { operation, mut reference, terminal, till_reference, rules, .. } =
            self.attempt(number, till.clone());
        if self.dice.percent(20) {
            reference = *self.dice.pick(&self.attempts).unwrap();
        }
        let asked_at = self.time() - SignedDuration::from_secs(self.dice.between(0, 1_200));
        let money = nok(if self.dice.percent(70) { 1_000 } else { 2_000 });
        let minor = if self.dice.percent(50) { 0 } else { self.dice.between(1, 900) };
        Orphan {
            operation,
            provider: terminal.provider,
            store: terminal.store.clone(),
            asked_terminal: None,
            till_reference: Some((till, till_reference)),
            money,
            simulated: true,
            asked_at,
            horizon: asked_at + SignedDuration::from_secs(420),
            reuse_after: rules.reuse_after,
            now: self.time(),
            trace: Trace {
                reference,
                till_reference: None,
                payment: PaymentRecord {
                    transaction: TransactionId::new(format!("T1.lost-{number}")).unwrap(),
                    session: None,
                    terms: Terms {
                        reference: reference.to_string(),
                        amount: money.amount.minor(),
                        currency: money.currency.code().to_owned(),
                        terminal: Some(terminal.terminal_id.as_str().to_owned()),
                    },
                    added: 0,
                    state: PaymentState::Approved { captured: self.dice.percent(50) },
                    card: None,
                    receipt: None,
                    created_at: Some(asked_at),
                },
                terminal: Some(terminal.terminal_id.as_str().to_owned()),
                refunds: Vec::new(),
                refunded: if self.dice.percent(50) { Refunded::InAll(minor) } else { Refunded::Elsewhere(minor) },
            },
            terminal: Some(terminal),
        }
    }

    fn event(&mut self, attempt: AttemptReference) -> Event {
        let reason = || Reason::new("05", "no");
        let handle = || Handle::new(format!("T1.{attempt}")).unwrap();
        let at = self.time() + SignedDuration::from_secs(self.dice.between(0, 900));
        let approval = Approval {
            transaction: Some(TransactionId::new(format!("T1.paid-{}", self.dice.below(2))).unwrap()),
            amount: Amount::new(1_000).unwrap(),
            captured: self.dice.percent(50),
            card: None,
            receipt: None,
            several: self.dice.percent(10),
        };
        let seen = |finding| Event::Seen { finding, at };
        let resolution = |verdict| Resolution { verdict, by: "Kari".to_owned(), reason: "receipt".to_owned() };
        match self.dice.below(14) {
            0 => Event::Dispatched { preparation: None },
            1 => Event::Accepted { handle: handle() },
            2 => Event::Refused { reason: reason() },
            3 => Event::Silent { cause: "nothing came".to_owned() },
            4 => Event::Interrupted,
            5 => Event::CancelWanted,
            6 => seen(Finding::Nothing),
            7 => seen(Finding::Undecided { handle: Some(handle()), started: self.dice.percent(50) }),
            8 => seen(Finding::Declined(reason())),
            9 => seen(Finding::Cancelled),
            10 => seen(Finding::Contradiction { what: Contradiction::Amount { asked: 1, found: 2 }, handle: None }),
            11 => Event::Resolved { resolution: resolution(OperatorVerdict::NotTaken), at },
            12 => Event::Resolved { resolution: resolution(OperatorVerdict::Approved), at },
            _ => seen(Finding::Approved(approval)),
        }
    }
}

fn nok(minor: i64) -> Money {
    Money { amount: Amount::new(minor).unwrap(), currency: Currency::from_code("NOK").unwrap() }
}
