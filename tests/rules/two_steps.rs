//! Attempts that a provider prepares first, refunds that change their way, and signatures.

use jiff::SignedDuration;
use pos_bridge::domain::attempt::{AlarmKind, Attempt, Event, Kind, Phase, Preparation};
use pos_bridge::domain::evidence::{Contradiction, Finding, Order, PaymentState, Sighting, judge};
use pos_bridge::domain::identifiers::{AttemptReference, Handle};
use ulid::Ulid;

use crate::support::*;

fn preparation() -> Preparation {
    Preparation {
        payment: Handle::new("pi_sandbox_1").unwrap(),
        reference: AttemptReference::new(Ulid::from_parts(1, 9)),
        earlier_runs: vec![handle()],
        refunded: 0,
        run: None,
    }
}

fn rerouted() -> Event {
    Event::Rerouted { reason: reason() }
}

fn without_card(phase: Phase) -> Attempt {
    Attempt { card_present: false, ..attempt(Kind::Refund, phase) }
}

#[test]
fn a_prepared_sale_remembers_its_payment_and_is_compared_with_that() {
    let sending = after(&sale(Phase::Reserved), &[Event::Dispatched { preparation: Some(preparation()) }]);
    assert_eq!((sending.phase.clone(), sending.preparation.clone()), (Phase::Sending, Some(preparation())));
    assert_eq!(sending.as_sent(), Order { reference: preparation().reference, ..order() });
    assert_eq!(sale(Phase::Sending).as_sent(), order());
}

/// The way without the card took nothing: the customer must not get it at the machine after all.
#[test]
fn a_refund_that_is_to_be_stopped_goes_no_other_way() {
    let moved = after(&without_card(Phase::Sending), &[Event::CancelWanted, rerouted()]);
    assert_eq!((moved.phase, moved.card_present), (Phase::Cancelled { resolution: None }, false));
}

/// A reading may show late what it is called at its provider; the next one asks by that.
#[test]
fn what_was_given_up_without_a_name_takes_the_one_that_is_seen() {
    let named = |name: Option<&str>| Phase::Abandoned { handle: name.map(|name| Handle::new(name).unwrap()) };
    let seen_as = |name: Option<&str>| {
        let handle = name.map(|name| Handle::new(name).unwrap());
        seen(Finding::Undecided { handle, started: true }, horizon())
    };
    for (before, shows, expected) in
        [(None, Some("ts_1"), Some(named(Some("ts_1")))), (None, None, None), (Some("ts_0"), Some("ts_1"), None)]
    {
        let moved = step(&sale(named(before)), &seen_as(shows)).map(|moved| moved.attempt.phase);
        assert_eq!(moved, expected, "{before:?} {shows:?}");
    }
}

/// What was prepared took no money, so a stop or a wish before the sending is proof enough.
#[test]
fn a_sale_that_is_only_prepared_ends_without_a_question() {
    for (event, expected) in [(Event::CancelWanted, "cancelled"), (Event::Interrupted, "failed")] {
        assert_eq!(after(&sale(Phase::Reserved), &[event]).phase.name(), expected);
    }
    let found_paid = after(&sale(Phase::Reserved), &[seen(Finding::Approved(approval()), start())]);
    assert_eq!(found_paid.phase.name(), "approved", "the payment of an earlier attempt completed meanwhile");
}

/// Its provider holds the money of an earlier attempt: nothing is said until it is known which.
#[test]
fn a_prepared_sale_that_was_paid_before_is_unknown() {
    let reserved = sale(Phase::Reserved);
    let unknown = after(&reserved, &[Event::PaidBefore]);
    assert_eq!(unknown.phase, Phase::Unknown { handle: None, empty_since: None });
    let stopped = after(&unknown, &[Event::CancelWanted, Event::Interrupted]);
    assert_eq!(stopped.phase.name(), "unknown", "a cancel is a wish, and a restart knows no more");
    assert_eq!(after(&stopped, &[Event::PaidByEarlier]).phase.name(), "failed", "it was never sent");
    assert_eq!(step(&sale(Phase::Open { handle: handle() }), &Event::PaidByEarlier), None);
    for phase in phases().into_iter().filter(|phase| *phase != Phase::Reserved) {
        assert_eq!(step(&sale(phase), &Event::PaidBefore), None);
    }
}

