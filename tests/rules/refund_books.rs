//! `Difference`: a payment's refunds as the journal holds them, beside what a provider tells that names none of them.

use jiff::SignedDuration;
use pos_bridge::domain::attempt::{Attempt, Kind, Phase, Preparation};
use pos_bridge::domain::evidence::{Approval, Order};
use pos_bridge::domain::identifiers::{AttemptReference, Handle};
use pos_bridge::domain::money::Amount;
use pos_bridge::domain::operation::Operation;
use pos_bridge::domain::refund_books::{Difference, Known, RunAtMachine, Told};
use ulid::Ulid;

use crate::support::*;

const PATIENCE: SignedDuration = SignedDuration::from_mins(15);

fn run(name: &str) -> Handle {
    Handle::new(name).unwrap()
}

/// A refund at a machine of long ago.
fn told(name: &str, minor: i64) -> RunAtMachine {
    RunAtMachine { run: run(name), minor, is_settled: true }
}

fn reference(number: u64) -> AttemptReference {
    AttemptReference::new(Ulid::from_parts(number, 1))
}

/// A refund of 40.00 that was approved just now, at a machine as this run, or without the card.
fn refund(number: u64, at_machine: Option<&str>) -> (Operation, Attempt) {
    let approval = Approval { amount: Amount::new(4_000).unwrap(), ..approval() };
    let phase = Phase::Approved { approval, late: false, resolution: None };
    let preparation = Preparation {
        payment: run("pi_1"),
        reference: reference(9),
        earlier_runs: Vec::new(),
        refunded: 0,
        run: at_machine.map(run),
    };
    let made = Attempt {
        order: Order { reference: reference(number), money: money(4_000), ..order() },
        card_present: at_machine.is_some(),
        preparation: Some(preparation),
        ..attempt(Kind::Refund, phase)
    };
    (operation(made.clone()), made)
}

fn long_ago((mut operation, attempt): (Operation, Attempt)) -> (Operation, Attempt) {
    operation.updated_at = start() - PATIENCE;
    (operation, attempt)
}

fn in_phase((operation, attempt): (Operation, Attempt), phase: Phase) -> (Operation, Attempt) {
    (operation, Attempt { phase, ..attempt })
}

/// An operator called it given back.
fn by_word((operation, mut attempt): (Operation, Attempt)) -> (Operation, Attempt) {
    if let Phase::Approved { approval, .. } = &mut attempt.phase {
        approval.transaction = None;
    }
    (operation, attempt)
}

fn without_preparation((operation, mut refund): (Operation, Attempt)) -> (Operation, Attempt) {
    refund.preparation = None;
    (operation, refund)
}

fn difference(known: i64, refunds: &[(Operation, Attempt)], sum: i64, at_machines: &[RunAtMachine]) -> Difference {
    let (known, told) = (Known { sum: known, refunds }, Told { sum, at_machines });
    Difference::between(known, told, reference(7), start(), PATIENCE)
}

#[test]
fn what_the_sum_does_not_hold_makes_the_record_an_old_one_and_what_it_holds_beside_needs_a_person() {
    let by_api = || vec![refund(1, None)];
    let at_machine = || vec![refund(1, Some("ts_1"))];
    let at_machine_long_ago = || vec![long_ago(refund(1, Some("ts_1")))];
    let one_of_two_long_ago = || vec![long_ago(refund(1, Some("ts_1"))), refund(2, Some("ts_2"))];
    let by_api_long_ago = || vec![long_ago(refund(1, None))];
    let by_word_at_machine = || vec![long_ago(by_word(refund(1, Some("ts_1"))))];
    for (what, refunds, known, sum, is_behind, surplus, unexplained) in [
        ("it is held", by_api(), 4_000, 4_000, false, 0, 0),
        ("it is not held yet", by_api(), 4_000, 0, true, 0, 0),
        ("somebody else gave more back", by_api(), 4_000, 5_000, false, 1_000, 0),
        ("one at a machine may come yet", at_machine(), 4_000, 0, true, 0, 0),
        ("beside what somebody else gave back before", at_machine(), 8_000, 4_000, true, 0, 0),
        ("or beside one of long ago", one_of_two_long_ago(), 8_000, 4_000, true, 0, 0),
        ("the sum holds both", one_of_two_long_ago(), 8_000, 8_000, false, 0, 0),
        ("one at a machine that would have come", at_machine_long_ago(), 4_000, 0, false, 0, 0),
        ("the sum holds those at machines", at_machine_long_ago(), 4_000, 4_000, false, 0, 0),
        ("a part of one can be anybody's", at_machine_long_ago(), 4_000, 1_000, false, 0, 3_000),
        ("that, and something else", at_machine_long_ago(), 5_000, 0, false, 0, 5_000),
        ("somebody else's that was told before", Vec::new(), 5_000, 0, false, 0, 5_000),
        ("one by the API comes", by_api_long_ago(), 4_000, 0, true, 0, 0),
        ("an operator's word never comes", vec![by_word(refund(1, None))], 4_000, 0, false, 0, 0),
        ("what comes may be another's", vec![by_word(refund(1, None))], 4_000, 4_000, false, 4_000, 0),
        ("nor at a machine", by_word_at_machine(), 4_000, 0, false, 0, 0),
        ("undecided ones are not known", vec![in_phase(refund(1, None), Phase::Sending)], 0, 0, false, 0, 0),
    ] {
        let found = difference(known, &refunds, sum, &[]);
        assert_eq!((found.is_behind, found.surplus, found.unexplained), (is_behind, surplus, unexplained), "{what}");
        assert_eq!(found.needs_a_person(), surplus > 0 || unexplained > 0, "{what}");
    }
}

