//! How much a till may give back: decided in the commit that sets the amount aside.

use jiff::Timestamp;
use pos_bridge::domain::attempt::{Event, Reason};
use pos_bridge::domain::directory::RefundLimits;
use pos_bridge::domain::identifiers::AttemptReference;
use pos_bridge::domain::money::Currency;
use pos_bridge::domain::operation::{Operation, Status};
use pos_bridge::domain::refund::{Allowance, NotRefundable};
use pos_bridge::ports::{Begun, Journal, NewRefund};
use ulid::Ulid;

use crate::fixture::*;

fn per_day(most: i64) -> Allowance {
    allowance(RefundLimits { each: None, per_day: Some(most), unlinked_per_day: None })
}

fn limited(till: &str, name: &str, sale: &Operation, asked: Option<i64>, allowance: Allowance) -> NewRefund {
    NewRefund { allowance, ..refund(till, name, sale.id, asked) }
}

/// The till may give back so much more.
fn left(left: i64) -> Begun {
    Begun::NotRefundable(NotRefundable::ExceedsTillsDay { left })
}

#[tokio::test]
async fn a_refund_without_an_amount_counts_with_what_it_comes_to() {
    let fixture = Fixture::new().await;
    let sale = fixture.approved_sale("R-1").await;
    for (name, limits, refused) in [
        (
            "F-1",
            RefundLimits { each: Some(9_999), per_day: None, unlinked_per_day: None },
            NotRefundable::ExceedsTillsLimit { most: 9_999 },
        ),
        (
            "F-2",
            RefundLimits { each: None, per_day: Some(9_999), unlinked_per_day: None },
            NotRefundable::ExceedsTillsDay { left: 9_999 },
        ),
    ] {
        let refund = limited("till-1", name, &sale, None, allowance(limits));
        assert_eq!(fixture.journal.begin_refund(refund).await.unwrap(), Begun::NotRefundable(refused));
        assert_eq!(
            fixture.journal.find(&till("till-1"), sale.kind, &reference(name), false).await.unwrap(),
            None,
            "written"
        );
    }
    let exactly = limited("till-1", "F-3", &sale, None, per_day(10_000));
    assert!(matches!(fixture.journal.begin_refund(exactly).await.unwrap(), Begun::New(_)));
}

/// Where only one may be under way: who waits for it must not hear after that what was known before.
#[tokio::test]
async fn what_is_never_allowed_waits_for_no_other_refund() {
    let fixture = Fixture::new().await;
    let sale = fixture.approved_sale("R-1").await;
    let limits = RefundLimits { each: Some(5_000), per_day: None, unlinked_per_day: None };
    let begin = |name, asked| {
        let refund = limited("till-1", name, &sale, Some(asked), allowance(limits));
        fixture.journal.begin_refund(NewRefund { one_at_a_time: true, ..refund })
    };
    assert!(matches!(begin("F-1", 100).await, Ok(Begun::New(_))));
    let never = NotRefundable::ExceedsTillsLimit { most: 5_000 };
    assert_eq!(begin("F-2", 5_001).await, Ok(Begun::NotRefundable(never)));
    let not_yet = NotRefundable::AnotherUnderWay { is_abandoned: false };
    assert_eq!(begin("F-2", 5_000).await, Ok(Begun::NotRefundable(not_yet)));
}

#[tokio::test]
async fn refunds_at_the_same_time_share_the_tills_day() {
    let fixture = Fixture::new().await;
    let mut sales = Vec::new();
    for number in 0..10 {
        sales.push(fixture.approved_sale(&format!("R-{number}")).await);
    }
    let refunds = sales.iter().enumerate().map(|(number, sale)| {
        fixture.journal.begin_refund(limited("till-1", &format!("F-{number}"), sale, Some(3_000), per_day(10_000)))
    });
    let begun = join_all(refunds).await;
    let made = begun.iter().filter(|begun| matches!(begun, Ok(Begun::New(_)))).count();
    let refused = begun.iter().filter(|begun| **begun == Ok(left(1_000))).count();
    assert_eq!((made, refused), (3, 7));
}

