//! Tills without numbers, and numbers that start over.

use jiff::SignedDuration;
use pos_bridge::domain::attempt::Kind;
use pos_bridge::domain::evidence::Finding;
use pos_bridge::domain::operation::Status;
use pos_bridge::domain::repeat::KnownBy;
use pos_bridge::domain::request::Original;
use pos_bridge::ports::{Begun, Journal, NewAttempt, NewSale};

use crate::fixture::*;

/// A sale of till-1 without a number, so many seconds after [`now`].
fn unnumbered(on: &str, minor: i64, seconds: i64) -> NewSale {
    let made = format!("B-{}", number());
    let mut new = sale("till-1", &made, on, minor);
    new.attempt.known_by = KnownBy::Content;
    new.attempt.now = later(seconds);
    new
}

/// A sale of till-1 whose number may mean something new after a day.
fn reusing(reference: &str, minor: i64, seconds: i64) -> NewSale {
    let mut new = sale("till-1", reference, "front", minor);
    new.attempt.rules.reuse_after = Some(SignedDuration::from_hours(24));
    new.attempt.now = later(seconds);
    // The number's age is told by the provider's clock.
    new.attempt.horizon = later(420 + seconds);
    new
}

#[tokio::test]
async fn of_fifty_equal_requests_without_a_number_one_begins() {
    let fixture = Fixture::new().await;
    let begins = (0..50).map(|_| fixture.journal.begin_sale(unnumbered("front", 100, 0)));
    let begun = join_all(begins).await;
    assert_eq!(begun.iter().filter(|begun| matches!(begun, Ok(Begun::New(_)))).count(), 1);
    assert_eq!(begun.iter().filter(|begun| matches!(begun, Ok(Begun::Joined(_)))).count(), 49);
}

#[tokio::test]
async fn a_booked_sale_without_a_number_is_another_customers_after_ninety_seconds() {
    let fixture = Fixture::new().await;
    let first = fixture.begin(unnumbered("front", 100, 0)).await;
    let paid = fixture.record(&first, approved(&first.attempt)).await.operation;
    let again = |seconds| fixture.journal.begin_sale(unnumbered("front", 100, seconds));
    assert_eq!(again(3600).await, Ok(Begun::Replayed(paid.clone())), "not booked");
    let booked = fixture.journal.acknowledge(paid.id, now()).await.unwrap();
    assert_eq!(again(89).await, Ok(Begun::Replayed(booked)), "booked, and young");
    assert!(matches!(again(90).await, Ok(Begun::New(second)) if second.id != paid.id));
}

#[tokio::test]
async fn only_a_till_that_was_told_and_went_on_at_that_terminal_has_booked() {
    let fixture = Fixture::new().await;
    let first = fixture.begin(unnumbered("front", 100, 0)).await;
    let paid = fixture.record(&first, approved(&first.attempt)).await.operation;
    let again = || fixture.journal.begin_sale(unnumbered("front", 100, 3600));
    // It went on elsewhere, and it went on without having heard: it may still come back for the first.
    let elsewhere = fixture.begin(unnumbered("back", 200, 10)).await;
    fixture.record(&elsewhere, approved(&elsewhere.attempt)).await;
    fixture.journal.told(paid.id, 1, Status::Approved, now()).await.unwrap();
    assert!(matches!(again().await, Ok(Begun::Replayed(same)) if same.id == paid.id));
    let next = fixture.begin(unnumbered("front", 200, 20)).await;
    fixture.record(&next, approved(&next.attempt)).await;
    assert!(matches!(again().await, Ok(Begun::New(second)) if second.id != paid.id));
}

#[tokio::test]
async fn a_till_that_says_force_is_asked_nothing() {
    let fixture = Fixture::new().await;
    let first = fixture.begin(unnumbered("front", 100, 0)).await;
    fixture.record(&first, approved(&first.attempt)).await;
    let mut forced = unnumbered("front", 100, 1);
    forced.attempt.known_by = KnownBy::Nothing;
    let forced = fixture.begin(forced).await;
    assert_ne!(forced.id, first.id);
    // The latest of the two is what comes again.
    assert_eq!(fixture.journal.begin_sale(unnumbered("front", 100, 2)).await, Ok(Begun::Joined(forced)));
}

#[tokio::test]
async fn an_unclear_sale_without_a_number_holds_until_a_person_has_decided() {
    let fixture = Fixture::new().await;
    let first = fixture.begin(unnumbered("front", 100, 0)).await;
    let given_up = abandon(&fixture, &first).await.operation;
    assert_eq!(
        fixture.journal.begin_sale(unnumbered("front", 100, 90_000)).await,
        Ok(Begun::Replayed(given_up)),
        "however old it is"
    );
}

