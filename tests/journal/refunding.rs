//! What may be given back.

use pos_bridge::domain::attempt::{Alarm, AlarmKind, Event, Kind, Phase, Reason};
use pos_bridge::domain::identifiers::OperationId;
use pos_bridge::domain::money::AMOUNT_MAX;
use pos_bridge::domain::operation::Status;
use pos_bridge::domain::refund::NotRefundable;
use pos_bridge::domain::refund::RefundRoute;
use pos_bridge::domain::request::Original;
use pos_bridge::ports::{Begun, Journal, JournalError, NewRefund, Refunded};

use crate::fixture::*;

#[tokio::test]
async fn a_refund_is_reserved_against_the_sales_payment() {
    let fixture = Fixture::new().await;
    let sale = fixture.approved_sale("R-1").await;
    let Begun::New(refund) = fixture.refund(&sale, "F-1", None).await else { panic!() };
    assert_eq!((refund.kind, refund.original, refund.money), (Kind::Refund, Some(sale.id), sale.money));
    assert_eq!(refund.attempt.phase, Phase::Reserved);
    assert_eq!(refund.attempt.refund_of, sale.approval().unwrap().transaction);
    assert_eq!(fixture.journal.operation(refund.id).await.unwrap(), Some(refund));
}

#[tokio::test]
async fn a_sale_is_given_back_to_the_last_minor_unit_and_no_further() {
    let fixture = Fixture::new().await;
    let sale = fixture.approved_sale("R-1").await;
    for (name, asked, given) in [("F-1", Some(2_500), 2_500), ("F-2", Some(7_499), 7_499), ("F-3", None, 1)] {
        let Begun::New(refund) = fixture.refund(&sale, name, asked).await else { panic!("{name}") };
        assert_eq!(refund.money, nok(given));
        fixture.record(&refund, approved(&refund.attempt)).await;
    }
    assert_eq!(fixture.journal.operation(sale.id).await.unwrap().unwrap().refunded, 10_000);
    for asked in [None, Some(1)] {
        assert_eq!(fixture.refund(&sale, "F-4", asked).await, Begun::NotRefundable(NotRefundable::Exceeds { left: 0 }));
    }
}

#[tokio::test]
async fn an_amount_is_free_again_once_its_refund_is_proven_not_made() {
    let fixture = Fixture::new().await;
    let sale = fixture.approved_sale("R-1").await;
    let Begun::New(refused) = fixture.refund(&sale, "F-1", None).await else { panic!() };
    assert!(matches!(fixture.refund(&sale, "F-2", Some(1)).await, Begun::NotRefundable(_)));
    fixture.record(&refused, Event::Refused { reason: Reason::new("no", "no") }).await;
    assert_eq!(fixture.journal.operation(sale.id).await.unwrap().unwrap().refunded, 0);
    assert!(matches!(fixture.refund(&sale, "F-2", Some(10_000)).await, Begun::New(_)));
}

#[tokio::test]
async fn tills_that_refund_at_the_same_time_never_give_back_too_much() {
    let fixture = Fixture::new().await;
    let sale = fixture.approved_sale("R-1").await;
    let refunds = (0..20).map(|number| {
        fixture.journal.begin_refund(refund(
            &format!("till-{}", number % 4),
            &format!("F-{number}"),
            sale.id,
            Some(1_500),
        ))
    });
    let begun = join_all(refunds).await;
    let made = begun.iter().filter(|begun| matches!(begun, Ok(Begun::New(_)))).count();
    let refused = begun
        .iter()
        .filter(|begun| matches!(begun, Ok(Begun::NotRefundable(NotRefundable::Exceeds { left: 1_000 }))))
        .count();
    assert_eq!((made, refused), (6, 14));
}

#[tokio::test]
async fn what_was_given_back_elsewhere_counts_and_never_shrinks() {
    let fixture = Fixture::new().await;
    let sale = fixture.approved_sale("R-1").await;
    let note = |minor| fixture.journal.note_refunded(sale.id, Refunded::Elsewhere(minor), None, now());
    for (minor, news) in [(0, false), (4_000, true), (4_000, false), (3_000, false), (6_000, true)] {
        assert_eq!(note(minor).await, Ok(news), "{minor}");
    }
    assert_eq!(fixture.journal.operation(sale.id).await.unwrap().unwrap().refunded, 6_000);
    let Begun::New(rest) = fixture.refund(&sale, "F-1", None).await else { panic!() };
    assert_eq!(rest.money, nok(4_000));
    let unknown = fixture.journal.note_refunded(OperationId(number()), Refunded::Elsewhere(1), None, now()).await;
    assert_eq!(unknown, Err(JournalError::NotFound));
}

