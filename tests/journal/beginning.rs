//! References and leases.

use jiff::SignedDuration;
use pos_bridge::domain::attempt::Event;
use pos_bridge::domain::attempt::{Kind, Phase};
use pos_bridge::domain::evidence::Finding;
use pos_bridge::domain::operation::Status;
use pos_bridge::domain::repeat::OnRepeat;
use pos_bridge::ports::{Begun, Journal, NewSale};

use crate::fixture::*;

fn word(begun: &Begun) -> &'static str {
    match begun {
        Begun::New(_) => "new",
        Begun::Joined(_) => "joined",
        Begun::Replayed(_) => "replayed",
        Begun::Conflict(_) => "conflict",
        Begun::OlderPaid(_) => "older paid",
        Begun::Busy(_) => "busy",
        Begun::Frozen(_) => "frozen",
        Begun::NotRefundable(_) => "not refundable",
    }
}

#[tokio::test]
async fn a_sale_is_on_disk_as_sending_when_it_begins() {
    let fixture = Fixture::new().await;
    let begun = fixture.begin(sale("till-1", "R-1", "front", 39900)).await;
    assert_eq!((&begun.attempt.phase, begun.attempt.number, begun.refunded), (&Phase::Sending, 1, 0));
    let fixture = fixture.reopened().await;
    let found = fixture.journal.find(&till("till-1"), Kind::Sale, &reference("R-1"), false).await.unwrap();
    assert_eq!(found, Some(begun.clone()), "what is returned is what is on disk");
    let history = fixture.journal.history(begun.id).await.unwrap();
    assert_eq!(history.len(), 1);
    assert!(history[0].event.contains("\"begun\""), "{}", history[0].event);
    assert_eq!((history[0].attempt, history[0].phase.as_str()), (1, "sending"));
}

#[tokio::test]
async fn a_repeated_reference_never_begins_a_second_sale_by_itself() {
    let fixture = Fixture::new().await;
    let begun = fixture.begin(sale("till-1", "R-1", "front", 100)).await;
    let again = |minor| fixture.journal.begin_sale(sale("till-1", "R-1", "front", minor));
    assert_eq!(again(100).await.unwrap(), Begun::Joined(begun.clone()));
    assert_eq!(again(200).await.unwrap(), Begun::Conflict(begun.clone()));
    let done = fixture.record(&begun, approved(&begun.attempt)).await.operation;
    assert_eq!(again(100).await.unwrap(), Begun::Replayed(done.clone()));
    assert_eq!(word(&again(200).await.unwrap()), "conflict");
    // The same number is another till's own, and another kind's own.
    assert_eq!(word(&fixture.journal.begin_sale(sale("till-2", "R-1", "front", 100)).await.unwrap()), "new");
    assert_eq!(word(&fixture.refund(&done, "R-1", None).await), "new");
}

#[tokio::test]
async fn a_declined_sale_runs_again_only_when_its_till_knows() {
    let fixture = Fixture::new().await;
    let begun = fixture.begin(sale("till-1", "R-1", "front", 100)).await;
    fixture.record(&begun, seen(Finding::Cancelled)).await;
    let again = || sale("till-1", "R-1", "back", 100);
    assert_eq!(word(&fixture.journal.begin_sale(again()).await.unwrap()), "replayed");
    // A note about another attempt changes nothing.
    fixture.journal.told(begun.id, 2, Status::Cancelled, now()).await.unwrap();
    assert_eq!(word(&fixture.journal.begin_sale(again()).await.unwrap()), "replayed");
    fixture.journal.told(begun.id, 1, Status::Cancelled, now()).await.unwrap();
    fixture.journal.acknowledge(begun.id, now()).await.unwrap();
    let mut replaying = again();
    replaying.attempt.rules.on_repeat = OnRepeat::Replay;
    assert_eq!(word(&fixture.journal.begin_sale(replaying).await.unwrap()), "replayed");

    let second = fixture.begin(again()).await;
    assert_eq!((second.id, second.attempt.number, second.terminal.as_str()), (begun.id, 2, "back"));
    assert_eq!((second.told_at, second.acknowledged_at), (None, None));
    assert_ne!(second.attempt.order.reference, begun.attempt.order.reference);
    assert_eq!(fixture.journal.operation(begun.id).await.unwrap(), Some(second));
}

#[tokio::test]
async fn what_is_not_final_is_never_noted_as_told_or_booked() {
    let fixture = Fixture::new().await;
    let begun = fixture.begin(sale("till-1", "R-1", "front", 100)).await;
    fixture.journal.told(begun.id, 1, Status::Pending, now()).await.unwrap();
    assert_eq!(fixture.journal.acknowledge(begun.id, now()).await.unwrap(), begun);
    assert_eq!(fixture.journal.operation(begun.id).await.unwrap(), Some(begun));
}