#[test]
fn a_refund_changes_its_way_once_and_only_from_the_way_without_a_card() {
    let moved = after(&without_card(Phase::Sending), &[rerouted()]);
    assert_eq!((moved.phase.clone(), moved.card_present), (Phase::Reserved, true));
    let again = after(&moved, &[Event::Dispatched { preparation: None }]);
    assert_eq!(step(&again, &rerouted()), None, "there is no third way");
    for phase in phases().into_iter().filter(|phase| *phase != Phase::Sending) {
        assert_eq!(step(&without_card(phase), &rerouted()), None);
    }
    assert_eq!(step(&Attempt { card_present: false, ..sale(Phase::Sending) }, &rerouted()), None, "a sale has one way");
}

#[test]
fn the_first_word_on_a_signature_counts_and_only_while_the_attempt_is_live() {
    let compared = |accepted| Event::SignatureCompared { accepted };
    for phase in phases() {
        let is_live = phase.is_live();
        let answered = step(&sale(phase.clone()), &compared(false)).map(|transition| transition.attempt);
        assert_eq!(answered.is_some(), is_live, "{}", phase.name());
        if let Some(answered) = answered {
            assert_eq!((answered.signature_accepted, &answered.phase), (Some(false), &phase));
            assert_eq!(step(&answered, &compared(true)), None);
        }
    }
}

#[test]
fn what_a_customer_adds_counts_only_where_it_may_be_added() {
    let judged = |may_grow, added| {
        let paid = payment(PaymentState::Approved { captured: true });
        let sighting =
            Sighting { session: None, payments: vec![pos_bridge::domain::evidence::PaymentRecord { added, ..paid }] };
        judge(&Order { may_grow, ..order() }, &sighting)
    };
    match judged(true, 3_990) {
        Finding::Approved(approval) => assert_eq!(approval.amount.minor(), 43_890),
        other => panic!("{other:?}"),
    }
    for (may_grow, added) in [(false, 1), (true, -1), (true, i64::MAX), (false, i64::MIN)] {
        let found = judged(may_grow, added);
        assert!(
            matches!(found, Finding::Contradiction { what: Contradiction::Amount { asked: 39_900, .. }, .. }),
            "{found:?}"
        );
    }
}

/// P39: in a journal that was put back the growth of the sum may be a later refund, and that time has passed tells so.
#[test]
fn a_refund_that_the_sum_alone_shows_after_its_time_is_loud() {
    let unknown = |handle| Phase::Unknown { handle, empty_since: None };
    let by_sum = Attempt { preparation: Some(preparation()), ..without_card(unknown(None)) };
    let in_time = horizon() - SignedDuration::from_millis(1);
    for (what, refund, at, is_loud) in [
        ("in its time", by_sum.clone(), in_time, false),
        ("after it", by_sum.clone(), horizon(), true),
        ("its reply came", Attempt { phase: unknown(Some(handle())), ..by_sum.clone() }, horizon(), false),
        ("at a machine", Attempt { card_present: true, ..by_sum.clone() }, horizon(), false),
        ("each refund has its record", without_card(unknown(None)), horizon(), false),
        ("a sale", Attempt { kind: Kind::Sale, ..by_sum }, horizon(), false),
    ] {
        let moved = step(&refund, &seen(Finding::Approved(approval()), at)).unwrap();
        assert!(matches!(moved.attempt.phase, Phase::Approved { late: false, .. }), "{what}");
        let expected = is_loud.then_some(AlarmKind::LateApproval);
        assert_eq!(moved.alarm.map(|alarm| alarm.kind), expected, "{what}");
    }
}

