//! Events: what they write, and what they set off.

use jiff::Timestamp;
use pos_bridge::domain::attempt::{AlarmKind, Event, NotResolvable, OperatorVerdict, Phase, Reason, Resolution};
use pos_bridge::domain::card::{Card, Receipt};
use pos_bridge::domain::evidence::{Approval, Finding};
use pos_bridge::domain::identifiers::{AttemptReference, Handle};
use pos_bridge::domain::operation::{Operation, Status};
use pos_bridge::ports::{Journal, JournalError, Recorded, Results};

use crate::fixture::*;

fn handle() -> Handle {
    Handle::new("T1.session-1").unwrap()
}

fn declined() -> Event {
    seen(Finding::Declined(Reason::new("05", "do not honour")))
}

/// An operator's decision, a thousand seconds after the sale began.
fn resolved(verdict: OperatorVerdict) -> Event {
    resolved_at(verdict, later(1000))
}

fn resolved_at(verdict: OperatorVerdict, at: Timestamp) -> Event {
    let (by, reason) = ("Kari".to_owned(), "receipt of the terminal".to_owned());
    Event::Resolved { resolution: Resolution { verdict, by, reason }, at }
}

#[tokio::test]
async fn an_event_that_changes_nothing_writes_nothing() {
    let fixture = Fixture::new().await;
    let begun = fixture.begin(sale("till-1", "R-1", "front", 100)).await;
    let recorded = fixture.record(&begun, Event::Dispatched { preparation: None }).await;
    assert!(!recorded.moved);
    assert_eq!((recorded.operation, recorded.attempt), (begun.clone(), begun.attempt.clone()));
    assert_eq!(fixture.journal.history(begun.id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_acceptance_and_the_result_behind_it_are_written_as_if_one_came_after_the_other() {
    let fixture = Fixture::pushing().await;
    let apart = fixture.begin(sale("till-1", "R-1", "front", 100)).await;
    let together = fixture.begin(sale("till-1", "R-2", "back", 100)).await;
    let accepted = || Event::Accepted { handle: handle() };
    let first = fixture.record(&apart, accepted()).await;
    let second = fixture.record(&apart, approved(&apart.attempt)).await;
    let both = fixture.record_all(&together, vec![accepted(), approved(&together.attempt)]).await;

    let phases = |recorded: &[Recorded]| -> Vec<_> {
        recorded.iter().map(|it| (it.attempt.phase.name(), it.operation.status(), it.moved)).collect()
    };
    assert_eq!(phases(&both), phases(&[first, second]));
    for begun in [&apart, &together] {
        let history = fixture.journal.history(begun.id).await.unwrap();
        let phases: Vec<_> = history.iter().map(|line| line.phase.as_str()).collect();
        assert_eq!(phases, ["sending", "open", "approved"]);
    }
    let stored = fixture.journal.operation(together.id).await.unwrap().unwrap();
    assert_eq!(stored, both[1].operation);
    assert_eq!(fixture.journal.pushes().await.unwrap().oldest.len(), 2, "each result once");
    fixture.begin(sale("till-1", "R-3", "back", 100)).await;
}

#[tokio::test]
async fn an_alarm_that_two_events_of_one_commit_raise_stands_once() {
    let fixture = Fixture::new().await;
    let begun = fixture.begin(sale("till-1", "R-1", "front", 100)).await;
    let corrected = || seen(Finding::Corrected(Reason::new("corrected", "taken back")));
    let approved = || approved(&begun.attempt);
    let recorded = fixture.record_all(&begun, vec![approved(), corrected(), approved(), corrected()]).await;
    let raised: Vec<_> = recorded.iter().flat_map(|it| &it.alarm).map(|alarm| alarm.kind).collect();
    let standing: Vec<_> = fixture.journal.alarms().await.unwrap().iter().map(|it| it.alarm.kind).collect();
    assert_eq!(raised, standing);
    assert_eq!(raised, [AlarmKind::Corrected, AlarmKind::LateApproval]);
}

/// A figure counts attempts that were decided, not readings of them.
#[tokio::test]
async fn an_attempt_is_decided_once_whatever_is_learnt_of_it_later() {
    let fixture = Fixture::new().await;
    let begun = fixture.begin(sale("till-1", "R-1", "front", 100)).await;
    let authorized = Approval { captured: false, ..approval(&begun.attempt) };
    let silent = Event::Silent { cause: "reset".to_owned() };
    let mut recorded = Vec::new();
    for event in [silent, seen(Finding::Approved(authorized)), approved(&begun.attempt)] {
        let told = fixture.record(&begun, event).await;
        recorded.push((told.moved, told.decided));
    }
    assert_eq!(recorded, [(true, false), (true, true), (true, false)]);
}

#[tokio::test]
async fn what_many_tills_were_told_at_once_is_noted_of_each() {
    let fixture = Fixture::new().await;
    let mut told = Vec::new();
    for number in 1..=3 {
        told.push(fixture.approved_sale(&format!("R-{number}")).await);
    }
    let open = fixture.begin(sale("till-1", "R-4", "front", 100)).await;
    let note = |operation: &Operation, status| fixture.journal.told(operation.id, 1, status, now());
    let (first, again, second, wrong, early) = tokio::join!(
        note(&told[0], Status::Approved),
        note(&told[0], Status::Approved),
        note(&told[1], Status::Approved),
        note(&told[2], Status::Declined),
        note(&open, Status::Pending),
    );
    assert_eq!([first, again, second, wrong, early], [const { Ok(()) }; 5]);
    // What is committed after them stands on disk behind them.
    fixture.record(&open, Event::CancelWanted).await;
    let mut noted = Vec::new();
    for operation in told.iter().chain([&open]) {
        let history = fixture.journal.history(operation.id).await.unwrap();
        let events = history.iter().filter(|line| line.event.contains("told")).count();
        noted.push((fixture.journal.operation(operation.id).await.unwrap().unwrap().told_at.is_some(), events));
    }
    assert_eq!(noted, [(true, 1), (true, 1), (false, 0), (false, 0)]);
}

#[tokio::test]
async fn an_event_of_an_unknown_attempt_is_refused() {
    let fixture = Fixture::new().await;
    let nobody = AttemptReference::new(number());
    assert_eq!(fixture.journal.record(nobody, vec![Event::Interrupted], now()).await, Err(JournalError::NotFound));
    assert_eq!(fixture.journal.find_attempt(nobody).await, Ok(None));
}

#[tokio::test]
async fn every_phase_survives_a_restart() {
    let mut fixture = Fixture::new().await;
    let taken = Approval {
        captured: true,
        card: Some(Card {
            brand: Some("Visa".to_owned()),
            masked_pan: Some("476173******0416".to_owned()),
            entry_method: Some("contactless".to_owned()),
        }),
        receipt: Some(Receipt { customer: Some("Takk!\næøå".to_owned()), merchant: None }),
        ..approval(&fixture.approved_sale("R-0").await.attempt)
    };
    let silent = || Event::Silent { cause: "timeout".to_owned() };
    let empty = |seconds| Event::Seen { finding: Finding::Nothing, at: later(seconds) };
    let courses: Vec<(&str, Vec<Event>)> = vec![
        ("sending", vec![]),
        ("open", vec![Event::Accepted { handle: handle() }]),
        ("unknown", vec![silent()]),
        ("unknown", vec![silent(), empty(500)]),
        ("unknown", vec![Event::Accepted { handle: handle() }, empty(500)]),
        ("abandoned", vec![silent(), empty(500), empty(540)]),
        ("abandoned", vec![Event::Accepted { handle: handle() }, empty(500), empty(540)]),
        ("approved", vec![seen(Finding::Approved(taken.clone()))]),
        ("approved", vec![declined(), seen(Finding::Approved(taken))]),
        ("approved", vec![resolved(OperatorVerdict::Approved)]),
        ("declined", vec![declined()]),
        ("cancelled", vec![Event::CancelWanted, seen(Finding::Cancelled)]),
        ("cancelled", vec![silent(), empty(500), empty(540), resolved(OperatorVerdict::NotTaken)]),
        ("failed", vec![Event::Refused { reason: Reason::new("INVALID", "no such terminal") }]),
    ];
    let mut expected: Vec<Operation> = Vec::new();
    for (number, (phase, events)) in courses.into_iter().enumerate() {
        let terminal = format!("terminal-{number}");
        let begun = fixture.begin(sale("till-1", &format!("R-{}", number + 1), &terminal, 100)).await;
        let mut operation = begun.clone();
        for event in events {
            operation = fixture.record(&begun, event).await.operation;
        }
        assert_eq!(operation.attempt.phase.name(), phase);
        expected.push(operation);
    }
    let paid = fixture.approved_sale("R-99").await;
    let pos_bridge::ports::Begun::New(reserved) = fixture.refund(&paid, "F-1", None).await else { panic!() };
    assert_eq!(reserved.attempt.phase, Phase::Reserved);
    expected.push(reserved);
    fixture = fixture.reopened().await;
    for operation in expected {
        let found = fixture.journal.find_attempt(operation.attempt.order.reference).await.unwrap();
        assert_eq!(found, Some((operation.clone(), operation.attempt)));
    }
    assert_eq!(fixture.journal.check_integrity().await, Ok(vec![]));
}

#[tokio::test]
async fn the_history_tells_every_step_without_receipts_and_card_numbers() {
    let fixture = Fixture::new().await;
    let begun = fixture.begin(sale("till-1", "R-1", "front", 100)).await;
    fixture.record(&begun, Event::Silent { cause: "reset after 4111 1111 1111 1111".to_owned() }).await;
    let receipt = Receipt { customer: Some("PAN 4111111111111111".to_owned()), merchant: None };
    let taken = Approval { receipt: Some(receipt), ..approval(&begun.attempt) };
    let done = fixture.record(&begun, seen(Finding::Approved(taken))).await.operation;
    fixture.journal.told(begun.id, 1, Status::Approved, now()).await.unwrap();
    fixture.journal.told(begun.id, 1, Status::Approved, later(1)).await.unwrap();
    fixture.journal.acknowledge(begun.id, later(2)).await.unwrap();

    let history = fixture.journal.history(begun.id).await.unwrap();
    let phases: Vec<_> = history.iter().map(|line| line.phase.as_str()).collect();
    assert_eq!(phases, ["sending", "unknown", "approved", "approved", "approved"]);
    assert!(history.windows(2).all(|pair| pair[0].sequence < pair[1].sequence));
    assert!(history[1].event.contains("4111 11** **** 1111"), "{}", history[1].event);
    assert!(!history[2].event.contains("receipt"), "{}", history[2].event);
    assert!(history[2].event.contains("T1."));
    let stored = done.approval().unwrap().receipt.clone().unwrap().customer.unwrap();
    assert_eq!(stored, "PAN 411111******1111");
}

#[tokio::test]
async fn the_event_log_cannot_be_rewritten() {
    let fixture = Fixture::new().await;
    fixture.begin(sale("till-1", "R-1", "front", 100)).await;
    let mut raw = fixture.raw().await;
    for statement in ["UPDATE event SET name = 'x'", "DELETE FROM event"] {
        let error = sqlx::query(statement).execute(&mut raw).await.unwrap_err().to_string();
        assert!(error.contains("append-only"), "{error}");
    }
}

#[tokio::test]
async fn an_operators_decision_that_may_not_be_taken_changes_nothing() {
    let fixture = Fixture::new().await;
    let begun = fixture.begin(sale("till-1", "R-1", "front", 100)).await;
    let attempt = begun.attempt.order.reference;
    let early = fixture.journal.record(attempt, vec![resolved_at(OperatorVerdict::NotTaken, now())], now()).await;
    assert!(matches!(early, Err(JournalError::NotResolvable(NotResolvable::TooEarly { .. }))));
    fixture.record(&begun, declined()).await;
    let late = fixture.journal.record(attempt, vec![resolved(OperatorVerdict::Approved)], now()).await;
    assert_eq!(late, Err(JournalError::NotResolvable(NotResolvable::AlreadyFinal)));
    assert_eq!(fixture.journal.history(begun.id).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_new_result_was_neither_told_nor_booked() {
    let fixture = Fixture::new().await;
    let declined = fixture.declined_sale("R-1").await;
    let booked = fixture.journal.acknowledge(declined.id, later(1)).await.unwrap();
    assert!(booked.told_at.is_some() && booked.acknowledged_at.is_some());
    let authorized = Approval { captured: false, ..approval(&declined.attempt) };
    let late = fixture.record(&declined, seen(Finding::Approved(authorized))).await;
    assert_eq!(late.alarm.map(|alarm| alarm.kind), Some(AlarmKind::LateApproval));
    assert!(late.operation.is_late());
    assert_eq!((late.operation.told_at, late.operation.acknowledged_at), (None, None));
    assert_eq!(fixture.journal.operation(declined.id).await.unwrap(), Some(late.operation.clone()));
    // That it was captured later is no new result.
    fixture.journal.told(declined.id, 1, Status::Approved, later(2)).await.unwrap();
    let after = fixture.record(&declined, approved(&declined.attempt)).await;
    assert!(after.moved && after.operation.told_at.is_some() && after.alarm.is_none());
}

/// What the till holds in its hand is not the result any more: it hears the new one before it may try again.
#[tokio::test]
async fn a_result_that_was_taken_back_while_it_was_told_is_not_told() {
    let fixture = Fixture::new().await;
    let paid = fixture.approved_sale("R-1").await;
    let taken_back = Finding::Corrected(Reason::new("corrected", "it failed after all"));
    fixture.record(&paid, seen(taken_back)).await;
    fixture.journal.told(paid.id, 1, Status::Approved, now()).await.unwrap();
    assert_eq!(fixture.journal.operation(paid.id).await.unwrap().unwrap().told_at, None);
    let history = fixture.journal.history(paid.id).await.unwrap();
    assert!(!history.iter().any(|line| line.event.contains("told")), "{history:?}");
    fixture.journal.told(paid.id, 1, Status::Declined, now()).await.unwrap();
    assert_eq!(fixture.journal.operation(paid.id).await.unwrap().unwrap().told_at.map(|_| ()), Some(()));
}

#[tokio::test]
async fn a_late_approval_decides_and_stops_the_attempt_that_is_under_way() {
    let fixture = Fixture::new().await;
    let first = fixture.declined_sale("R-1").await;
    let second = fixture.begin(sale("till-1", "R-1", "back", 10_000)).await;
    let late = fixture.record(&first, approved(&first.attempt)).await;
    assert_eq!(late.stopped.iter().map(|it| it.order.reference).collect::<Vec<_>>(), [second.attempt.order.reference]);
    assert_eq!((late.operation.attempt.number, late.operation.status()), (1, Status::Approved));
    assert_eq!(late.operation.terminal.as_str(), "front");
    let (operation, running) = fixture.journal.find_attempt(second.attempt.order.reference).await.unwrap().unwrap();
    assert!(running.cancel_wanted && running.phase.is_live());
    assert_eq!(operation, late.operation);
    assert_eq!(fixture.journal.live().await.unwrap(), [(operation, running)]);
    let repeated = fixture.journal.begin_sale(sale("till-1", "R-1", "front", 10_000)).await.unwrap();
    assert_eq!(repeated, pos_bridge::ports::Begun::Replayed(late.operation));
}

#[tokio::test]
async fn a_second_approval_freezes_the_terminal() {
    let fixture = Fixture::new().await;
    let first = fixture.declined_sale("R-1").await;
    let second = fixture.begin(sale("till-1", "R-1", "back", 10_000)).await;
    fixture.record(&first, approved(&first.attempt)).await;
    let twice = fixture.record(&second, approved(&second.attempt)).await;
    assert_eq!(twice.alarm.as_ref().map(|alarm| alarm.kind), Some(AlarmKind::SeveralPayments));
    assert_eq!(twice.operation.attempt.number, 2);
    let frozen = fixture.journal.begin_sale(sale("till-2", "R-2", "back", 100)).await.unwrap();
    assert_eq!(frozen, pos_bridge::ports::Begun::Frozen(twice.alarm.unwrap().text));
}

#[tokio::test]
async fn a_corrected_approval_gives_way_to_the_attempt_that_stands() {
    let fixture = Fixture::new().await;
    let first = fixture.declined_sale("R-1").await;
    let second = fixture.begin(sale("till-1", "R-1", "back", 10_000)).await;
    fixture.record(&first, approved(&first.attempt)).await;
    let taken_back = seen(Finding::Corrected(Reason::new("corrected", "taken back")));
    let corrected = fixture.record(&first, taken_back).await;
    assert_eq!(corrected.attempt.phase.name(), "declined");
    assert_eq!(corrected.operation.attempt.order.reference, second.attempt.order.reference);
    assert_eq!(corrected.operation.status(), Status::Pending);
}
