//! Payments that the journal had lost.

use jiff::SignedDuration;
use pos_bridge::domain::attempt::{Alarm, AlarmKind, Event, Kind, Phase, Reason};
use pos_bridge::domain::evidence::{Finding, PaymentRecord, PaymentState, Terms};
use pos_bridge::domain::identifiers::{AttemptReference, OperationId, StoreId, TransactionId};
use pos_bridge::domain::operation::{Operation, ProviderName, Status};
use pos_bridge::domain::repeat::KnownBy;
use pos_bridge::ports::{
    Adopted, AlarmState, Begun, Journal, LostPayment, NewSale, OperationFilter, Orphan, Refunded, Results, Trace,
};

use crate::fixture::*;

fn orphan(till_reference: Option<(&str, &str)>) -> Orphan {
    let reference_of_attempt = AttemptReference::new(number());
    Orphan {
        asked_terminal: None,
        operation: OperationId(number()),
        trace: Trace {
            reference: reference_of_attempt,
            till_reference: till_reference.map(|(till, reference)| format!("{till}/{reference}")),
            payment: PaymentRecord {
                transaction: TransactionId::new(format!("T1.{reference_of_attempt}")).unwrap(),
                session: None,
                terms: Terms {
                    reference: reference_of_attempt.to_string(),
                    amount: 10_000,
                    currency: "NOK".to_owned(),
                    terminal: Some("T-front".to_owned()),
                },
                added: 0,
                state: PaymentState::Approved { captured: true },
                card: None,
                receipt: None,
                created_at: Some(later(-3600)),
            },
            several: false,
            terminal: Some("T-front".to_owned()),
            refunds: Vec::new(),
            refunded: Refunded::Elsewhere(0),
            at_machines: Vec::new(),
        },
        provider: ProviderName::Dintero,
        store: StoreId::new("oslo-center").unwrap(),
        terminal: Some(terminal("front")),
        till_reference: till_reference.map(|(name, number)| (till(name), reference(number))),
        money: nok(10_000),
        simulated: false,
        reuse_after: None,
        asked_at: later(-3600),
        horizon: later(-3000),
        now: now(),
    }
}

/// What became of it.
async fn adopted(fixture: &Fixture, lost: Orphan) -> Operation {
    fixture.journal.adopt(lost).await.unwrap().unwrap().payment.operation
}

#[tokio::test]
async fn a_lost_payment_becomes_an_approved_late_operation_with_an_alarm() {
    let fixture = Fixture::new().await;
    let lost = orphan(Some(("till-1", "R-1")));
    let adopted = self::adopted(&fixture, lost.clone()).await;
    assert!(adopted.is_late() && adopted.status() == Status::Approved);
    assert_eq!((adopted.money, adopted.terminal.as_str()), (nok(10_000), "front"));
    assert_eq!(fixture.journal.operation(adopted.id).await.unwrap(), Some(adopted.clone()));
    let alarms = fixture.journal.alarms().await.unwrap();
    assert_eq!(alarms.iter().map(|raised| raised.alarm.kind).collect::<Vec<_>>(), [AlarmKind::Orphan]);
    assert_eq!(fixture.journal.history(adopted.id).await.unwrap().len(), 1);
    assert_eq!(fixture.journal.adopt(lost).await, Ok(None), "it is there now");
    // The till that asks again is told that it was paid.
    let again = fixture.journal.begin_sale(sale("till-1", "R-1", "front", 10_000)).await.unwrap();
    assert_eq!(again, Begun::Replayed(adopted.clone()));
    assert!(matches!(fixture.refund(&adopted, "F-1", None).await, Begun::New(_)));
}

