//! The same reference again: the contract's table.

use jiff::{SignedDuration, Timestamp};
use pos_bridge::domain::attempt::Phase;
use pos_bridge::domain::identifiers::OperationId;
use pos_bridge::domain::operation::{Operation, Retry, Status};
use pos_bridge::domain::repeat::{FIRST_GENERATION, Fingerprint, Kinship, OnRepeat, Repeat, RepeatRules, SAME_CONTENT};
use ulid::Ulid;

use crate::support::*;

fn same() -> Fingerprint {
    Fingerprint { money: Some(money(39900)), original: None }
}

fn rules(on_repeat: OnRepeat) -> RepeatRules {
    RepeatRules { on_repeat, ..RepeatRules::default() }
}

/// P2, P3, P36.
#[test]
fn a_repeated_reference_joins_replays_or_tries_again() {
    for phase in phases() {
        let mut operation = operation(sale(phase.clone()));
        let unpaid = matches!(phase, Phase::Declined { .. } | Phase::Cancelled { .. } | Phase::Failed { .. });
        let untold = if phase.is_live() { Repeat::Join } else { Repeat::Replay };
        assert_eq!(operation.repeat(&same(), rules(OnRepeat::NewAttempt), start()), untold, "{}", phase.name());

        operation.told_at = Some(start());
        let told = if unpaid { Repeat::NewAttempt } else { untold };
        assert_eq!(operation.repeat(&same(), rules(OnRepeat::NewAttempt), start()), told, "{}", phase.name());
        assert_eq!(operation.repeat(&same(), rules(OnRepeat::Replay), start()), untold, "{}", phase.name());
    }
}

/// P4: the same reference for something else is refused in every phase.
#[test]
fn a_reference_that_asks_for_something_else_is_a_conflict() {
    let other_currency = pos_bridge::domain::money::Currency::from_code("SEK").unwrap();
    let different = [
        Fingerprint { money: Some(money(39901)), ..same() },
        Fingerprint {
            money: Some(pos_bridge::domain::money::Money { currency: other_currency, ..money(39900) }),
            ..same()
        },
        Fingerprint { original: Some(OperationId(Ulid::from_parts(9, 9))), ..same() },
    ];
    for phase in phases() {
        for fingerprint in &different {
            assert_eq!(
                operation(sale(phase.clone())).repeat(fingerprint, rules(OnRepeat::NewAttempt), start()),
                Repeat::Conflict
            );
        }
    }
}

#[test]
fn a_refund_without_an_amount_is_the_same_refund_again() {
    let fingerprint = Fingerprint { money: None, original: None };
    let operation = operation(sale(Phase::Open { handle: handle() }));
    assert_eq!(operation.repeat(&fingerprint, rules(OnRepeat::NewAttempt), start()), Repeat::Join);
}

/// A till that counts from one again means something new by an old number, once what it meant has rested long enough.
#[test]
fn a_number_starts_over_above_a_final_result_that_has_rested() {
    let day = SignedDuration::from_hours(24);
    let second = SignedDuration::from_secs(1);
    let other = Fingerprint { money: Some(money(1)), original: None };
    for phase in phases() {
        let known = operation(sale(phase.clone()));
        for (rest, age, rested) in [
            (Some(day), day, true),
            (Some(day), day - second, false),
            (Some(day), -day, false),
            (None, day * 400, false),
        ] {
            let rules = RepeatRules { reuse_after: rest, ..RepeatRules::default() };
            let starts_over = rested && phase.is_final();
            let expected = if starts_over { Repeat::NewOperation } else { Repeat::Conflict };
            let told = known.repeat(&other, rules, start() + age);
            assert_eq!(told, expected, "{} {age} old, which rests for {rest:?}", phase.name());
        }
    }
}

/// P37. The shop's clock may jump: what has passed on the provider's is the most that a number has rested.
#[test]
fn a_number_has_rested_no_longer_than_on_the_providers_clock() {
    let (hour, year) = (SignedDuration::from_hours(1), SignedDuration::from_hours(24 * 365));
    let known = Operation { updated_at: start() + SignedDuration::from_secs(7), ..operation(sale(Phase::Sending)) };
    for (on_the_providers, here, expected) in [
        (hour, hour, hour),
        (hour, year, hour),
        (hour, -year, -year),
        (SignedDuration::ZERO, year, SignedDuration::ZERO),
        (-hour, year, -hour),
        (year, hour, hour),
    ] {
        let told = known.now_by_the_provider(horizon() + on_the_providers, known.updated_at + here);
        assert_eq!(told, known.updated_at + expected, "{on_the_providers} there, {here} here");
    }
    let at_the_end = Operation { updated_at: Timestamp::MAX, ..known };
    assert_eq!(at_the_end.now_by_the_provider(horizon() + hour, Timestamp::MAX), Timestamp::MAX);
}

/// Whatever the till knows or has begun since: nothing new begins over what may still be paid.
#[test]
fn without_a_number_what_is_open_is_joined_and_what_a_person_decides_is_replayed() {
    let long_after = start() + SAME_CONTENT * 100;
    for phase in phases().into_iter().filter(|phase| !phase.is_final()) {
        let expected = if phase.name() == "abandoned" { Repeat::Replay } else { Repeat::Join };
        for told_at in [None, Some(start())] {
            let known = Operation { told_at, acknowledged_at: told_at, ..operation(sale(phase.clone())) };
            for followed in [false, true] {
                let told = known.repeat_by_content(followed, OnRepeat::NewAttempt, long_after);
                assert_eq!(told, expected, "{} told {told_at:?}, followed {followed}", phase.name());
            }
        }
    }
}