#[tokio::test]
async fn a_refund_follows_the_same_rules_of_repetition() {
    let fixture = Fixture::new().await;
    let sale = fixture.approved_sale("R-1").await;
    let other = fixture.approved_sale("R-2").await;
    let Begun::New(refund) = fixture.refund(&sale, "F-1", Some(4_000)).await else { panic!() };
    assert_eq!(fixture.refund(&sale, "F-1", None).await, Begun::Joined(refund.clone()));
    assert!(matches!(fixture.refund(&sale, "F-1", Some(1)).await, Begun::Conflict(_)));
    assert!(matches!(fixture.refund(&other, "F-1", Some(4_000)).await, Begun::Conflict(_)));
    fixture.record(&refund, Event::CancelWanted).await;
    let stored = fixture.journal.operation(refund.id).await.unwrap().unwrap();
    assert_eq!(stored.attempt.phase, Phase::Cancelled { resolution: None });
    fixture.journal.told(refund.id, 1, Status::Cancelled, now()).await.unwrap();
    // "All that is left" still means what it was first made for.
    let Begun::New(again) = fixture.refund(&sale, "F-1", None).await else { panic!() };
    assert_eq!((again.id, again.attempt.number, again.money), (refund.id, 2, nok(4_000)));
    assert_eq!(again.attempt.phase, Phase::Reserved);
}

#[tokio::test]
async fn only_an_approved_sale_is_given_back() {
    let fixture = Fixture::new().await;
    let declined = fixture.declined_sale("R-1").await;
    assert_eq!(
        fixture.refund(&declined, "F-1", None).await,
        Begun::NotRefundable(NotRefundable::NotApproved { status: Status::Declined, is_abandoned: false })
    );
    let sale = fixture.approved_sale("R-2").await;
    let Begun::New(refund) = fixture.refund(&sale, "F-2", None).await else { panic!() };
    let of_refund = fixture.journal.begin_refund(crate::fixture::refund("till-1", "F-3", refund.id, None)).await;
    assert_eq!(of_refund, Err(JournalError::NotFound), "a refund cannot be refunded");
}

#[tokio::test]
async fn a_refund_on_the_terminal_takes_the_lease_and_one_without_does_not() {
    let fixture = Fixture::new().await;
    let paid = fixture.approved_sale("R-1").await;
    let at_terminal = |name: &str| {
        let refund = refund("till-1", name, paid.id, Some(100));
        pos_bridge::ports::NewRefund { route: RefundRoute::Terminal, ..refund }
    };
    let Begun::New(holder) = fixture.journal.begin_refund(at_terminal("F-1")).await.unwrap() else { panic!() };
    assert_eq!(fixture.journal.begin_refund(at_terminal("F-2")).await.unwrap(), Begun::Busy(holder.clone()));
    let blocked = fixture.journal.begin_sale(sale("till-2", "R-9", "front", 100)).await.unwrap();
    assert_eq!(blocked, Begun::Busy(holder));
    assert!(matches!(fixture.refund(&paid, "F-3", Some(100)).await, Begun::New(_)));
}

#[tokio::test]
async fn a_sale_is_found_by_each_of_its_names() {
    let fixture = Fixture::new().await;
    let sale = fixture.approved_sale("R-1").await;
    let Begun::New(refund) = fixture.refund(&sale, "F-1", None).await else { panic!() };
    fixture.record(&refund, approved(&refund.attempt)).await;
    let sale = fixture.journal.operation(sale.id).await.unwrap().unwrap();
    let payment = |operation: &pos_bridge::domain::operation::Operation| {
        Original::Transaction(approval(&operation.attempt).transaction.unwrap())
    };
    let by_reference =
        |name: &str, other: Option<&str>| Original::Reference { reference: reference(name), till: other.map(till) };
    for (asking, original, found) in [
        ("till-1", by_reference("R-1", None), true),
        ("till-2", by_reference("R-1", None), false),
        ("till-2", by_reference("R-1", Some("till-1")), true),
        ("till-1", by_reference("F-1", None), false),
        ("till-2", Original::Operation(sale.id), true),
        ("till-1", Original::Operation(refund.id), false),
        ("till-2", payment(&sale), true),
        ("till-1", payment(&refund), false),
    ] {
        let expected = found.then(|| sale.clone());
        assert_eq!(fixture.journal.find_sale(&till(asking), &original, false).await.unwrap(), expected, "{original:?}");
    }
}

