//! A journal in a folder of its own, and short ways to say what happens.

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::{SignedDuration, Timestamp};
use pos_bridge::domain::attempt::{Attempt, Event, Phase, Reason};
use pos_bridge::domain::directory::{RefundLimits, Terminal};
use pos_bridge::domain::evidence::{Approval, Finding};
use pos_bridge::domain::identifiers::*;
use pos_bridge::domain::money::{Amount, Currency, Money};
use pos_bridge::domain::operation::{Operation, ProviderName};
use pos_bridge::domain::refund::Allowance;
use pos_bridge::domain::refund::RefundRoute;
use pos_bridge::domain::repeat::{KnownBy, RepeatRules};
use pos_bridge::domain::request::Details;
use pos_bridge::journal::{JournalOptions, SqliteJournal};
use pos_bridge::ports::{Begun, Journal, NewAttempt, NewRefund, NewSale, Recorded};
use tempfile::TempDir;
use ulid::Ulid;

pub(crate) struct Fixture {
    pub(crate) journal: SqliteJournal,
    pub(crate) folder: TempDir,
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        Self::in_folder(tempfile::tempdir().unwrap()).await
    }

    pub(crate) async fn in_folder(folder: TempDir) -> Self {
        let journal = SqliteJournal::open(JournalOptions::at(folder.path().join("journal.db"))).await.unwrap();
        Self { journal, folder }
    }

    /// One that pushes the results of till-1.
    pub(crate) async fn pushing() -> Self {
        Self::in_folder(tempfile::tempdir().unwrap()).await.with_pushes().await
    }

    async fn with_pushes(self) -> Self {
        self.journal.close().await;
        let options = JournalOptions::at(self.folder.path().join("journal.db"));
        let journal =
            SqliteJournal::open(JournalOptions { pushed_to: [till("till-1")].into(), ..options }).await.unwrap();
        Self { journal, ..self }
    }

    /// The same file, read anew as after a restart.
    pub(crate) async fn reopened(self) -> Self {
        self.journal.close().await;
        Self::in_folder(self.folder).await
    }

    /// Another program's view of the file.
    pub(crate) async fn raw(&self) -> sqlx::SqliteConnection {
        use sqlx::ConnectOptions;
        sqlx::sqlite::SqliteConnectOptions::new()
            .filename(self.folder.path().join("journal.db"))
            .connect()
            .await
            .unwrap()
    }

    pub(crate) async fn begin(&self, sale: NewSale) -> Operation {
        match self.journal.begin_sale(sale).await.unwrap() {
            Begun::New(operation) => operation,
            other => panic!("not new: {other:?}"),
        }
    }

    pub(crate) async fn record(&self, operation: &Operation, event: Event) -> Recorded {
        self.record_all(operation, vec![event]).await.remove(0)
    }

    pub(crate) async fn record_all(&self, operation: &Operation, events: Vec<Event>) -> Vec<Recorded> {
        self.journal.record(operation.attempt.order.reference, events, now()).await.unwrap()
    }

    /// An approved sale of 100.00 NOK by till-1 on `front`.
    pub(crate) async fn approved_sale(&self, reference: &str) -> Operation {
        let begun = self.begin(sale("till-1", reference, "front", 10_000)).await;
        self.record(&begun, approved(&begun.attempt)).await.operation
    }

    /// A sale that was declined, and whose till knows.
    pub(crate) async fn declined_sale(&self, reference: &str) -> Operation {
        let begun = self.begin(sale("till-1", reference, "front", 10_000)).await;
        let declined = self.record(&begun, seen(Finding::Declined(Reason::new("05", "no")))).await.operation;
        self.journal.told(declined.id, declined.attempt.number, declined.status(), now()).await.unwrap();
        self.journal.operation(declined.id).await.unwrap().unwrap()
    }

    pub(crate) async fn refund(&self, sale: &Operation, reference: &str, asked: Option<i64>) -> Begun {
        self.journal.begin_refund(refund("till-1", reference, sale.id, asked)).await.unwrap()
    }
}

/// A fixed moment with parts that the journal does not keep.
pub(crate) fn now() -> Timestamp {
    "2026-11-20T10:15:02.120456Z".parse().unwrap()
}

