//! Requests that may have been made before: numbers that start over, tills without numbers.

use jiff::{SignedDuration, Timestamp};
use pos_bridge::domain::attempt::Phase;
use pos_bridge::domain::operation::Operation;
use pos_bridge::domain::repeat::{Fingerprint, OnRepeat, Repeat, RepeatRules, SAME_CONTENT};
use proptest::prelude::*;

use crate::support::*;

const DAY: i64 = 24 * 3600;

fn later(seconds: i64) -> Timestamp {
    start() + SignedDuration::from_secs(seconds)
}

/// An operation that was asked for and last changed at [`start`].
fn at_start(phase: Phase, told: bool, acknowledged: bool) -> Operation {
    let operation = operation(sale(phase));
    Operation {
        created_at: start(),
        updated_at: start(),
        told_at: told.then(start),
        acknowledged_at: acknowledged.then(start),
        ..operation
    }
}

fn took_money(phase: &Phase) -> bool {
    matches!(phase, Phase::Approved { .. })
}

fn took_none(phase: &Phase) -> bool {
    phase.is_final() && !took_money(phase)
}

fn any_phase() -> impl Strategy<Value = Phase> {
    proptest::sample::select(phases())
}

fn any_on_repeat() -> impl Strategy<Value = OnRepeat> {
    prop_oneof![Just(OnRepeat::NewAttempt), Just(OnRepeat::Replay)]
}

/// Once a till knows that nothing was taken, it tries again: under the same number soon after, unless it has begun
/// something else since or wants no second attempt under one number.
#[test]
fn what_took_no_money_is_tried_again_without_a_number() {
    use OnRepeat::{NewAttempt, Replay};
    let last = SAME_CONTENT.as_secs() - 1;
    for (age, followed, on_repeat, expected) in [
        (0, false, NewAttempt, Repeat::NewAttempt),
        (last, false, NewAttempt, Repeat::NewAttempt),
        (last + 1, false, NewAttempt, Repeat::NewOperation),
        (last, true, NewAttempt, Repeat::NewOperation),
        (last + 1, true, NewAttempt, Repeat::NewOperation),
        (last, false, Replay, Repeat::NewOperation),
        (last + 1, true, Replay, Repeat::NewOperation),
    ] {
        for phase in phases().into_iter().filter(took_none) {
            let told = at_start(phase.clone(), true, false).repeat_by_content(followed, on_repeat, later(age));
            assert_eq!(told, expected, "{} {age} s ago, followed {followed}, {on_repeat:?}", phase.name());
            let untold = at_start(phase, false, false).repeat_by_content(followed, on_repeat, later(age));
            assert_eq!(untold, Repeat::Replay, "the till does not know it");
        }
    }
}

/// A booked result holds its amount as long as a double press may come.
#[test]
fn a_booked_sale_is_the_same_one_for_a_while() {
    let approved = Phase::Approved { approval: approval(), late: false, resolution: None };
    let end = SAME_CONTENT.as_secs();
    for (told, acknowledged, followed, age, expected) in [
        (true, true, false, end - 1, Repeat::Replay),
        (true, true, false, end, Repeat::NewOperation),
        (true, false, true, end - 1, Repeat::Replay),
        (true, false, true, end, Repeat::NewOperation),
        (true, false, false, 10 * end, Repeat::Replay),
        (false, false, true, 10 * end, Repeat::Replay),
    ] {
        let known = at_start(approved.clone(), told, acknowledged);
        let answer = known.repeat_by_content(followed, OnRepeat::NewAttempt, later(age));
        assert_eq!(answer, expected, "told {told}, booked {acknowledged}, followed {followed}, {age} s ago");
    }
}

proptest! {
    /// A number starts over only above a final operation that has rested long enough, whatever is asked for then.
    #[test]
    fn a_number_starts_over_above_what_is_final_and_old(
        phase in any_phase(), told in any::<bool>(), days in 1_i64..100, age in 0..200 * DAY, amount in 1_i64..3,
        on_repeat in any_on_repeat(),
    ) {
        let rules = RepeatRules { on_repeat, reuse_after: Some(SignedDuration::from_hours(24 * days)), heeds_superseded: false };
        let never = RepeatRules { reuse_after: None, ..rules };
        let asked = Fingerprint { money: Some(money(39900 * amount)), original: None };
        let known = at_start(phase.clone(), told, false);
        let answer = known.repeat(&asked, rules, later(age));
        if phase.is_final() && age >= days * DAY {
            prop_assert_eq!(answer, Repeat::NewOperation);
        } else {
            prop_assert_eq!(answer, known.repeat(&asked, never, later(age)));
            prop_assert_ne!(answer, Repeat::NewOperation);
        }
    }

    /// Without a number, nothing new begins over what is open or unproven, over what is young and took money, or over a
    /// result that the till does not know.
    #[test]
    fn without_a_number_nothing_is_charged_twice(
        phase in any_phase(), told in any::<bool>(), acknowledged in any::<bool>(), followed in any::<bool>(),
        age in -DAY..DAY, on_repeat in any_on_repeat(),
    ) {
        let known = at_start(phase.clone(), told, acknowledged);
        let answer = known.repeat_by_content(followed, on_repeat, later(age));
        let begins = matches!(answer, Repeat::NewAttempt | Repeat::NewOperation);
        if !phase.is_final() {
            prop_assert!(!begins);
            prop_assert_eq!(answer == Repeat::Join, phase.is_live());
        }
        if took_money(&phase) {
            let booked = acknowledged || (told && followed);
            let old = later(age).duration_since(start()) >= SAME_CONTENT;
            prop_assert_eq!(answer, if booked && old { Repeat::NewOperation } else { Repeat::Replay });
        }
        if took_none(&phase) {
            prop_assert_eq!(begins, told);
            prop_assert!(answer != Repeat::NewAttempt || on_repeat == OnRepeat::NewAttempt);
        }
        prop_assert_ne!(answer, Repeat::Conflict);
    }
}