/// A till without numbers asks again by the amount: what was lost answers.
#[tokio::test]
async fn a_lost_payment_without_a_number_answers_the_till_that_asks_again() {
    let fixture = Fixture::new().await;
    let lost = orphan(Some(("till-1", "B-7K3M9Q2XZ4")));
    let adopted = self::adopted(&fixture, lost).await;
    let mut again = sale("till-1", "B-0000000000", "front", 10_000);
    again.attempt.known_by = KnownBy::Content;
    assert_eq!(fixture.journal.begin_sale(again).await, Ok(Begun::Replayed(adopted)));
}

#[tokio::test]
async fn a_payment_that_is_known_is_not_adopted() {
    let fixture = Fixture::new().await;
    let known = fixture.begin(sale("till-1", "R-1", "front", 10_000)).await;
    let mut found = orphan(Some(("till-1", "R-1")));
    found.trace.reference = known.attempt.order.reference;
    assert_eq!(fixture.journal.adopt(found).await, Ok(None));
    assert_eq!(fixture.journal.alarms().await, Ok(vec![]));
}

#[tokio::test]
async fn of_two_operations_with_one_reference_the_one_that_took_money_answers() {
    let fixture = Fixture::new().await;
    let declined = fixture.declined_sale("R-1").await;
    let adopted = self::adopted(&fixture, orphan(Some(("till-1", "R-1")))).await;
    let again = fixture.journal.begin_sale(sale("till-1", "R-1", "front", 10_000)).await.unwrap();
    assert_eq!(again, Begun::Replayed(adopted.clone()), "a second charge is not begun");
    assert_eq!((adopted.id, adopted.told_at), (declined.id, None), "its till must hear the new result");
    let phases: Vec<_> =
        fixture.journal.history(declined.id).await.unwrap().into_iter().map(|line| line.phase).collect();
    assert_eq!(phases, ["sending", "declined", "declined", "approved"], "nothing is lost");

    let approved = fixture.approved_sale("R-2").await;
    for _ in 0..2 {
        let beside = self::adopted(&fixture, orphan(Some(("till-1", "R-2")))).await;
        assert_eq!(fixture.journal.operation(beside.id).await.unwrap(), Some(beside));
    }
    let found = fixture.journal.find(&till("till-1"), Kind::Sale, &reference("R-2"), false).await.unwrap();
    assert_eq!(found, Some(approved), "the till keeps the one that it knows");
}

/// The till asked again before the loss was found. Whoever waits for that is told that it is paid.
#[tokio::test]
async fn a_lost_payment_of_a_sale_that_was_asked_for_again_is_a_run_of_it() {
    let fixture = Fixture::pushing().await;
    let again = fixture.begin(sale("till-1", "R-1", "front", 10_000)).await;
    let Adopted { payment, stopped } = fixture.journal.adopt(orphan(Some(("till-1", "R-1")))).await.unwrap().unwrap();
    assert_eq!((payment.operation.id, payment.operation.attempt.number), (again.id, 2));
    assert!(payment.operation.is_late());
    assert_eq!(
        payment.stopped.iter().map(|it| it.order.reference).collect::<Vec<_>>(),
        [again.attempt.order.reference]
    );
    assert_eq!(stopped, []);
    assert_eq!(fixture.journal.operation(again.id).await, Ok(Some(payment.operation.clone())));
    let pushed = fixture.journal.pushes().await.unwrap().oldest;
    assert_eq!(pushed.iter().map(|push| push.operation).collect::<Vec<_>>(), [again.id]);

    // Stopped, it changes nothing; paid as well, it is loud.
    fixture.record(&again, seen(Finding::Cancelled)).await;
    assert_eq!(fixture.journal.operation(again.id).await.unwrap().unwrap().status(), Status::Approved);
    assert_eq!(fixture.journal.pushes().await.unwrap().oldest.len(), 1, "no second result");
    let twice = fixture.record(&again, approved(&again.attempt)).await;
    assert_eq!(twice.alarm.map(|alarm| alarm.kind), Some(AlarmKind::SeveralPayments));
}

