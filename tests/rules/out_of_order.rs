//! Readings that come early, late, or when something else is known already.

use pos_bridge::domain::attempt::{AlarmKind, OperatorVerdict, Phase, Resolution};
use pos_bridge::domain::evidence::{Approval, Contradiction, Finding};

use crate::support::*;

/// A payment that is only reserved yet is the payment behind an operator's word all the same.
#[test]
fn the_payment_behind_an_operators_word_is_kept_before_it_is_captured() {
    let resolution =
        Resolution { verdict: OperatorVerdict::Approved, by: "Kari".to_owned(), reason: "receipt".to_owned() };
    let word = Approval { transaction: None, captured: false, ..approval() };
    let reserved = Approval { captured: false, ..approval() };
    let approved = |approval| Phase::Approved { approval, late: false, resolution: Some(resolution.clone()) };
    let transition = step(&sale(approved(word)), &seen(Finding::Approved(reserved.clone()), horizon())).unwrap();
    assert_eq!((transition.attempt.phase, transition.alarm), (approved(reserved), None));
}

/// The provider takes back what it had approved: loud where the till may have heard of the approval, silent where it had
/// not, and no news over a "no".
#[test]
fn what_is_taken_back_is_loud_only_after_an_approval() {
    for phase in phases() {
        let transition = step(&sale(phase.clone()), &seen(Finding::Corrected(reason()), start()));
        if ["declined", "cancelled", "failed"].contains(&phase.name()) {
            assert_eq!(transition, None, "{}", phase.name());
            continue;
        }
        let transition = transition.unwrap();
        assert_eq!(transition.attempt.phase, Phase::Declined { reason: reason() }, "{}", phase.name());
        let loud = transition.alarm.map(|alarm| alarm.kind);
        assert_eq!(loud, (phase.name() == "approved").then_some(AlarmKind::Corrected), "{}", phase.name());
    }
}

/// P13: the callback overtakes the answer, or the answer never comes.
#[test]
fn a_session_that_is_found_before_its_answer_came_is_open() {
    let found = Finding::Undecided { handle: Some(handle()), started: false };
    for phase in [Phase::Sending, Phase::Unknown { handle: None, empty_since: None }] {
        let open = after(&sale(phase.clone()), &[seen(found.clone(), start())]);
        assert_eq!(open.phase, Phase::Open { handle: handle() }, "{}", phase.name());
    }
}

/// P17: the session of another amount is found again and again; the attempt never looks open because of it.
#[test]
fn what_contradicted_once_is_not_open_again() {
    let what = Contradiction::Amount { asked: 39900, found: 3990 };
    let found = Finding::Undecided { handle: Some(handle()), started: false };
    let doubted =
        after(&sale(Phase::Sending), &[seen(Finding::Contradiction { what, handle: Some(handle()) }, start())]);
    assert_eq!(doubted.phase, Phase::Unknown { handle: Some(handle()), empty_since: None });
    assert_eq!(step(&doubted, &seen(found, start())), None);
}