/// What it grows by from an old record would be no proof of the next refund.
#[test]
fn a_sum_that_was_higher_before_is_an_old_one() {
    let seen_at = |sum: i64, (operation, mut refund): (Operation, Attempt)| {
        refund.preparation.as_mut().unwrap().refunded = sum;
        (operation, refund)
    };
    let failed = |refund| in_phase(refund, Phase::Failed { reason: reason() });
    let machine = || long_ago(refund(1, Some("ts_1")));
    let word = || by_word(refund(1, None));
    for (what, refunds, known, sum, is_behind) in [
        ("a machine's, then one by the API", vec![machine(), seen_at(4_000, refund(2, None))], 8_000, 4_000, true),
        ("which the sum holds", vec![machine(), seen_at(4_000, refund(2, None))], 8_000, 8_000, false),
        ("or only the second of them", vec![machine(), seen_at(0, refund(2, None))], 8_000, 4_000, false),
        ("an operator's, then one by the API", vec![word(), seen_at(4_000, refund(2, None))], 8_000, 4_000, true),
        ("one that was not made saw it", vec![seen_at(3_000, failed(refund(1, None)))], 0, 2_999, true),
        ("one that never saw it", vec![without_preparation(refund(1, None))], 0, 0, true),
        ("and nothing else came", vec![seen_at(3_000, failed(refund(1, None)))], 0, 3_000, false),
    ] {
        assert_eq!(difference(known, &refunds, sum, &[]).is_behind, is_behind, "{what}");
    }
}

/// P39: what a machine gave back and no refund of the journal's is.
#[test]
fn a_run_at_a_machine_that_is_no_refund_of_the_journals_was_lost() {
    let told = [told("ts_1", 4_000), told("ts_2", 500)];
    let without_run = |phase| {
        let (operation, mut attempt) = refund(1, Some("ts_1"));
        attempt.preparation.as_mut().unwrap().run = None;
        vec![in_phase((operation, attempt), phase)]
    };
    for (what, refunds, lost) in [
        ("none is known", Vec::new(), 4_500),
        ("one is known", vec![refund(1, Some("ts_1"))], 500),
        ("both are", vec![refund(1, Some("ts_1")), refund(2, Some("ts_2"))], 0),
        ("the one that is asked for is none of them", vec![refund(7, Some("ts_1"))], 4_500),
        ("one of ours may be the one of its amount", without_run(Phase::Sending), 500),
        ("another is known", [without_run(Phase::Sending), vec![refund(2, Some("ts_2"))]].concat(), 0),
        ("one that was not made is none", without_run(Phase::Failed { reason: reason() }), 4_500),
        ("nor is one without the card", vec![refund(1, None)], 4_500),
    ] {
        assert_eq!(difference(0, &refunds, 0, &told).lost_at_machines, lost, "{what}");
    }
}

/// One that was noted before is known, and the sum leaves it out like every other at a machine.
#[test]
fn what_was_lost_and_noted_does_not_make_the_record_an_old_one() {
    let told = [told("ts_1", 4_000), told("ts_2", 500)];
    let known = [long_ago(refund(1, Some("ts_1")))];
    for (what, sum, elsewhere) in
        [("the sum holds none", 0, 500), ("one of them", 500, 500), ("the other", 4_000, 0), ("both", 4_500, 0)]
    {
        let found = difference(4_500, &known, sum, &told);
        let expected = Difference {
            surplus: 0,
            beside_ours: sum,
            lost_at_machines: 500,
            unexplained: 0,
            elsewhere,
            is_behind: false,
        };
        assert_eq!(found, expected, "{what}");
        assert!(found.needs_a_person());
    }
}