pub(crate) fn later(seconds: i64) -> Timestamp {
    now() + SignedDuration::from_secs(seconds)
}

pub(crate) fn till(name: &str) -> TillId {
    TillId::new(name).unwrap()
}

pub(crate) fn reference(text: &str) -> Reference {
    Reference::new(text).unwrap()
}

pub(crate) fn nok(minor: i64) -> Money {
    Money { amount: Amount::new(minor).unwrap(), currency: Currency::from_code("NOK").unwrap() }
}

pub(crate) fn terminal(name: &str) -> Terminal {
    Terminal {
        name: TerminalName::new(name).unwrap(),
        provider: ProviderName::Dintero,
        store: StoreId::new("oslo-center").unwrap(),
        terminal_id: ProviderTerminalId::new(format!("T-{name}")).unwrap(),
        tips: false,
        unlinked_refund: false,
    }
}

pub(crate) fn number() -> Ulid {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    Ulid::from_parts(1_700_000_000_000, u128::from(NEXT.fetch_add(1, Ordering::Relaxed)))
}

pub(crate) fn attempt(till_id: &str, till_reference: &str, on: &str) -> NewAttempt {
    NewAttempt {
        operation: OperationId(number()),
        reference: AttemptReference::new(number()),
        terminal: terminal(on),
        asked_terminal: TerminalName::new(on).unwrap(),
        expires_at: later(300),
        horizon: later(420),
        may_grow: false,
        simulated: false,
        details: Details { operator: Some("Kari".to_owned()), ..Details::default() },
        till: till(till_id),
        till_reference: reference(till_reference),
        known_by: KnownBy::Reference,
        rules: RepeatRules::default(),
        now: now(),
    }
}

pub(crate) fn sale(till_id: &str, till_reference: &str, on: &str, minor: i64) -> NewSale {
    NewSale { attempt: attempt(till_id, till_reference, on), money: nok(minor), is_prepared: false }
}

pub(crate) fn refund(till_id: &str, till_reference: &str, original: OperationId, asked: Option<i64>) -> NewRefund {
    NewRefund {
        attempt: attempt(till_id, till_reference, "front"),
        original: Some(original),
        asked: asked.map(nok),
        allowance: allowance(RefundLimits::default()),
        route: RefundRoute::Plain,
        one_at_a_time: false,
    }
}

/// Limits in NOK, on the day of every attempt here.
pub(crate) fn allowance(limits: RefundLimits) -> Allowance {
    Allowance { limits, currency: nok(1).currency, day_began: Timestamp::UNIX_EPOCH }
}

pub(crate) fn approval(attempt: &Attempt) -> Approval {
    Approval {
        transaction: Some(TransactionId::new(format!("T1.{}", attempt.order.reference)).unwrap()),
        amount: attempt.order.money.amount,
        captured: true,
        card: None,
        receipt: None,
        several: false,
    }
}

pub(crate) fn seen(finding: Finding) -> Event {
    Event::Seen { finding, at: now() }
}

pub(crate) fn approved(attempt: &Attempt) -> Event {
    seen(Finding::Approved(approval(attempt)))
}

/// The two empty readings after the horizon that let an attempt be given up.
pub(crate) async fn abandon(fixture: &Fixture, operation: &Operation) -> Recorded {
    fixture.record(operation, Event::Silent { cause: "timeout".to_owned() }).await;
    fixture.record(operation, Event::Seen { finding: Finding::Nothing, at: later(500) }).await;
    let given_up = fixture.record(operation, Event::Seen { finding: Finding::Nothing, at: later(540) }).await;
    assert!(matches!(given_up.attempt.phase, Phase::Abandoned { .. }));
    given_up
}

/// Runs all of them at once.
pub(crate) async fn join_all<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut waiting: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        for (future, output) in &mut waiting {
            if output.is_none()
                && let std::task::Poll::Ready(ready) = future.as_mut().poll(context)
            {
                *output = Some(ready);
            }
        }
        if waiting.iter().all(|(_, output)| output.is_some()) {
            std::task::Poll::Ready(waiting.iter_mut().filter_map(|(_, output)| output.take()).collect())
        } else {
            std::task::Poll::Pending
        }
    })
    .await
}