/// Its provider prepares a sale first: nothing was sent of it yet.
#[tokio::test]
async fn what_was_not_sent_yet_of_a_sale_that_is_paid_is_over() {
    let fixture = Fixture::new().await;
    let again = NewSale { is_prepared: true, ..sale("till-1", "R-1", "front", 10_000) };
    let again = fixture.begin(again).await;
    fixture.journal.adopt(orphan(Some(("till-1", "R-1")))).await.unwrap().unwrap();
    let (_, stopped) = fixture.journal.find_attempt(again.attempt.order.reference).await.unwrap().unwrap();
    assert_eq!(stopped.phase, Phase::Cancelled { resolution: None });
    assert!(matches!(fixture.journal.begin_sale(sale("till-1", "R-2", "front", 1)).await, Ok(Begun::New(_))), "free");
}

/// A number means one thing: what runs under it for another amount is stopped, and its till hears that and no more.
#[tokio::test]
async fn a_lost_payment_of_another_amount_stops_what_runs_under_its_number() {
    let fixture = Fixture::new().await;
    for is_prepared in [true, false] {
        let number = if is_prepared { "R-1" } else { "R-2" };
        let rival = fixture.begin(NewSale { is_prepared, ..sale("till-1", number, "front", 15_000) }).await;
        let Adopted { payment, stopped } =
            fixture.journal.adopt(orphan(Some(("till-1", number)))).await.unwrap().unwrap();
        assert_ne!(payment.operation.id, rival.id);
        let expected = if is_prepared { Status::Cancelled } else { Status::Pending };
        let stopped: Vec<_> = stopped.iter().map(|it| (it.operation.id, it.operation.status(), it.moved)).collect();
        assert_eq!(stopped, [(rival.id, expected, true)]);
        let open = OperationFilter { open: Some(true), limit: 10, ..OperationFilter::default() };
        let open = fixture.journal.operations(&till("till-1"), &open).await.unwrap();
        assert_eq!(open.len(), usize::from(!is_prepared));
        assert!(open.iter().all(|operation| operation.attempt.cancel_wanted));
        let again = fixture.journal.begin_sale(sale("till-1", number, "front", 15_000)).await.unwrap();
        assert_eq!(again, Begun::Conflict(payment.operation));
    }
}

/// Numbers that start over: yesterday's lost sale is not today's, whatever it cost. By the provider's clock: this shop's has
/// been wrong.
#[tokio::test]
async fn a_lost_payment_from_before_a_number_started_over_leaves_the_new_sale_alone() {
    let fixture = Fixture::new().await;
    let known = fixture.begin(sale("till-1", "R-1", "front", 10_000)).await;
    let mut lost = orphan(Some(("till-1", "R-1")));
    lost.reuse_after = Some(SignedDuration::from_hours(1));
    let hours = |hours: i64| later(420 + hours * 3600);
    (lost.asked_at, lost.horizon) = (later(5000), hours(-1));
    let Adopted { payment, stopped } = fixture.journal.adopt(lost.clone()).await.unwrap().unwrap();
    assert!(payment.operation.is_late() && payment.operation.id != known.id && stopped.is_empty());
    let meant =
        async || fixture.journal.find(&till("till-1"), Kind::Sale, &reference("R-1"), false).await.unwrap().unwrap();
    assert_eq!(meant().await, known);

    lost.trace.reference = AttemptReference::new(number());
    (lost.operation, lost.asked_at, lost.horizon) = (OperationId(number()), later(-5000), hours(1));
    let newer = self::adopted(&fixture, lost).await;
    assert_eq!(meant().await, newer, "what was lost came after the number had started over");
}