/// It would be the proof of a refund without the card that never arrived.
#[test]
fn what_was_lost_at_a_machine_a_moment_ago_may_come_to_the_sum_yet() {
    for (what, is_settled, known, sum, is_behind) in [
        ("it was noted", false, 3_000, 0, true),
        ("and may have come", false, 3_000, 3_000, true),
        ("it would have come", true, 3_000, 0, false),
    ] {
        let lost = [RunAtMachine { is_settled, ..told("ts_1", 3_000) }];
        assert_eq!(difference(known, &[], sum, &lost).is_behind, is_behind, "{what}");
    }
    let lost = [RunAtMachine { is_settled: false, ..told("ts_9", 3_000) }];
    let beside_a_word = difference(7_000, &[by_word(refund(1, None))], 4_000, &lost);
    assert!(beside_a_word.is_behind, "whatever an operator's word makes of the sums");
    let machine = long_ago(refund(1, Some("ts_1")));
    assert_eq!(difference(7_000, &[machine], 1_500, &lost).elsewhere, 4_500, "and what others gave back does not hide");
}

/// It stays while our own refunds come to the sum, so that what somebody has seen to is not told again.
#[test]
fn what_the_sum_holds_beside_ours_changes_with_others_alone() {
    for (what, refunds, sum, beside_ours) in [
        ("nothing of ours", Vec::new(), 3_000, 3_000),
        ("one of ours", vec![refund(1, None)], 7_000, 3_000),
        ("one at a machine is not certain to be in it", vec![refund(1, Some("ts_1"))], 7_000, 7_000),
        ("an operator's word is not either", vec![by_word(refund(1, None))], 7_000, 7_000),
    ] {
        assert_eq!(difference(0, &refunds, sum, &[]).beside_ours, beside_ours, "{what}");
    }
}

/// R14: a sum that leaves out what machines gave back need not be greater than what is known to hold what others did.
#[test]
fn what_others_gave_back_is_told_where_the_sum_provably_leaves_out_refunds_at_machines() {
    let machine = |number: u64| long_ago(refund(number, Some(&format!("ts_{number}"))));
    let word = || by_word(refund(3, None));
    for (what, refunds, known, sum, elsewhere) in [
        ("somebody else", vec![machine(1)], 4_000, 1_500, 1_500),
        ("beside one without the card", vec![machine(1), refund(2, None)], 8_000, 5_500, 1_500),
        ("it was noted before", vec![machine(1)], 5_500, 1_500, 1_500),
        ("an operator's word may be in it", vec![machine(1), machine(2), word()], 12_000, 5_500, 1_500),
        ("or all of it", vec![machine(1), word()], 8_000, 3_500, 0),
        ("it may be one of those at machines", vec![machine(1), machine(2)], 8_000, 4_000, 0),
        ("one that was declined is in no sum", vec![machine(1), declined_of(1_500)], 4_000, 1_500, 1_500),
        ("nor is the one that is asked for", vec![machine(1), asked_for(1_500)], 4_000, 1_500, 1_500),
        ("or hold them all", vec![machine(1)], 4_000, 4_000, 0),
        ("one at a machine may come yet", vec![refund(1, Some("ts_1"))], 4_000, 1_500, 0),
        ("there is none at a machine", vec![refund(1, None)], 4_000, 5_000, 0),
        ("there are as many as can be told apart", (1..=11).map(doubling).collect(), 44_000, 3_967, 3_967),
        ("there are too many to tell", (1..=12).map(doubling).collect(), 48_000, 8_191, 0),
    ] {
        assert_eq!(difference(known, &refunds, sum, &[]).elsewhere, elsewhere, "{what}");
    }
    let lost = [told("ts_1", 4_000), told("ts_9", 500)];
    assert_eq!(difference(4_000, &[machine(1)], 1_500, &lost).elsewhere, 2_000, "and what was lost at a machine");
}

/// The next has twice the amount, so that each has sums of its own. The seventh is the one that is asked for.
fn doubling(number: u32) -> (Operation, Attempt) {
    let (operation, mut made) = long_ago(refund(u64::from(number), Some(&format!("ts_{number}"))));
    made.order.money = money(1 << number);
    (operation, made)
}

fn declined_of(minor: i64) -> (Operation, Attempt) {
    let (operation, mut declined) = in_phase(refund(5, Some("ts_5")), Phase::Declined { reason: reason() });
    declined.order.money = money(minor);
    (operation, declined)
}

/// The reference of the refund that the difference is asked for.
fn asked_for(minor: i64) -> (Operation, Attempt) {
    let (operation, mut asked) = in_phase(refund(7, Some("ts_7")), Phase::Reserved);
    asked.order.money = money(minor);
    (operation, asked)
}
