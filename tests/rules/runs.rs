//! Several attempts at one operation: which of them decides, and what a move of one means for the others.

use jiff::SignedDuration;
use pos_bridge::domain::attempt::{AlarmKind, Attempt, Event, NotResolvable, OperatorVerdict, Phase, Resolution};
use pos_bridge::domain::evidence::{Approval, Finding, Order};
use pos_bridge::domain::identifiers::{AttemptReference, OperationId, TerminalName, TransactionId};
use pos_bridge::domain::operation::{Operation, ProviderName};
use pos_bridge::domain::runs::{self, Moved, deciding, settle, stopped_for, taken_in, with_attempt};
use ulid::Ulid;

use crate::support::*;

fn reference(number: u32) -> AttemptReference {
    AttemptReference::new(Ulid::from_parts(number.into(), 1))
}

fn run(number: u32, phase: Phase) -> Operation {
    operation(Attempt { number, order: Order { reference: reference(number), ..order() }, ..sale(phase) })
}

fn open() -> Phase {
    Phase::Open { handle: handle() }
}

fn declined() -> Phase {
    Phase::Declined { reason: reason() }
}

/// By a payment of the attempt's own.
fn paid(number: u32) -> Approval {
    Approval { transaction: Some(TransactionId::new(format!("T1.{number}")).unwrap()), ..approval() }
}

fn approved(number: u32) -> Phase {
    Phase::Approved { approval: paid(number), late: false, resolution: None }
}

fn found_paid(number: u32) -> Event {
    seen(Finding::Approved(paid(number)), start())
}

/// What an event makes of the first of the runs.
fn moved(runs: &[Operation], event: &Event) -> Moved {
    runs::step(runs, &runs[0], event).unwrap().unwrap()
}

#[test]
fn of_several_runs_one_decides_in_whatever_order_they_come() {
    for (phases, expected) in [
        (vec![declined()], 1),
        (vec![declined(), declined()], 2),
        (vec![declined(), open(), declined()], 2),
        (vec![open(), approved(2), open()], 2),
        (vec![approved(1), approved(2), declined()], 2),
    ] {
        let mut runs: Vec<_> = (1..).zip(phases).map(|(number, phase)| run(number, phase)).collect();
        for _ in 0..2 {
            assert_eq!(deciding(&runs).unwrap().attempt.number, expected, "{runs:?}");
            runs.reverse();
        }
    }
    assert_eq!(deciding(&[]), None);
}

/// A reader asks the provider that its attempt runs at, whichever attempt decides.
#[test]
fn an_attempt_comes_with_its_operation_and_the_provider_that_it_runs_at() {
    let back = TerminalName::new("back").unwrap();
    let at_dojo = Operation { provider: ProviderName::Dojo, terminal: back, ..run(1, declined()) };
    let runs = [at_dojo, run(2, open())];
    let (operation, attempt) = with_attempt(&runs, reference(1)).unwrap();
    assert_eq!(
        (operation, attempt),
        (Operation { provider: ProviderName::Dojo, ..runs[1].clone() }, runs[0].attempt.clone())
    );
    assert_eq!(with_attempt(&runs, reference(2)), Some((runs[1].clone(), runs[1].attempt.clone())));
    assert_eq!(with_attempt(&runs, reference(3)), None);
}

#[test]
fn what_changes_nothing_of_a_run_or_may_not_be_decided_moves_none() {
    let runs = [run(1, open()), run(2, open())];
    assert_eq!(runs::step(&runs, &runs[0], &seen(Finding::Nothing, start())), Ok(None));
    let resolution =
        Resolution { verdict: OperatorVerdict::NotTaken, by: "Kari".to_owned(), reason: "no receipt".to_owned() };
    let too_early = Event::Resolved { resolution, at: start() };
    assert_eq!(runs::step(&runs, &runs[0], &too_early), Err(NotResolvable::TooEarly { until: horizon() }));
}

/// A word of the provider's that is no proof decides nothing, nor does more of what is known.
#[test]
fn a_run_is_decided_when_it_is_proven_or_proven_otherwise() {
    let reserved = Approval { captured: false, ..paid(1) };
    let reserved = Phase::Approved { approval: reserved, late: false, resolution: None };
    for (phase, event, decided) in [
        (Phase::Sending, Event::Accepted { handle: handle() }, false),
        (open(), Event::CancelWanted, false),
        (open(), seen(Finding::Declined(reason()), start()), true),
        (open(), found_paid(1), true),
        (declined(), found_paid(1), true),
        (reserved, found_paid(1), false),
        (approved(1), seen(Finding::Corrected(reason()), start()), true),
    ] {
        let runs = [run(1, phase), run(2, open())];
        let told = moved(&runs, &event);
        assert_eq!(told.attempt, step(&runs[0].attempt, &event).unwrap().attempt);
        assert_eq!(told.decided, decided, "{event:?}");
        let stops = decided && told.attempt.phase.is_approved();
        assert_eq!(told.stopped.len(), usize::from(stops), "only news of a payment stops another: {event:?}");
    }
}

