//! What tills, readers and people ask for.

use pos_bridge::domain::attempt::{Alarm, AlarmKind, Event, Kind};
use pos_bridge::domain::directory::Terminal;
use pos_bridge::domain::evidence::Finding;
use pos_bridge::domain::identifiers::{AttemptReference, OperationId};
use pos_bridge::domain::operation::{Operation, ProviderName, Status};
use pos_bridge::ports::{Begun, Callback, Journal, OperationFilter, Subject};

use crate::fixture::*;

fn all() -> OperationFilter {
    OperationFilter { limit: 100, ..OperationFilter::default() }
}

async fn names(fixture: &Fixture, filter: &OperationFilter) -> Vec<String> {
    let found = fixture.journal.operations(&till("till-1"), filter).await.unwrap();
    found.iter().map(|operation| operation.reference.to_string()).collect()
}

/// One operation of each kind of outcome, a minute apart, and one of another till.
async fn populated() -> (Fixture, Vec<Operation>) {
    let fixture = Fixture::new().await;
    let mut operations = Vec::new();
    for (minute, (name, on, minor)) in
        [("R-1", "a", 100), ("R-2", "b", 200), ("R-3", "c", 100), ("R-4", "d", 300)].into_iter().enumerate()
    {
        let mut new = sale("till-1", name, on, minor);
        new.attempt.now = later(60 * i64::try_from(minute).unwrap());
        operations.push(fixture.begin(new).await);
    }
    fixture.begin(sale("till-2", "R-5", "e", 100)).await;
    fixture.record(&operations[0], approved(&operations[0].attempt)).await;
    fixture.journal.acknowledge(operations[0].id, now()).await.unwrap();
    abandon(&fixture, &operations[1]).await;
    fixture.record(&operations[2], Event::CancelWanted).await;
    fixture.record(&operations[2], seen(pos_bridge::domain::evidence::Finding::Cancelled)).await;
    (fixture, operations)
}

#[tokio::test]
async fn a_tills_operations_come_newest_first_and_by_each_filter() {
    let (fixture, operations) = populated().await;
    for (filter, expected) in [
        (all(), vec!["R-4", "R-3", "R-2", "R-1"]),
        (OperationFilter { limit: 2, ..all() }, vec!["R-4", "R-3"]),
        (OperationFilter { after: Some(operations[2].id), ..all() }, vec!["R-2", "R-1"]),
        (OperationFilter { status: Some(Status::Approved), ..all() }, vec!["R-1"]),
        (OperationFilter { status: Some(Status::Pending), ..all() }, vec!["R-4"]),
        (OperationFilter { status: Some(Status::Unknown), ..all() }, vec!["R-2"]),
        (OperationFilter { status: Some(Status::Failed), ..all() }, vec![]),
        (OperationFilter { open: Some(true), ..all() }, vec!["R-4", "R-2"]),
        (OperationFilter { open: Some(false), ..all() }, vec!["R-3", "R-1"]),
        (OperationFilter { acknowledged: Some(true), ..all() }, vec!["R-1"]),
        (OperationFilter { acknowledged: Some(false), ..all() }, vec!["R-4", "R-3", "R-2"]),
        (OperationFilter { since: Some(later(60)), until: Some(later(180)), ..all() }, vec!["R-3", "R-2"]),
        (OperationFilter { amount: Some(100), ..all() }, vec!["R-3", "R-1"]),
        (OperationFilter { amount: Some(100), status: Some(Status::Cancelled), ..all() }, vec!["R-3"]),
        (OperationFilter { after: Some(OperationId(number())), ..all() }, vec![]),
    ] {
        assert_eq!(names(&fixture, &filter).await, expected, "{filter:?}");
    }
}

#[tokio::test]
async fn pages_follow_each_other_even_within_one_millisecond() {
    let fixture = Fixture::new().await;
    for number in 0..7 {
        fixture.begin(sale("till-1", &format!("R-{number}"), &format!("t-{number}"), 100)).await;
    }
    let mut page = OperationFilter { limit: 3, ..all() };
    let mut read = Vec::new();
    loop {
        let found = fixture.journal.operations(&till("till-1"), &page).await.unwrap();
        let Some(oldest) = found.last() else { break };
        page.after = Some(oldest.id);
        read.extend(found.iter().map(|operation| operation.reference.to_string()));
    }
    assert_eq!(read, ["R-6", "R-5", "R-4", "R-3", "R-2", "R-1", "R-0"]);
}

