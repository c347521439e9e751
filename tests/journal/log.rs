//! A till's results in the log, from any position on.

use pos_bridge::domain::attempt::{Event, OperatorVerdict, Reason, Resolution};
use pos_bridge::domain::evidence::{Approval, Finding};
use pos_bridge::domain::money::Amount;
use pos_bridge::domain::operation::Status;
use pos_bridge::ports::{Journal, Results};

use crate::fixture::*;

/// Everything after a position, page by page.
async fn after(fixture: &Fixture, name: &str, mut position: i64) -> Vec<(i64, String, Status)> {
    let mut found = Vec::new();
    loop {
        let page = fixture.journal.results_after(&till(name), position).await.unwrap();
        found.extend(
            page.results
                .iter()
                .map(|result| (result.sequence, result.operation.reference.to_string(), result.operation.status())),
        );
        assert!(page.end >= position);
        position = page.end;
        if !page.more {
            return found;
        }
    }
}

#[tokio::test]
async fn a_till_finds_its_own_results_and_nothing_else() {
    let fixture = Fixture::new().await;
    assert_eq!(after(&fixture, "till-1", 0).await, []);
    fixture.approved_sale("R-1").await;
    fixture.declined_sale("R-2").await;
    let open = fixture.begin(sale("till-1", "R-3", "front", 100)).await;
    fixture.record(&open, Event::Silent { cause: "reset".to_owned() }).await;
    let other = fixture.begin(sale("till-2", "R-1", "back", 100)).await;
    fixture.record(&other, approved(&other.attempt)).await;

    let found = after(&fixture, "till-1", 0).await;
    let told: Vec<_> = found.iter().map(|(_, reference, status)| (reference.as_str(), *status)).collect();
    assert_eq!(told, [("R-1", Status::Approved), ("R-2", Status::Declined)]);
    assert_eq!(after(&fixture, "till-1", found[0].0).await, found[1..], "from there on");
    assert_eq!(after(&fixture, "till-1", found[1].0).await, []);
    assert_eq!(after(&fixture, "till-2", 0).await.len(), 1);
    assert!(fixture.journal.log_end().await.unwrap() > found[1].0);
}

#[tokio::test]
async fn a_result_that_changes_is_told_once_more() {
    let fixture = Fixture::new().await;
    let declined = fixture.declined_sale("R-1").await;
    fixture.journal.acknowledge(declined.id, now()).await.unwrap();
    let first = after(&fixture, "till-1", 0).await;
    assert_eq!(first.len(), 1, "that it was told or booked is no result");
    fixture.record(&declined, approved(&declined.attempt)).await;
    let late = after(&fixture, "till-1", first[0].0).await;
    assert_eq!(late.len(), 1);
    assert_eq!(late[0].2, Status::Approved);
    fixture.record(&declined, seen(Finding::Corrected(Reason::new("corrected", "taken back")))).await;
    let corrected = after(&fixture, "till-1", late[0].0).await;
    assert_eq!((corrected.len(), corrected[0].2), (1, Status::Declined));
}

/// An operator approved what was asked for; the provider's record shows a tip.
#[tokio::test]
async fn a_result_whose_amount_changes_is_told_once_more() {
    let fixture = Fixture::pushing().await;
    let begun = fixture.begin(sale("till-1", "R-1", "front", 100)).await;
    abandon(&fixture, &begun).await;
    let resolution =
        Resolution { verdict: OperatorVerdict::Approved, by: "Kari".to_owned(), reason: "the slip".to_owned() };
    fixture.record(&begun, Event::Resolved { resolution, at: later(600) }).await;
    fixture.journal.acknowledge(begun.id, now()).await.unwrap();
    let first = after(&fixture, "till-1", 0).await;
    assert_eq!(first.len(), 1);
    let grown = Approval { amount: Amount::new(110).unwrap(), ..approval(&begun.attempt) };
    let recorded = fixture.record(&begun, seen(Finding::Approved(grown))).await;
    assert_eq!(recorded.operation.acknowledged_at, None, "it was booked with another amount");
    let second = after(&fixture, "till-1", first[0].0).await;
    assert_eq!((second.len(), second[0].2), (1, Status::Approved));
    assert_eq!(fixture.journal.pushes().await.unwrap().oldest.len(), 2, "and pushed once more");
    let captured = Approval { amount: Amount::new(110).unwrap(), captured: true, ..approval(&begun.attempt) };
    fixture.record(&begun, seen(Finding::Approved(captured))).await;
    assert_eq!(after(&fixture, "till-1", second[0].0).await, [], "that it was captured is no news for a till");
}

#[tokio::test]
async fn an_operation_that_is_under_way_again_has_no_result() {
    let fixture = Fixture::new().await;
    let declined = fixture.declined_sale("R-1").await;
    let again = fixture.begin(sale("till-1", "R-1", "front", 10_000)).await;
    assert_eq!(again.id, declined.id);
    assert_eq!(after(&fixture, "till-1", 0).await, []);
    fixture.record(&again, approved(&again.attempt)).await;
    let found = after(&fixture, "till-1", 0).await;
    assert!(found.iter().all(|(_, _, status)| *status == Status::Approved) && !found.is_empty(), "{found:?}");
}

/// More than one page, and other tills' events between.
#[tokio::test]
async fn nothing_is_lost_between_two_pages() {
    let fixture = Fixture::new().await;
    let mut sold = Vec::new();
    for number in 0..220 {
        let name = if number % 3 == 0 { "till-2" } else { "till-1" };
        let reference = format!("R-{number}");
        let begun = fixture.begin(sale(name, &reference, "front", 100)).await;
        fixture.record(&begun, approved(&begun.attempt)).await;
        fixture.journal.told(begun.id, 1, Status::Approved, now()).await.unwrap();
        if name == "till-1" {
            sold.push(reference);
        }
    }
    let found = after(&fixture, "till-1", 0).await;
    assert!(fixture.journal.log_end().await.unwrap() > 600, "more than a page");
    assert_eq!(found.iter().map(|(_, reference, _)| reference.clone()).collect::<Vec<_>>(), sold);
}