#[test]
fn every_phase_has_the_tills_words() {
    let expected = [
        (Status::Pending, Retry::SameReference),
        (Status::Pending, Retry::SameReference),
        (Status::Pending, Retry::SameReference),
        (Status::Unknown, Retry::SameReference),
        (Status::Unknown, Retry::SameReference),
        (Status::Unknown, Retry::Operator),
        (Status::Approved, Retry::Never),
        (Status::Declined, Retry::NewAttempt),
        (Status::Cancelled, Retry::NewAttempt),
        (Status::Failed, Retry::NewAttempt),
    ];
    for (phase, expected) in phases().into_iter().zip(expected) {
        assert_eq!((phase.status(), phase.retry()), expected, "{}", phase.name());
        assert_eq!(phase.status().is_final(), phase.is_final());
    }
}

/// A later attempt decides, unless an earlier one was approved after all.
#[test]
fn an_approved_attempt_decides_over_a_later_one() {
    let numbered = |number, phase| pos_bridge::domain::attempt::Attempt { number, ..sale(phase) };
    let approved = Phase::Approved { approval: approval(), late: true, resolution: None };
    let open = Phase::Open { handle: handle() };
    assert!(numbered(2, open.clone()).decides_over(&numbered(1, Phase::Declined { reason: reason() })));
    assert!(!numbered(1, Phase::Declined { reason: reason() }).decides_over(&numbered(2, open.clone())));
    assert!(numbered(1, approved.clone()).decides_over(&numbered(2, open.clone())));
    assert!(!numbered(2, open.clone()).decides_over(&numbered(1, approved)));
    // A payment that the journal had lost is a later run beside one that is under way, and may be taken back.
    let taken_back = Phase::Declined { reason: reason() };
    assert!(numbered(1, open.clone()).decides_over(&numbered(2, taken_back.clone())));
    assert!(!numbered(2, taken_back).decides_over(&numbered(1, open)));
}

/// P39. A payment that the journal had lost, and what its till asked for under the same number since.
#[test]
fn a_lost_payment_is_the_same_sale_a_rival_or_from_before_the_number_started_over() {
    let (day, second) = (SignedDuration::from_hours(24), SignedDuration::from_secs(1));
    for phase in phases() {
        let known = operation(sale(phase.clone()));
        let paid = matches!(phase, Phase::Approved { .. });
        let same_sale = if paid { Kinship::Rival } else { Kinship::SameSale };
        for (rest, between, expected) in [
            (None, day * 400, same_sale),
            (Some(day), day - second, same_sale),
            (Some(day), second - day, same_sale),
            (Some(day), day, Kinship::Stranger),
            (Some(day), -day, Kinship::Stranger),
        ] {
            let mut lost = operation(sale(Phase::Reserved));
            lost.attempt.horizon -= between;
            assert_eq!(known.kinship(&lost, rest), expected, "{} {between}", phase.name());
            lost.money = money(1);
            let other = if expected == Kinship::Stranger { expected } else { Kinship::Rival };
            assert_eq!(known.kinship(&lost, rest), other, "{} {between}", phase.name());
        }
    }
}

/// P39. The number means what took money, and the newer one where it started over or both took some.
#[test]
fn a_lost_payment_gets_a_generation_above_what_its_number_means_or_below_it() {
    let paid = Phase::Approved { approval: approval(), late: true, resolution: None };
    let second = SignedDuration::from_secs(1);
    let lost = operation(sale(paid.clone()));
    for phase in phases() {
        let also_paid = matches!(phase, Phase::Approved { .. });
        for (kinship, age, keeps_its_meaning) in [
            (Kinship::Rival, second, false),
            (Kinship::Rival, SignedDuration::ZERO, also_paid),
            (Kinship::Rival, -second, also_paid),
            (Kinship::Stranger, second, false),
            (Kinship::Stranger, SignedDuration::ZERO, true),
            (Kinship::Stranger, -second, true),
        ] {
            let mut known = operation(sale(phase.clone()));
            known.attempt.horizon -= age;
            let expected = if keeps_its_meaning { -3 } else { 5 };
            let found = lost.lost_generation(Some((kinship, &known)), Some(-2..=4));
            assert_eq!(found, expected, "{kinship:?}, {} {age} older", phase.name());
        }
    }
    assert_eq!(lost.lost_generation(None, Some(-2..=4)), 5, "what is there was made in the other environment");
    assert_eq!(lost.lost_generation(None, None), FIRST_GENERATION);
}

/// A result of the simulator or of a test account says nothing of real money, nor the other way round.
#[test]
fn only_a_result_of_the_same_world_answers() {
    for phase in phases() {
        let known = operation(sale(phase.clone()));
        assert!(!known.is_of_other_environment(known.simulated), "{}", phase.name());
        assert_eq!(known.is_of_other_environment(!known.simulated), known.status().is_final(), "{}", phase.name());
    }
}
