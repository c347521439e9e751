//! Results that are to be pushed: they stand in the outbox from the commit on that brought them.

use pos_bridge::domain::attempt::{Event, Reason};
use pos_bridge::domain::evidence::Finding;
use pos_bridge::domain::operation::{Operation, Status};
use pos_bridge::ports::{Journal, JournalError, OutboxEntry, Results};
use sqlx::Connection;

use crate::fixture::*;

async fn next(fixture: &Fixture) -> Option<OutboxEntry> {
    fixture.journal.next_push(&till("till-1")).await.unwrap()
}

async fn waiting(fixture: &Fixture) -> Vec<OutboxEntry> {
    fixture.journal.pushes().await.unwrap().oldest
}

fn declined() -> Event {
    seen(Finding::Declined(Reason::new("05", "no")))
}

async fn declined_sale(fixture: &Fixture, reference: &str) -> Operation {
    let begun = fixture.begin(sale("till-1", reference, "front", 10_000)).await;
    fixture.record(&begun, declined()).await.operation
}

#[tokio::test]
async fn a_result_waits_for_its_till_and_survives_a_restart() {
    let fixture = Fixture::pushing().await;
    let begun = fixture.begin(sale("till-1", "R-1", "front", 100)).await;
    fixture.record(&begun, Event::Silent { cause: "reset".to_owned() }).await;
    assert_eq!(next(&fixture).await, None, "what is not proven is no result");
    fixture.record(&begun, approved(&begun.attempt)).await;
    let push = next(&fixture).await.expect("it is in the outbox");
    assert_eq!((&push.till, push.operation, push.tries), (&till("till-1"), begun.id, 0));
    assert!(push.due_at.is_some_and(|due_at| due_at <= now()), "due at once");
    let fixture = fixture.reopened().await;
    assert_eq!(next(&fixture).await, Some(push.clone()));
    fixture.journal.pushed(&push, Some((1, Status::Approved)), later(1)).await.unwrap();
    assert_eq!(waiting(&fixture).await, []);
    let told = fixture.journal.operation(begun.id).await.unwrap().unwrap().told_at;
    assert!(told.is_some(), "the result has reached the till");
}

#[tokio::test]
async fn a_till_that_is_not_pushed_to_writes_nothing_more() {
    let fixture = Fixture::pushing().await;
    let begun = fixture.begin(sale("till-2", "R-1", "front", 100)).await;
    fixture.record(&begun, approved(&begun.attempt)).await;
    assert_eq!(waiting(&fixture).await, []);
}

#[tokio::test]
async fn only_a_result_that_is_new_to_the_till_is_pushed() {
    let fixture = Fixture::pushing().await;
    let sale = declined_sale(&fixture, "R-1").await;
    fixture.journal.told(sale.id, 1, Status::Declined, now()).await.unwrap();
    fixture.journal.acknowledge(sale.id, now()).await.unwrap();
    assert_eq!(waiting(&fixture).await.len(), 1, "that it was told or booked is no result");
    fixture.record(&sale, approved(&sale.attempt)).await;
    assert_eq!(waiting(&fixture).await.len(), 2, "a late approval is one");
    let captured = pos_bridge::domain::evidence::Approval { captured: true, ..approval(&sale.attempt) };
    fixture.record(&sale, seen(Finding::Approved(captured))).await;
    assert_eq!(waiting(&fixture).await.len(), 2, "that it was captured is none");
    fixture.record(&sale, seen(Finding::Corrected(Reason::new("corrected", "taken back")))).await;
    assert_eq!(waiting(&fixture).await.len(), 3, "that it was taken back is one");
}

#[tokio::test]
async fn an_operators_decision_is_pushed() {
    use pos_bridge::domain::attempt::{OperatorVerdict, Resolution};
    let fixture = Fixture::pushing().await;
    let begun = fixture.begin(sale("till-1", "R-1", "front", 100)).await;
    abandon(&fixture, &begun).await;
    assert_eq!(waiting(&fixture).await, []);
    let resolution =
        Resolution { verdict: OperatorVerdict::NotTaken, by: "Kari".to_owned(), reason: "no slip".to_owned() };
    fixture.record(&begun, Event::Resolved { resolution, at: later(600) }).await;
    assert_eq!(waiting(&fixture).await.len(), 1);
}

