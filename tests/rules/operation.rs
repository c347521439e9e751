//! What a till is told of an operation.

use jiff::SignedDuration;
use pos_bridge::domain::attempt::{Alarm, AlarmKind, Attempt, Kind, Phase};
use pos_bridge::domain::evidence::Approval;
use pos_bridge::domain::identifiers::TransactionId;
use pos_bridge::domain::money::Amount;
use pos_bridge::domain::operation::{Operation, Status, paid_twice};

use crate::support::*;

fn approved(late: bool) -> Phase {
    Phase::Approved { approval: approval(), late, resolution: None }
}

/// Waiting longer brings nothing once the result is proven, or when a person has to decide.
#[test]
fn an_operation_is_settled_when_waiting_brings_nothing() {
    let expected = [false, false, false, false, false, true, true, true, true, true];
    for (phase, expected) in phases().into_iter().zip(expected) {
        assert_eq!(operation(sale(phase.clone())).is_settled(), expected, "{}", phase.name());
    }
}

#[test]
fn an_outcome_is_proven_unless_it_is_pending_or_unknown() {
    assert_eq!(Status::ALL.map(Status::is_final), [false, true, true, true, true, false]);
}

/// The proof is there when money moved, the reason when it was refused or never started, and neither otherwise.
#[test]
fn an_operation_tells_the_proof_or_the_reason() {
    for phase in phases() {
        let operation = operation(sale(phase.clone()));
        let (proof, why) = (approval(), reason());
        let expected: (Option<&Approval>, _) = match phase.name() {
            "approved" => (Some(&proof), None),
            "declined" | "failed" => (None, Some(&why)),
            _ => (None, None),
        };
        assert_eq!((operation.approval(), operation.reason()), expected, "{}", phase.name());
    }
}

#[test]
fn only_an_approval_after_another_word_is_late() {
    assert!(operation(sale(approved(true))).is_late());
    assert!(!operation(sale(approved(false))).is_late());
    for phase in phases() {
        assert!(!operation(sale(phase.clone())).is_late(), "{}", phase.name());
    }
}

/// What is not proven cannot be booked, and what is booked stays as it was.
#[test]
fn a_proven_result_is_booked_once() {
    let (first, later) = (start(), start() + SignedDuration::from_secs(1));
    for phase in phases() {
        let known = operation(sale(phase.clone()));
        let booked = Operation { acknowledged_at: Some(later), updated_at: later, ..known.clone() };
        assert_eq!(known.acknowledged(later), phase.is_final().then_some(booked), "{}", phase.name());
        let known = Operation { acknowledged_at: Some(first), ..known };
        assert_eq!(known.acknowledged(later), None, "{}", phase.name());
    }
}

/// C5: two attempts under one receipt number were paid.
#[test]
fn a_receipt_that_was_paid_by_two_attempts_is_an_alarm() {
    let paid_by = |number, payment: &str| {
        let approval = Approval { transaction: Some(TransactionId::new(payment).unwrap()), ..approval() };
        Attempt { number, ..sale(Phase::Approved { approval, late: false, resolution: None }) }
    };
    let numbered = |number| paid_by(number, &format!("T1.{number}"));
    let third: Operation = operation(numbered(3));
    assert_eq!(paid_twice(&third, std::iter::empty()), None);
    let Alarm { kind, text } = paid_twice(&third, [&numbered(1), &numbered(2)].into_iter()).unwrap();
    assert_eq!(kind, AlarmKind::SeveralPayments);
    let told = "sale R-1 of till till-1 was paid more than once (attempt 3 after 1, 2, 399.00 NOK each)";
    assert!(text.starts_with(told), "{text}");

    assert_eq!(paid_twice(&third, [paid_by(1, "T1.3")].iter()), None, "one payment, and two that name it");
    let refund = |number| Attempt { kind: Kind::Refund, ..paid_by(number, "T1.3") };
    assert!(paid_twice(&operation(refund(2)), [refund(1)].iter()).is_some(), "a refund names what it gives back");
    let by_word = |number| Attempt {
        phase: Phase::Approved {
            approval: Approval { transaction: None, ..approval() },
            late: false,
            resolution: None,
        },
        ..numbered(number)
    };
    assert!(paid_twice(&operation(by_word(2)), [by_word(1)].iter()).is_some(), "a person said so of both");
}

/// The one that decides already is no news to itself.
#[test]
fn no_attempt_decides_over_itself() {
    for phase in phases() {
        let attempt = sale(phase);
        assert!(!attempt.decides_over(&attempt), "{}", attempt.phase.name());
    }
    let numbered = |number| Attempt { number, ..sale(approved(false)) };
    assert!(numbered(2).decides_over(&numbered(1)) && !numbered(1).decides_over(&numbered(2)), "both were paid");
}

/// A result that a till has booked is told anew only when something that it books has changed.
#[test]
fn a_result_is_another_one_when_its_attempt_its_outcome_or_its_amount_is() {
    let told = |number, phase| operation(Attempt { number, ..sale(phase) });
    let approved = |minor, captured| {
        let approval = Approval { amount: Amount::new(minor).unwrap(), captured, ..approval() };
        Phase::Approved { approval, late: false, resolution: None }
    };
    let before = told(1, approved(100, false));
    let table = [
        (told(1, approved(100, true)), true),
        (told(1, approved(110, false)), false),
        (told(2, approved(100, false)), false),
        (told(1, Phase::Cancelled { resolution: None }), false),
    ];
    for (after, is_same) in table {
        assert_eq!(after.is_same_result(&before), is_same, "{:?}", after.attempt);
    }
}
