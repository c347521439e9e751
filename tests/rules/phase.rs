//! What each phase says of its money and of what the provider calls it.

use pos_bridge::domain::attempt::{Attempt, Kind, OperatorVerdict, Phase, Resolution};

use crate::support::*;

/// R8: what may still move money is not free to be given back again.
#[test]
fn money_that_may_still_move_counts_until_the_contrary_is_proven() {
    let expected = [true, true, true, true, true, true, true, false, false, false];
    for (phase, expected) in phases().into_iter().zip(expected) {
        assert_eq!(phase.may_move_money(), expected, "{}", phase.name());
    }
}

#[test]
fn one_that_found_nothing_at_the_end_awaits_a_second_look_and_one_that_took_money_is_approved() {
    for phase in phases() {
        let awaits = matches!(&phase, Phase::Unknown { empty_since: Some(_), .. });
        assert_eq!(phase.awaits_second_look(), awaits, "{}", phase.name());
        assert_eq!(phase.is_approved(), phase.name() == "approved");
        assert_eq!(phase.approval().is_some(), phase.is_approved());
    }
    assert!(phases().iter().any(Phase::awaits_second_look));
}

#[test]
fn what_the_provider_calls_an_attempt_is_kept_until_it_is_decided() {
    let handle = handle();
    for phase in [
        Phase::Open { handle: handle.clone() },
        Phase::Unknown { handle: Some(handle.clone()), empty_since: None },
        Phase::Abandoned { handle: Some(handle.clone()) },
    ] {
        assert_eq!(phase.handle(), Some(&handle), "{}", phase.name());
    }
    for phase in [
        Phase::Reserved,
        Phase::Sending,
        Phase::Unknown { handle: None, empty_since: None },
        Phase::Abandoned { handle: None },
        Phase::Approved { approval: approval(), late: false, resolution: None },
        Phase::Declined { reason: reason() },
        Phase::Cancelled { resolution: None },
        Phase::Failed { reason: reason() },
    ] {
        assert_eq!(phase.handle(), None, "{}", phase.name());
    }
}

/// C5: a card that was presented while a sale was cancelled, or a payment that was captured in spite of its signature.
#[test]
fn only_what_crossed_with_its_stop_may_still_win() {
    let by_record = Phase::Cancelled { resolution: None };
    let by_operator = Phase::Cancelled {
        resolution: Some(Resolution {
            verdict: OperatorVerdict::NotTaken,
            by: "Kari".to_owned(),
            reason: "no receipt".to_owned(),
        }),
    };
    let declined = Phase::Declined { reason: reason() };
    let (sale, refund, signed, refused) = (Kind::Sale, Kind::Refund, Some(true), Some(false));
    for (kind, phase, signature_accepted, expected) in [
        (sale, by_record.clone(), None, true),
        (sale, by_record.clone(), signed, true),
        (sale, by_record.clone(), refused, true),
        (refund, by_record.clone(), None, false),
        (refund, by_record.clone(), signed, false),
        (refund, by_record, refused, true),
        (sale, by_operator.clone(), None, false),
        (refund, by_operator, refused, false),
        (sale, declined.clone(), None, false),
        (sale, declined.clone(), signed, false),
        (sale, declined.clone(), refused, true),
        (refund, declined, refused, true),
    ] {
        let told = format!("{} {phase:?} {signature_accepted:?}", kind.name());
        assert_eq!(Attempt { signature_accepted, ..attempt(kind, phase) }.may_still_win(), expected, "{told}");
    }
    for phase in phases().into_iter().filter(|phase| !matches!(phase.name(), "cancelled" | "declined")) {
        let unproven = Attempt { signature_accepted: refused, ..attempt(sale, phase) };
        assert!(!unproven.may_still_win(), "{}", unproven.phase.name());
    }
}