/// The customer has paid: what still could take money beside that is stopped, as far as that is possible.
#[test]
fn a_paid_run_stops_those_that_may_still_take_money() {
    for phase in phases() {
        let runs = [run(1, declined()), run(2, phase.clone())];
        let told = moved(&runs, &found_paid(1));
        let other = &runs[1].attempt;
        let expected = match phase {
            Phase::Reserved => vec![Attempt { phase: Phase::Cancelled { resolution: None }, ..other.clone() }],
            _ if phase.is_live() => vec![Attempt { cancel_wanted: true, ..other.clone() }],
            _ => Vec::new(),
        };
        assert_eq!(told.stopped, expected, "{}", phase.name());
        assert_eq!(stopped_for(&runs, &told.attempt), expected);
    }
    let mut runs = [run(1, declined()), run(2, open())];
    runs[1].attempt.cancel_wanted = true;
    assert_eq!(moved(&runs, &found_paid(1)).stopped, [runs[1].attempt.clone()], "it is told, though it is no news");
}

/// C5. One that was paid beside it is what a person must see first.
#[test]
fn a_run_that_is_paid_beside_a_paid_one_is_the_louder_alarm() {
    let raised = |phases: [Phase; 2]| {
        let [first, second] = phases;
        moved(&[run(1, first), run(2, second)], &found_paid(1)).alarm.map(|alarm| alarm.kind)
    };
    assert_eq!(raised([open(), open()]), None);
    assert_eq!(raised([declined(), open()]), Some(AlarmKind::LateApproval));
    assert_eq!(raised([open(), approved(2)]), Some(AlarmKind::SeveralPayments));
    assert_eq!(raised([declined(), approved(2)]), Some(AlarmKind::SeveralPayments));
    assert_eq!(raised([open(), approved(1)]), None, "two that name one payment");
    let corrected = moved(&[run(1, approved(1)), run(2, approved(2))], &seen(Finding::Corrected(reason()), start()));
    assert_eq!(corrected.alarm.map(|alarm| alarm.kind), Some(AlarmKind::Corrected));
}

/// P39. A till that had turned to its next sale must hear of the paid one first, and knows it by the stop.
#[test]
fn a_lost_payment_is_the_last_run_of_its_sale_and_stopped_if_that_was() {
    let lost = Attempt { operation: OperationId(Ulid::from_parts(2, 2)), ..run(1, approved(9)).attempt };
    for phase in phases() {
        for cancel_wanted in [false, true] {
            let mut runs = [run(3, phase.clone()), run(2, declined())];
            runs[0].attempt.cancel_wanted = cancel_wanted;
            let is_stopped = cancel_wanted || phase.name() == "cancelled";
            let expected = Attempt { operation: runs[0].id, number: 4, cancel_wanted: is_stopped, ..lost.clone() };
            assert_eq!(taken_in(&runs, &lost), Some(expected), "{}", phase.name());
        }
    }
    assert_eq!(taken_in(&[], &lost), None);
}

/// What a till was told and has booked stands as long as it is what it would be told now.
#[test]
fn a_result_that_is_new_to_the_till_was_neither_told_nor_booked() {
    let (told_at, acknowledged_at) = (Some(start()), Some(start() + SignedDuration::from_secs(1)));
    let now = start() + SignedDuration::from_mins(1);
    let before = Operation { told_at, acknowledged_at, ..run(1, declined()) };
    for (runs, is_same) in [
        (vec![run(1, declined())], true),
        (vec![run(1, declined()), run(2, open())], false),
        (vec![run(1, approved(1)), run(2, open())], false),
    ] {
        let expected = Operation {
            told_at: told_at.filter(|_| is_same),
            acknowledged_at: acknowledged_at.filter(|_| is_same),
            updated_at: now,
            ..deciding(&runs).unwrap().clone()
        };
        assert_eq!(settle(&runs, &before, now), Some(expected));
    }
    assert_eq!(settle(&[], &before, now), None);
}