/// What a test left under the number of a lost payment, be it over or not, is another sale.
#[tokio::test]
async fn a_lost_payment_is_no_run_of_a_test() {
    for is_over in [true, false] {
        let fixture = Fixture::new().await;
        let mut tested = sale("till-1", "R-1", "front", 10_000);
        tested.attempt.simulated = true;
        let tested = fixture.begin(tested).await;
        if is_over {
            fixture.record(&tested, seen(Finding::Declined(Reason::new("05", "no")))).await;
        }
        let Adopted { payment, stopped } =
            fixture.journal.adopt(orphan(Some(("till-1", "R-1")))).await.unwrap().unwrap();
        assert!(payment.operation.id != tested.id && !payment.operation.simulated && stopped.is_empty());
        let known = fixture.journal.operation(tested.id).await.unwrap().unwrap();
        assert!(known.simulated && !known.attempt.phase.is_approved());
        let found = fixture.journal.find(&till("till-1"), Kind::Sale, &reference("R-1"), false).await;
        assert_eq!(found, Ok(Some(payment.operation)));
    }
}

/// An approval that the provider takes back leaves what was under way as unproven as it was.
#[tokio::test]
async fn a_lost_payment_that_is_taken_back_does_not_speak_for_the_run_beside_it() {
    let fixture = Fixture::new().await;
    let again = fixture.begin(sale("till-1", "R-1", "front", 10_000)).await;
    fixture.record(&again, Event::Silent { cause: "reset".to_owned() }).await;
    let adopted = self::adopted(&fixture, orphan(Some(("till-1", "R-1")))).await;
    let taken_back = fixture.record(&adopted, seen(Finding::Corrected(Reason::new("corrected", "it failed")))).await;
    assert_eq!((taken_back.operation.status(), taken_back.operation.attempt.number), (Status::Unknown, 1));

    // A second one of the same number, while nobody has looked at the first.
    let second = self::adopted(&fixture, orphan(Some(("till-1", "R-1")))).await;
    assert_eq!((second.id, second.attempt.number, second.status()), (again.id, 3, Status::Approved));
    let kinds: Vec<_> = fixture.journal.alarms().await.unwrap().iter().map(|it| it.alarm.kind).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == AlarmKind::Orphan).count(), 1, "{kinds:?}");
}

/// After a restart, what is to be stopped is asked of the provider that has it.
#[tokio::test]
async fn a_run_beside_a_lost_payment_is_read_at_its_own_provider() {
    let fixture = Fixture::new().await;
    let mut again = sale("till-1", "R-1", "front", 10_000);
    again.attempt.terminal.provider = ProviderName::Dojo;
    let again = fixture.begin(again).await;
    assert_eq!(self::adopted(&fixture, orphan(Some(("till-1", "R-1")))).await.provider, ProviderName::Dintero);
    let live = fixture.journal.live().await.unwrap();
    let found = fixture.journal.find_attempt(again.attempt.order.reference).await.unwrap();
    for (operation, attempt) in live.into_iter().chain(found) {
        assert_eq!((operation.provider, operation.status()), (ProviderName::Dojo, Status::Approved));
        assert!(attempt.phase.is_live() && attempt.cancel_wanted);
    }
}

/// The till had turned to its next sale and wanted this one stopped.
#[tokio::test]
async fn a_lost_payment_of_a_superseded_sale_is_told_before_the_next_sale_begins() {
    let fixture = Fixture::new().await;
    let again = fixture.begin(sale("till-1", "R-1", "front", 10_000)).await;
    fixture.record(&again, Event::CancelWanted).await;
    fixture.journal.adopt(orphan(Some(("till-1", "R-1")))).await.unwrap().unwrap();
    fixture.record(&again, seen(Finding::Cancelled)).await;
    let mut next = sale("till-1", "R-2", "front", 10_000);
    next.attempt.rules.heeds_superseded = true;
    let begun = fixture.journal.begin_sale(next).await.unwrap();
    assert!(matches!(&begun, Begun::OlderPaid(older) if older.id == again.id), "{begun:?}");
}