/// An expired session proves nothing: the till hears "unknown", and the payment is cancelled to prove that it was not made.
#[test]
fn what_lapsed_is_unknown_until_its_payment_is_cancelled() {
    let lapsed = |at| seen(Finding::Lapsed { handle: handle() }, at);
    let unknown = after(&sale(Phase::Open { handle: handle() }), &[lapsed(start())]);
    assert_eq!(unknown.phase, Phase::Unknown { handle: Some(handle()), empty_since: None });
    assert_eq!(step(&unknown, &lapsed(start())), None, "the same once more is no news");
    let ran_out = after(&unknown, &[lapsed(expiry())]);
    assert!(ran_out.cancel_wanted && matches!(ran_out.phase, Phase::Unknown { .. }));
    assert_eq!(after(&ran_out, &[seen(Finding::Cancelled, expiry())]).phase.name(), "cancelled");
    let later = horizon() + pos_bridge::domain::attempt::EMPTY_LOOK_GAP;
    assert_eq!(after(&ran_out, &[lapsed(horizon()), lapsed(later)]).phase.name(), "abandoned");
    let refund = after(&attempt(Kind::Refund, Phase::Open { handle: handle() }), &[lapsed(expiry())]);
    assert!(matches!(refund.phase, Phase::Unknown { .. }) && !refund.cancel_wanted, "only a sale is cancelled by us");
}

/// A payment may run more than once; each run belongs to one attempt, and what was there before to none of the later ones.
#[test]
fn a_run_belongs_to_the_attempt_that_started_it() {
    let (before, started, other) = (handle(), Handle::new("run-2").unwrap(), Handle::new("run-3").unwrap());
    let attempt = |run: Option<&Handle>| Attempt {
        preparation: Some(Preparation { run: run.cloned(), ..preparation() }),
        ..sale(Phase::Sending)
    };
    assert!(!sale(Phase::Sending).may_have_started(&started), "it was prepared on no payment");
    for (run, known, expected) in [
        (None, &before, false),
        (None, &started, true),
        (Some(&started), &started, true),
        (Some(&started), &other, false),
        (Some(&started), &before, false),
    ] {
        assert_eq!(attempt(run).may_have_started(known), expected, "{run:?} {known}");
    }
}

#[test]
fn the_next_attempt_on_a_payment_finds_every_run_before_it() {
    let [first, second, third] = ["run-1", "run-2", "run-3"].map(|run| Handle::new(run).unwrap());
    let known =
        Preparation { earlier_runs: vec![first.clone(), second.clone()], run: Some(third.clone()), ..preparation() };
    let every_run = Preparation { earlier_runs: vec![first.clone(), second.clone(), third], ..preparation() };
    assert_eq!(known.for_the_next(), every_run);
    let behind = Preparation { earlier_runs: vec![first], ..preparation() };
    assert_eq!(behind.with_runs_of(&known), every_run, "each run once");
    assert_eq!(every_run.clone().with_runs_of(&known), every_run);
    assert_eq!(every_run.clone().with_runs_of(&Preparation { earlier_runs: Vec::new(), ..preparation() }), every_run);
}

/// The run is learnt from the handle that the provider gives, and is not forgotten when the attempt is decided.
#[test]
fn what_the_provider_calls_a_prepared_attempt_is_its_run() {
    let sending = after(&sale(Phase::Reserved), &[Event::Dispatched { preparation: Some(preparation()) }]);
    let run = |attempt: &Attempt| attempt.preparation.as_ref().unwrap().run.clone();
    assert_eq!(run(&sending), None);
    let open = after(&sending, &[Event::Accepted { handle: handle() }]);
    assert_eq!(run(&open), Some(handle()));
    assert_eq!(run(&after(&open, &[seen(Finding::Cancelled, start())])), Some(handle()));
}