#[tokio::test]
async fn a_result_waits_for_the_earlier_ones_of_its_operation() {
    let fixture = Fixture::pushing().await;
    let sale = declined_sale(&fixture, "R-1").await;
    let first = next(&fixture).await.unwrap();
    fixture.journal.not_pushed(&first, "no", Some(later(3600)), now()).await.unwrap();
    fixture.record(&sale, approved(&sale.attempt)).await;
    assert_eq!(next(&fixture).await.map(|push| push.number), Some(first.number), "the later one is due, and waits");
    let other = declined_sale(&fixture, "R-2").await;
    assert_eq!(next(&fixture).await.map(|push| push.operation), Some(other.id), "other operations do not");
    fixture.journal.pushed(&next(&fixture).await.unwrap(), None, now()).await.unwrap();
    fixture.journal.not_pushed(&first, "no again", None, now()).await.unwrap();
    let second = next(&fixture).await.expect("what was given up is in nobody's way");
    assert_eq!((second.operation, second.number > first.number), (sale.id, true));
}

#[tokio::test]
async fn what_was_never_tried_goes_before_what_was_refused() {
    let fixture = Fixture::pushing().await;
    declined_sale(&fixture, "R-1").await;
    let refused = next(&fixture).await.unwrap();
    fixture.journal.not_pushed(&refused, "no", Some(now()), now()).await.unwrap();
    let fresh = fixture.begin(sale("till-1", "R-2", "front", 10_000)).await;
    fixture.journal.record(fresh.attempt.order.reference, vec![declined()], later(60)).await.unwrap();
    assert_eq!(next(&fixture).await.map(|push| push.operation), Some(fresh.id));
    fixture.journal.not_pushed(&next(&fixture).await.unwrap(), "no", Some(later(120)), later(60)).await.unwrap();
    assert_eq!(next(&fixture).await.map(|push| push.number), Some(refused.number), "then what has waited longest");
}

#[tokio::test]
async fn what_waits_for_a_till_that_is_pushed_to_no_more_is_given_up() {
    let fixture = Fixture::pushing().await;
    declined_sale(&fixture, "R-1").await;
    fixture.journal.give_up_unwanted().await.unwrap();
    assert!(next(&fixture).await.is_some(), "it is wanted");
    let fixture = fixture.reopened().await;
    fixture.journal.give_up_unwanted().await.unwrap();
    let listed = fixture.journal.pushes().await.unwrap();
    assert_eq!((listed.waiting, listed.undelivered), (0, 1));
}

#[tokio::test]
async fn what_was_given_up_is_listed_and_sent_again_on_demand() {
    let fixture = Fixture::pushing().await;
    declined_sale(&fixture, "R-1").await;
    let push = next(&fixture).await.unwrap();
    fixture.journal.not_pushed(&push, "refused 4111 1111 1111 1111", Some(later(5)), now()).await.unwrap();
    fixture.journal.not_pushed(&push, "refused 4111 1111 1111 1111", None, later(6)).await.unwrap();
    assert_eq!(next(&fixture).await, None);
    let listed = fixture.journal.pushes().await.unwrap();
    assert_eq!((listed.waiting, listed.undelivered), (0, 1));
    let given_up = &listed.oldest[0];
    assert_eq!((given_up.tries, given_up.due_at), (2, None));
    assert_eq!(given_up.last_error.as_deref(), Some("refused 4111 11** **** 1111"));
    assert_eq!(fixture.journal.push_again(Some(push.number + 1), later(7)).await, Err(JournalError::NotFound));
    for which in [Some(push.number), None] {
        fixture.journal.push_again(which, later(7)).await.unwrap();
        let again = next(&fixture).await.expect("due again");
        assert_eq!((again.number, again.tries, again.message_id()), (push.number, 0, push.message_id()));
        fixture.journal.not_pushed(&again, "no", None, later(8)).await.unwrap();
    }
}

#[tokio::test]
async fn no_message_has_the_number_of_an_earlier_one() {
    let fixture = Fixture::pushing().await;
    let mut numbers = Vec::new();
    for reference in ["R-1", "R-2", "R-3"] {
        declined_sale(&fixture, reference).await;
        let push = next(&fixture).await.unwrap();
        fixture.journal.pushed(&push, None, now()).await.unwrap();
        numbers.push(push.number);
    }
    assert!(numbers.is_sorted_by(|one, other| one < other), "{numbers:?}");
}

#[tokio::test]
async fn what_was_given_up_long_ago_leaves_the_outbox() {
    let fixture = Fixture::pushing().await;
    for reference in ["R-1", "R-2"] {
        declined_sale(&fixture, reference).await;
    }
    let first = next(&fixture).await.unwrap();
    fixture.journal.not_pushed(&first, "no", None, later(1)).await.unwrap();
    let mut raw = fixture.raw().await;
    sqlx::query("UPDATE push SET since = 0 WHERE due_at IS NULL").execute(&mut raw).await.unwrap();
    raw.close().await.unwrap();
    let second = next(&fixture).await.unwrap();
    fixture.journal.not_pushed(&second, "no", None, later(1)).await.unwrap();
    let left: Vec<i64> = waiting(&fixture).await.iter().map(|push| push.number).collect();
    assert_eq!(left, [second.number]);
}