#[tokio::test]
async fn what_is_proven_not_made_is_free_again_and_other_tills_do_not_count() {
    let fixture = Fixture::new().await;
    let sale = fixture.approved_sale("R-1").await;
    let begin =
        |till, name, asked| fixture.journal.begin_refund(limited(till, name, &sale, Some(asked), per_day(5_000)));
    let Begun::New(first) = begin("till-1", "F-1", 4_000).await.unwrap() else { panic!() };
    assert_eq!(begin("till-1", "F-2", 1_001).await.unwrap(), left(1_000));
    assert!(matches!(begin("till-2", "F-1", 5_000).await.unwrap(), Begun::New(_)));
    fixture.record(&first, Event::Refused { reason: Reason::new("no", "no") }).await;
    assert!(matches!(begin("till-1", "F-2", 5_000).await.unwrap(), Begun::New(_)));
}

#[tokio::test]
async fn an_unknown_refund_counts_for_it_may_have_moved_money() {
    let fixture = Fixture::new().await;
    let sale = fixture.approved_sale("R-1").await;
    let begun = fixture.journal.begin_refund(limited("till-1", "F-1", &sale, Some(4_000), per_day(5_000))).await;
    let Begun::New(first) = begun.unwrap() else { panic!() };
    fixture.record(&first, Event::Dispatched { preparation: None }).await;
    abandon(&fixture, &first).await;
    let second = limited("till-1", "F-2", &sale, Some(1_001), per_day(5_000));
    assert_eq!(fixture.journal.begin_refund(second).await.unwrap(), left(1_000));
}

#[tokio::test]
async fn a_day_counts_what_was_begun_since_its_midnight() {
    let fixture = Fixture::new().await;
    let sale = fixture.approved_sale("R-1").await;
    let midnight: Timestamp = "2026-11-19T23:00:00Z".parse().unwrap();
    let today = Allowance { day_began: midnight, ..per_day(5_000) };
    let at = |milliseconds: i64, name: &str, asked| {
        let mut refund = limited("till-1", name, &sale, Some(asked), today);
        let moment = u64::try_from(midnight.as_millisecond() + milliseconds).unwrap();
        refund.attempt.reference = AttemptReference::new(Ulid::from_parts(moment, 7));
        fixture.journal.begin_refund(refund)
    };
    assert!(matches!(at(-1, "F-1", 4_000).await.unwrap(), Begun::New(_)), "yesterday's");
    assert!(matches!(at(0, "F-2", 4_000).await.unwrap(), Begun::New(_)), "the first of today");
    assert_eq!(at(1, "F-3", 1_001).await.unwrap(), left(1_000));
}

#[tokio::test]
async fn a_repeated_refund_is_answered_and_one_that_runs_again_is_counted_once() {
    let fixture = Fixture::new().await;
    let sale = fixture.approved_sale("R-1").await;
    let begin = || fixture.journal.begin_refund(limited("till-1", "F-1", &sale, Some(4_000), per_day(4_000)));
    let Begun::New(first) = begin().await.unwrap() else { panic!() };
    assert!(matches!(begin().await.unwrap(), Begun::Joined(_)));
    fixture.record(&first, Event::CancelWanted).await;
    fixture.journal.told(first.id, 1, Status::Cancelled, now()).await.unwrap();
    let Begun::New(again) = begin().await.unwrap() else { panic!() };
    assert_eq!((again.id, again.attempt.number), (first.id, 2));
}

#[tokio::test]
async fn limits_in_one_currency_let_nothing_through_in_another() {
    let fixture = Fixture::new().await;
    let sale = fixture.approved_sale("R-1").await;
    let kroner = Currency::from_code("SEK").unwrap();
    let in_another = limited("till-1", "F-1", &sale, Some(1), Allowance { currency: kroner, ..per_day(5_000) });
    let refused = NotRefundable::NotInTheLimitsCurrency { limits: "SEK", asked: "NOK" };
    assert_eq!(fixture.journal.begin_refund(in_another).await.unwrap(), Begun::NotRefundable(refused));
}