#[tokio::test]
async fn a_number_that_starts_over_is_a_new_generation_and_a_refund_means_the_newest_that_may_be_paid() {
    let fixture = Fixture::new().await;
    const DAY: i64 = 24 * 3600;
    let old = fixture.begin(reusing("R-1", 100, 0)).await;
    let again = |minor, seconds| fixture.journal.begin_sale(reusing("R-1", minor, seconds));
    assert_eq!(again(100, 9 * DAY).await, Ok(Begun::Joined(old.clone())), "open, however old it is");
    let paid = fixture.record(&old, approved(&old.attempt)).await.operation;
    assert_eq!(again(200, DAY - 1).await, Ok(Begun::Conflict(paid.clone())));
    let new = fixture.begin(reusing("R-1", 200, DAY)).await;
    assert_eq!((new.attempt.number, new.reference.as_str(), new.id == paid.id), (1, "R-1", false));

    let find = || fixture.journal.find(&new.till, Kind::Sale, &new.reference, false);
    assert_eq!(find().await, Ok(Some(new.clone())));
    let original = Original::Reference { reference: new.reference.clone(), till: None };
    let sale = || fixture.journal.find_sale(&new.till, &original, false);
    assert_eq!(sale().await.unwrap().unwrap().id, new.id, "it may be paid yet");
    fixture.record(&new, seen(Finding::Cancelled)).await;
    assert_eq!(sale().await.unwrap().unwrap().id, paid.id, "the new one is not paid");
    let third = fixture.begin(reusing("R-1", 300, 3 * DAY)).await;
    fixture.record(&third, approved(&third.attempt)).await;
    assert_eq!(sale().await.unwrap().unwrap().id, third.id);
}

/// After a day of tests the till's numbers begin again: what the simulator approved pays for no goods.
#[tokio::test]
async fn what_was_paid_in_a_test_answers_no_real_sale() {
    let fixture = Fixture::new().await;
    let real = |sale: NewSale, simulated| NewSale { attempt: NewAttempt { simulated, ..sale.attempt }, ..sale };
    let tested = fixture.begin(real(sale("till-1", "R-1", "front", 100), true)).await;
    let again = || fixture.journal.begin_sale(real(sale("till-1", "R-1", "front", 100), false));
    assert_eq!(again().await, Ok(Begun::Joined(tested.clone())), "it is still open");
    let found = async |number, simulated| {
        let found = fixture.journal.find(&till("till-1"), Kind::Sale, &reference(number), simulated).await;
        found.unwrap().unwrap().id
    };
    let sold = async |number, simulated| {
        let original = Original::Reference { reference: reference(number), till: None };
        fixture.journal.find_sale(&till("till-1"), &original, simulated).await.unwrap().unwrap().id
    };
    fixture.record(&tested, approved(&tested.attempt)).await;
    let Ok(Begun::New(paid)) = again().await else { panic!("the test's result") };
    assert_ne!(paid.id, tested.id);
    assert_eq!(fixture.journal.find(&paid.till, Kind::Sale, &paid.reference, false).await, Ok(Some(paid.clone())));
    fixture.record(&paid, approved(&paid.attempt)).await;
    assert!(matches!(again().await, Ok(Begun::Replayed(_))));
    let rehearsal = || fixture.journal.begin_sale(real(sale("till-1", "R-1", "back", 100), true));
    assert!(matches!(rehearsal().await, Ok(Begun::Replayed(old)) if old.id == tested.id), "somebody trains");
    assert_eq!([found("R-1", false).await, sold("R-1", false).await], [paid.id; 2]);
    assert_eq!([found("R-1", true).await, sold("R-1", true).await], [tested.id; 2]);
    let first = fixture.begin(real(sale("till-1", "R-2", "front", 100), false)).await;
    fixture.record(&first, approved(&first.attempt)).await;
    let trained = fixture.begin(real(sale("till-1", "R-2", "front", 100), true)).await;
    fixture.record(&trained, approved(&trained.attempt)).await;
    let repeated = fixture.journal.begin_sale(real(sale("till-1", "R-2", "front", 100), false)).await;
    assert!(matches!(repeated, Ok(Begun::Replayed(old)) if old.id == first.id), "a test hides no real sale");
    assert_eq!([found("R-2", false).await, sold("R-2", false).await], [first.id; 2], "and is not refunded for it");
    assert_eq!([found("R-2", true).await, sold("R-2", true).await], [trained.id; 2]);

    let without_number = |simulated| {
        let mut sale = real(sale("till-2", &format!("B-{}", number()), "back", 100), simulated);
        sale.attempt.known_by = KnownBy::Content;
        sale
    };
    let tested = fixture.begin(without_number(true)).await;
    fixture.record(&tested, approved(&tested.attempt)).await;
    assert!(matches!(fixture.journal.begin_sale(without_number(false)).await, Ok(Begun::New(_))));
}