#[tokio::test]
async fn the_last_operation_is_the_tills_own() {
    let (fixture, operations) = populated().await;
    let last = fixture.journal.last(&till("till-1")).await.unwrap();
    assert_eq!(last, Some(operations[3].clone()));
    assert_eq!(fixture.journal.last(&till("till-9")).await, Ok(None));
    assert_eq!(fixture.journal.operation(OperationId(number())).await, Ok(None));
    assert_eq!(fixture.journal.find(&till("till-1"), Kind::Refund, &reference("R-1"), false).await, Ok(None));
}

#[tokio::test]
async fn live_and_abandoned_attempts_are_found() {
    let (fixture, operations) = populated().await;
    let live = fixture.journal.live().await.unwrap();
    let on: Vec<_> = live.iter().map(|(operation, _)| operation.terminal.as_str()).collect();
    assert_eq!(on, ["d", "e"]);
    assert!(live.iter().all(|(operation, attempt)| operation.attempt == *attempt));

    let abandoned = fixture.journal.abandoned(now()).await.unwrap();
    assert_eq!(abandoned, [operations[1].attempt.order.reference]);
    assert_eq!(fixture.journal.abandoned(later(1)).await, Ok(vec![]));
    fixture.record(&operations[1], approved(&operations[1].attempt)).await;
    assert_eq!(fixture.journal.abandoned(now()).await, Ok(vec![]));
}

#[tokio::test]
async fn a_terminal_tells_its_holder_and_when_it_last_took_money() {
    let (fixture, operations) = populated().await;
    let uses = fixture.journal.terminals(&["a", "b", "c", "d", "e", "f"].map(terminal)).await.unwrap();
    let known: Vec<_> = uses
        .iter()
        .map(|used| (used.terminal.as_str(), used.holder.is_some(), used.last_approved_at.is_some()))
        .collect();
    let expected = [
        ("a", false, true),
        ("b", false, false),
        ("c", false, false),
        ("d", true, false),
        ("e", true, false),
        ("f", false, false),
    ];
    assert_eq!(known, expected);
    assert_eq!(uses[3].holder, Some(operations[3].clone()));
    assert_eq!(uses[0].last_approved_at.map(|at| at.as_millisecond()), Some(now().as_millisecond()));
}

/// A terminal gets another name while it is held, and its old name goes to another one.
#[tokio::test]
async fn a_device_is_held_and_frozen_under_whatever_name() {
    let fixture = Fixture::new().await;
    let holder = fixture.begin(sale("till-1", "R-1", "a", 100)).await;
    let alarm = Alarm { kind: AlarmKind::SeveralPayments, text: "look".to_owned() };
    fixture.journal.raise(holder.id, alarm, now()).await.unwrap();
    let renamed = [
        Terminal { name: terminal("b").name, ..terminal("a") },
        Terminal { name: terminal("a").name, ..terminal("b") },
    ];
    let uses = fixture.journal.terminals(&renamed).await.unwrap();
    let known: Vec<_> =
        uses.iter().map(|used| (used.terminal.as_str(), used.holder.is_some(), used.frozen.is_some())).collect();
    assert_eq!(known, [("b", true, true), ("a", false, false)]);
}

#[tokio::test]
async fn a_repeated_callback_is_recognised() {
    let fixture = Fixture::new().await;
    let callback = |delivery: &str| Callback {
        provider: ProviderName::Dintero,
        delivery: delivery.to_owned(),
        about: Some(Subject::Attempt(AttemptReference::new(number()))),
        query: "merchant_reference=PB-1".to_owned(),
        received_at: now(),
    };
    assert_eq!(fixture.journal.keep_callback(callback("d-1")).await, Ok(true));
    assert_eq!(fixture.journal.keep_callback(callback("d-2")).await, Ok(true));
    let fixture = fixture.reopened().await;
    assert_eq!(fixture.journal.keep_callback(callback("d-1")).await, Ok(false));
}