#[tokio::test]
async fn a_terminal_serves_one_attempt_at_a_time() {
    let fixture = Fixture::new().await;
    let holder = fixture.begin(sale("till-1", "R-1", "front", 100)).await;
    let other = || fixture.journal.begin_sale(sale("till-2", "R-2", "front", 200));
    assert_eq!(other().await.unwrap(), Begun::Busy(holder.clone()));
    assert_eq!(fixture.journal.find(&till("till-2"), Kind::Sale, &reference("R-2"), false).await.unwrap(), None);
    assert_eq!(word(&fixture.journal.begin_sale(sale("till-2", "R-3", "back", 200)).await.unwrap()), "new");
    let given_up = abandon(&fixture, &holder).await;
    assert_eq!(given_up.operation.status(), Status::Unknown);
    assert_eq!(word(&other().await.unwrap()), "new", "what was given up has let go of the terminal");
}

#[tokio::test]
async fn of_fifty_tills_one_gets_the_terminal() {
    let fixture = Fixture::new().await;
    let sales = (0..50).map(|till| sale(&format!("till-{till}"), "R-1", "front", 100)).collect();
    assert_eq!(counted(&fixture, sales).await, [("busy", 49), ("new", 1)]);
    assert_eq!(fixture.journal.live().await.unwrap().len(), 1);
}

#[tokio::test]
async fn of_fifty_equal_requests_one_begins_and_the_others_join_it() {
    let fixture = Fixture::new().await;
    let sales = (0..50).map(|_| sale("till-1", "R-1", "front", 100)).collect();
    assert_eq!(counted(&fixture, sales).await, [("joined", 49), ("new", 1)]);
}

async fn counted(fixture: &Fixture, sales: Vec<NewSale>) -> Vec<(&'static str, usize)> {
    let mut counts = std::collections::BTreeMap::new();
    let begins = sales.into_iter().map(|sale| fixture.journal.begin_sale(sale));
    for begun in join_all(begins).await {
        *counts.entry(word(&begun.unwrap())).or_insert(0) += 1;
    }
    counts.into_iter().collect()
}

#[tokio::test]
async fn the_lease_is_the_devices_whatever_it_is_called() {
    let fixture = Fixture::new().await;
    let holder = fixture.begin(sale("till-1", "R-1", "front", 100)).await;
    let mut renamed = sale("till-2", "R-2", "counter", 100);
    renamed.attempt.terminal.terminal_id = holder.attempt.order.terminal.clone();
    assert_eq!(fixture.journal.begin_sale(renamed).await, Ok(Begun::Busy(holder)));
}

/// What stands in the way is the sale, until the till has heard of it: that it was read by somebody is no warning.
#[tokio::test]
async fn a_superseded_sale_that_was_paid_stands_in_the_way_until_its_till_was_warned() {
    let fixture = Fixture::new().await;
    let older = fixture.begin(sale("till-1", "R-1", "front", 100)).await;
    fixture.record(&older, Event::CancelWanted).await;
    fixture.record(&older, approved(&older.attempt)).await;
    let next = || async {
        let mut next = sale("till-1", "R-2", "front", 100);
        next.attempt.rules.heeds_superseded = true;
        fixture.journal.begin_sale(next).await.unwrap()
    };
    for _ in 0..2 {
        let Begun::OlderPaid(paid) = next().await else { panic!("begun behind the till's back") };
        assert_eq!((paid.id, paid.told_at), (older.id, None));
    }
    fixture.journal.warned(older.id, now()).await.unwrap();
    assert_eq!(fixture.journal.operation(older.id).await.unwrap().unwrap().told_at, None, "a warning is no result");
    assert!(matches!(next().await, Begun::New(_)));
}

/// The shop's clock jumped a year ahead: the number means what it meant, until the provider's clock says so too.
#[tokio::test]
async fn a_jump_of_the_shops_clock_lets_no_number_start_over() {
    let fixture = Fixture::new().await;
    let paid = fixture.approved_sale("R-1").await;
    let year = SignedDuration::from_hours(24 * 365);
    let again = |horizon: SignedDuration| {
        let mut again = sale("till-1", "R-1", "front", 10_000);
        again.attempt.rules.reuse_after = Some(SignedDuration::from_hours(24 * 30));
        again.attempt.now += year;
        again.attempt.horizon += horizon;
        fixture.journal.begin_sale(again)
    };
    let Begun::Replayed(known) = again(SignedDuration::ZERO).await.unwrap() else { panic!("charged twice") };
    assert_eq!(known.id, paid.id);
    assert!(matches!(again(year).await.unwrap(), Begun::New(_)));
}