#[tokio::test]
async fn what_was_given_back_of_a_lost_payment_is_not_given_back_again() {
    let fixture = Fixture::new().await;
    let mut lost = orphan(None);
    let refund = fixture.approved_sale("R-0").await.attempt;
    let mut given_back = approval(&refund);
    given_back.amount = nok(3_000).amount;
    lost.trace.refunds =
        vec![(refund.order.reference, Finding::Approved(given_back)), (refund.order.reference, Finding::Cancelled)];
    lost.trace.refunded = Refunded::Elsewhere(2_000);
    let adopted = self::adopted(&fixture, lost.clone()).await;
    assert_eq!(adopted.refunded, 5_000);
    assert_eq!(adopted.reference.as_str(), lost.trace.reference.to_string(), "a name of its own");
    assert_eq!(fixture.journal.operation(adopted.id).await.unwrap(), Some(adopted.clone()));
    assert_eq!(fixture.journal.note_refunded(adopted.id, Refunded::Elsewhere(2_000), None, now()).await, Ok(false));
    let Begun::New(rest) = fixture.refund(&adopted, "F-1", None).await else { panic!() };
    assert_eq!(rest.money, nok(5_000));

    let nonsense = Refunded::InAll(i64::MAX);
    let trace = Trace { reference: AttemptReference::new(number()), refunded: nonsense, ..lost.trace.clone() };
    let adopted = self::adopted(&fixture, Orphan { operation: OperationId(number()), trace, ..lost }).await;
    assert!(matches!(fixture.refund(&adopted, "F-2", None).await, Begun::NotRefundable(_)), "it is readable");
}

/// The sale's first payment was given back in part, and taken back by the provider: both count.
#[tokio::test]
async fn what_was_given_back_of_a_sale_and_of_its_lost_payment_is_told_as_it_is_kept() {
    let fixture = Fixture::new().await;
    let sale = fixture.approved_sale("R-1").await;
    let Begun::New(refund) = fixture.refund(&sale, "F-1", Some(3_000)).await else { panic!() };
    fixture.record(&refund, approved(&refund.attempt)).await;
    fixture.record(&sale, seen(Finding::Corrected(Reason::new("corrected", "it failed")))).await;
    let mut lost = orphan(Some(("till-1", "R-1")));
    lost.trace.refunded = Refunded::Elsewhere(5_000);
    let adopted = self::adopted(&fixture, lost).await;
    assert_eq!((adopted.id, adopted.refunded), (sale.id, 8_000));
    assert_eq!(fixture.journal.operation(sale.id).await, Ok(Some(adopted)));
}

#[tokio::test]
async fn a_lost_payment_that_is_no_operation_freezes_its_terminal_until_somebody_has_looked() {
    let fixture = Fixture::new().await;
    let alarm = Alarm { kind: AlarmKind::Unreadable, text: "4111111111111111 is lost".to_owned() };
    let reference = AttemptReference::new(number());
    let lost = || LostPayment { reference, terminal: Some(terminal("front")), alarm: alarm.clone(), now: now() };
    let raise = || fixture.journal.raise_lost(lost());
    assert_eq!((raise().await, raise().await), (Ok(AlarmState::Raised), Ok(AlarmState::Standing)));
    let alarms = fixture.journal.alarms().await.unwrap();
    assert_eq!((alarms.len(), alarms[0].operation), (1, None));
    assert!(!alarms[0].alarm.text.contains("411111111"), "{}", alarms[0].alarm.text);
    let try_sale = |name: &'static str, on: &'static str| fixture.journal.begin_sale(sale("till-1", name, on, 100));
    assert!(matches!(try_sale("R-1", "front").await.unwrap(), Begun::Frozen(_)));
    assert!(matches!(try_sale("R-2", "back").await.unwrap(), Begun::New(_)), "another terminal");

    fixture.journal.acknowledge_alarm(alarms[0].id, "Kari", now()).await.unwrap();
    assert_eq!(raise().await, Ok(AlarmState::Acknowledged));
    assert_eq!(fixture.journal.alarms().await, Ok(vec![]), "the sweep comes back every hour; the alarm does not");
    assert!(matches!(try_sale("R-1", "front").await.unwrap(), Begun::New(_)));
}