#[tokio::test]
async fn old_callbacks_go_where_new_ones_come() {
    let fixture = Fixture::new().await;
    let day = |day: i64| later(day * 24 * 60 * 60);
    let callback = |delivery: &str, received_at| Callback {
        provider: ProviderName::Dintero,
        delivery: delivery.to_owned(),
        about: None,
        query: String::new(),
        received_at,
    };
    for number in 0..5 {
        let kept = fixture.journal.keep_callback(callback(&format!("old-{number}"), day(0))).await;
        assert_eq!(kept, Ok(true));
    }
    let mut raw = fixture.raw().await;
    let mut left = Vec::new();
    for (delivery, at) in [("day-90", day(90)), ("day-91", day(91)), ("day-92", day(92)), ("day-93", day(93))] {
        assert_eq!(fixture.journal.keep_callback(callback(delivery, at)).await, Ok(true));
        let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM callback WHERE received_at < ?")
            .bind(day(1).as_millisecond())
            .fetch_one(&mut raw)
            .await
            .unwrap();
        left.push(count);
    }
    assert_eq!(left, [5, 3, 1, 0]);
    assert_eq!(fixture.journal.keep_callback(callback("day-90", day(93))).await, Ok(false));
}

/// A clock that was set years ahead for a moment.
#[tokio::test]
async fn a_callback_that_is_dated_ahead_keeps_no_others_for_ever() {
    let fixture = Fixture::new().await;
    let day = |day: i64| later(day * 24 * 60 * 60);
    for (delivery, at) in [("ahead", 3_000), ("old-1", 0), ("old-2", 0), ("new-1", 91), ("new-2", 91)] {
        let callback = Callback {
            provider: ProviderName::Dintero,
            delivery: delivery.to_owned(),
            about: None,
            query: String::new(),
            received_at: day(at),
        };
        assert_eq!(fixture.journal.keep_callback(callback).await, Ok(true));
    }
    let mut raw = fixture.raw().await;
    let left: Vec<String> =
        sqlx::query_scalar("SELECT delivery FROM callback ORDER BY rowid").fetch_all(&mut raw).await.unwrap();
    assert_eq!(left, ["new-1", "new-2"]);
}

#[tokio::test]
async fn readings_do_not_wait_for_a_writer() {
    let fixture = Fixture::new().await;
    let begun = fixture.begin(sale("till-1", "R-1", "front", 100)).await;
    let mut other = fixture.raw().await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    assert_eq!(fixture.journal.last(&till("till-1")).await, Ok(Some(begun.clone())));
    // The writer waits for its turn and then goes on.
    let record = fixture.journal.record(begun.attempt.order.reference, vec![Event::CancelWanted], now());
    let release = async { sqlx::query("COMMIT").execute(&mut other).await.unwrap() };
    let (recorded, _) = tokio::join!(record, release);
    assert!(recorded.unwrap()[0].moved);
}

/// A till that crashed while it tried an older sale again must not hear of the one between.
#[tokio::test]
async fn what_was_tried_again_is_the_last() {
    let fixture = Fixture::new().await;
    let at = |seconds, reference| {
        let mut new = sale("till-1", reference, "front", 100);
        new.attempt.now = later(seconds);
        fixture.journal.begin_sale(new)
    };
    let last = async || fixture.journal.last(&till("till-1")).await.unwrap().unwrap();
    let Ok(Begun::New(parked)) = at(0, "R-1").await else { panic!() };
    fixture.record(&parked, seen(Finding::Cancelled)).await;
    fixture.journal.told(parked.id, 1, Status::Cancelled, now()).await.unwrap();
    let Ok(Begun::New(between)) = at(60, "R-2").await else { panic!() };
    fixture.record(&between, approved(&between.attempt)).await;
    assert_eq!(last().await.id, between.id);
    let Ok(Begun::New(again)) = at(120, "R-1").await else { panic!() };
    assert_eq!((again.id, again.attempt.number), (parked.id, 2));
    assert_eq!(last().await.id, parked.id);
    fixture.record(&again, approved(&again.attempt)).await;
    let Ok(Begun::New(newest)) = at(180, "R-3").await else { panic!() };
    assert_eq!(last().await.id, newest.id);
}