/// Where a provider tells only the sum of a payment's refunds, a second one could be taken for the first.
#[tokio::test]
async fn a_refund_that_cannot_be_told_from_another_waits_for_it() {
    let fixture = Fixture::new().await;
    let sale = fixture.approved_sale("S-1").await;
    let begin = |name| {
        let refund = NewRefund { one_at_a_time: true, ..refund("till-1", name, sale.id, Some(100)) };
        fixture.journal.begin_refund(refund)
    };
    let Ok(Begun::New(first)) = begin("F-1").await else { panic!() };
    assert_eq!(begin("F-2").await, Ok(Begun::NotRefundable(NotRefundable::AnotherUnderWay { is_abandoned: false })));
    fixture.record(&first, Event::Refused { reason: Reason::new("no", "no") }).await;
    assert!(matches!(begin("F-2").await, Ok(Begun::New(_))));
}

/// Where the provider tells the sum alone: one that is about to be sent explains nothing of it, or it would be sent a second
/// time by a journal that lost the first.
#[tokio::test]
async fn a_refund_that_was_not_sent_is_not_in_the_providers_sum() {
    let fixture = Fixture::new().await;
    let sale = fixture.approved_sale("R-1").await;
    let Begun::New(refund) = fixture.refund(&sale, "B-1", Some(2_000)).await else { panic!() };
    let note = |sum| fixture.journal.note_refunded(sale.id, Refunded::InAll(sum), Some(perhaps_lost(sum)), now());
    assert_eq!(note(2_000).await, Ok(true), "somebody else's");
    let standing = async || fixture.journal.alarms().await.unwrap().into_iter().map(|it| it.alarm).collect::<Vec<_>>();
    assert_eq!(
        standing().await,
        [perhaps_lost(2_000)],
        "in the same commit: nothing more is sent before somebody has looked"
    );
    fixture.record(&refund, Event::Dispatched { preparation: None }).await;
    assert_eq!(note(4_000).await, Ok(false), "it may have arrived");
    assert_eq!(note(4_001).await, Ok(true));
    assert_eq!(standing().await, [perhaps_lost(4_001)], "it stands already, and tells what is known now");
}

fn perhaps_lost(sum: i64) -> Alarm {
    Alarm { kind: AlarmKind::LostRefund, text: format!("{sum} were given back: compare the two") }
}

/// What was lost at machines counts beside what the sum shows too much: which of them it holds is documented nowhere.
#[tokio::test]
async fn money_that_went_back_at_machines_counts_beside_the_sum() {
    let fixture = Fixture::new().await;
    let sale = fixture.approved_sale("R-1").await;
    let note = |sum, at_machines| {
        let refunded = Refunded::InAllAndAtMachines { sum, at_machines };
        fixture.journal.note_refunded(sale.id, refunded, None, now())
    };
    for (sum, at_machines, is_news, refunded) in [
        (300, 0, true, 300),
        (300, 200, true, 500),
        (0, 200, false, 500),
        (400, 200, true, 600),
        (i64::MAX, 1, true, 2_147_483_647),
    ] {
        assert_eq!(note(sum, at_machines).await, Ok(is_news), "{sum} and {at_machines}");
        assert_eq!(fixture.journal.operation(sale.id).await.unwrap().unwrap().refunded, refunded);
    }
}

/// A provider that tells nonsense must not make the sale unreadable for ever.
#[tokio::test]
async fn more_given_back_than_any_payment_is_can_still_be_added_to() {
    let fixture = Fixture::new().await;
    for (number, refunded) in [Refunded::Elsewhere(i64::MAX), Refunded::InAll(i64::MAX)].into_iter().enumerate() {
        let sale = fixture.approved_sale(&format!("R-{number}")).await;
        let Begun::New(refund) = fixture.refund(&sale, &format!("F-{number}"), Some(2_000)).await else { panic!() };
        fixture.record(&refund, approved(&refund.attempt)).await;
        assert_eq!(fixture.journal.note_refunded(sale.id, refunded, None, now()).await, Ok(true));
        let known = fixture.journal.operation(sale.id).await.unwrap().unwrap();
        assert!(known.refunded >= AMOUNT_MAX, "{}", known.refunded);
        assert!(matches!(fixture.refund(&sale, &format!("G-{number}"), None).await, Begun::NotRefundable(_)));
    }
}
