//! `Attempt::step`, phase by phase and event by event.

use jiff::{SignedDuration, Timestamp};
use pos_bridge::domain::attempt::{
    AlarmKind, Attempt, Event, Kind, NotResolvable, OperatorVerdict, Phase, Reason, Resolution,
};
use pos_bridge::domain::evidence::{Approval, Contradiction, Finding, PaymentRecord, PaymentState};
use pos_bridge::domain::identifiers::TransactionId;
use pos_bridge::domain::money::Amount;

use crate::support::*;

fn undecided() -> Finding {
    Finding::Undecided { handle: Some(handle()), started: false }
}

fn started() -> Finding {
    Finding::Undecided { handle: Some(handle()), started: true }
}

/// What each answer to a start makes of `Sending`: the table "what an answer means".
#[test]
fn an_answer_to_a_start_is_yes_no_or_unknown() {
    let cases = [
        (Event::Accepted { handle: handle() }, "open"),
        (Event::Refused { reason: reason() }, "failed"),
        (Event::NotSent { reason: reason() }, "failed"),
        (Event::Silent { cause: "timeout".to_owned() }, "unknown"),
        (Event::Interrupted, "unknown"),
    ];
    for (event, phase) in cases {
        assert_eq!(after(&sale(Phase::Sending), std::slice::from_ref(&event)).phase.name(), phase, "{event:?}");
    }
}

/// P8, P11, R7: a restart in the middle. What was only reserved was not sent; what was being sent may have arrived.
#[test]
fn a_restart_never_calls_a_sent_attempt_unpaid() {
    let expected =
        ["failed", "unknown", "open", "unknown", "unknown", "abandoned", "approved", "declined", "cancelled", "failed"];
    for (phase, expected) in phases().into_iter().zip(expected) {
        let name = phase.name();
        assert_eq!(after(&sale(phase), &[Event::Interrupted]).phase.name(), expected, "from {name}");
    }
}

/// P14: an answer that comes after its attempt was given up is evidence, not a result.
#[test]
fn a_late_answer_never_undoes_what_is_known() {
    let accepted = Event::Accepted { handle: handle() };
    assert_eq!(
        after(&sale(Phase::Unknown { handle: None, empty_since: None }), std::slice::from_ref(&accepted)).phase,
        Phase::Open { handle: handle() }
    );
    let abandoned = after(&sale(Phase::Abandoned { handle: None }), &[accepted]);
    assert_eq!(abandoned.phase, Phase::Abandoned { handle: Some(handle()) });
    for phase in phases().into_iter().filter(Phase::is_final) {
        for event in [
            Event::Accepted { handle: handle() },
            Event::Refused { reason: reason() },
            Event::NotSent { reason: reason() },
            Event::Silent { cause: String::new() },
            Event::CancelWanted,
            Event::Dispatched { preparation: None },
        ] {
            assert_eq!(step(&sale(phase.clone()), &event), None, "{event:?} in {}", phase.name());
        }
    }
}

/// P19, P20: a reading decides, from every live phase.
#[test]
fn a_reading_decides_every_live_attempt() {
    let live: Vec<Phase> = phases().into_iter().filter(|phase| phase.is_live() && *phase != Phase::Reserved).collect();
    for phase in live {
        let decide = |finding: Finding| after(&sale(phase.clone()), &[seen(finding, start())]).phase;
        assert_eq!(
            decide(Finding::Approved(approval())),
            Phase::Approved { approval: approval(), late: false, resolution: None }
        );
        assert_eq!(decide(Finding::Declined(reason())), Phase::Declined { reason: reason() });
        assert_eq!(decide(Finding::Cancelled), Phase::Cancelled { resolution: None });
    }
}

/// P22, P28: a reading that says less than is known is stale.
#[test]
fn a_stale_reading_never_moves_a_result_back() {
    for phase in phases().into_iter().filter(Phase::is_final) {
        for finding in [Finding::Nothing, undecided(), started(), Finding::Cancelled, Finding::Declined(reason())] {
            for at in [start(), horizon() + SignedDuration::from_hours(1)] {
                assert_eq!(step(&sale(phase.clone()), &seen(finding.clone(), at)), None, "{}", phase.name());
            }
        }
    }
}

/// P26, P27, C5: an approval wins over everything the till was told, and is loud.
#[test]
fn a_late_approval_wins_and_is_loud() {
    for phase in phases().into_iter().filter(|phase| !phase.is_live() && phase.name() != "approved") {
        let name = phase.name();
        let transition = step(&sale(phase), &seen(Finding::Approved(approval()), start())).unwrap();
        assert!(matches!(transition.attempt.phase, Phase::Approved { late: true, .. }), "from {name}");
        assert_eq!(transition.alarm.unwrap().kind, AlarmKind::LateApproval, "from {name}");
    }
}

/// "Several: alarm, adopt the approved one, freeze the terminal."
#[test]
fn several_payments_for_one_attempt_are_loud() {
    let several = Finding::Approved(Approval { several: true, ..approval() });
    let transition = step(&sale(Phase::Open { handle: handle() }), &seen(several, start())).unwrap();
    assert_eq!(transition.attempt.phase.name(), "approved");
    let alarm = transition.alarm.unwrap();
    assert_eq!(alarm.kind, AlarmKind::SeveralPayments);
    assert!(alarm.kind.freezes_terminal());
}

/// P11, P12, P13: an unknown attempt that is found goes on as if nothing had happened.
#[test]
fn an_unknown_attempt_that_is_found_is_open_again() {
    for finding in [undecided(), started()] {
        let found = after(&sale(Phase::Unknown { handle: None, empty_since: None }), &[seen(finding, start())]);
        assert_eq!(found.phase, Phase::Open { handle: handle() });
    }
}

/// "None: proves nothing before the horizon. After it, two empty looks 30 s apart."
#[test]
fn an_attempt_is_abandoned_only_after_the_horizon_and_two_looks_with_a_gap() {
    let unknown = sale(Phase::Unknown { handle: None, empty_since: None });
    let second = SignedDuration::from_secs(1);
    let nothing = |at| seen(Finding::Nothing, at);

    for at in [start(), expiry(), horizon() - second] {
        assert_eq!(step(&unknown, &nothing(at)), None, "nothing is proven at {at}");
    }
    let once = after(&unknown, &[nothing(horizon())]);
    assert_eq!(once.phase, Phase::Unknown { handle: None, empty_since: Some(horizon()) });
    assert_eq!(step(&once, &nothing(horizon() + SignedDuration::from_secs(29))), None);

    let transition = step(&once, &nothing(horizon() + SignedDuration::from_secs(30))).unwrap();
    assert_eq!(transition.attempt.phase, Phase::Abandoned { handle: None });
    assert_eq!(transition.alarm.unwrap().kind, AlarmKind::Abandoned);
}

/// P30: what the provider never decides is not decided here either; past the horizon a person is asked.
#[test]
fn a_payment_that_stays_undecided_is_given_to_a_person() {
    let open = sale(Phase::Open { handle: handle() });
    assert_eq!(step(&open, &seen(started(), horizon() - SignedDuration::from_secs(1))), None);
    let events = [seen(started(), horizon()), seen(started(), horizon() + SignedDuration::from_secs(31))];
    assert_eq!(after(&open, &events[..1]).phase.name(), "unknown");
    assert_eq!(after(&open, &events).phase, Phase::Abandoned { handle: Some(handle()) });
}

/// A session that ran out proves nothing; a cancelled one does. So it is cancelled, unless a card was presented.
#[test]
fn a_session_that_ran_out_is_cancelled_unless_somebody_pays() {
    let open = sale(Phase::Open { handle: handle() });
    assert_eq!(step(&open, &seen(undecided(), expiry() - SignedDuration::from_secs(1))), None);
    assert_eq!(step(&open, &seen(started(), expiry())), None);
    let ran_out = after(&open, &[seen(undecided(), expiry())]);
    assert!(ran_out.cancel_wanted);
    assert_eq!(ran_out.phase, open.phase, "only a reading makes it cancelled");
}

/// At the horizon no customer stands there any more, and a cancel that the provider takes is proof.
#[test]
fn a_payment_that_was_begun_and_never_decided_is_cancelled_at_the_horizon() {
    let open = sale(Phase::Open { handle: handle() });
    let stopped = after(&open, &[seen(started(), horizon())]);
    assert!(stopped.cancel_wanted && stopped.phase.is_live());
    assert_eq!(after(&stopped, &[seen(Finding::Cancelled, horizon())]).phase.name(), "cancelled");
    let refund = after(&attempt(Kind::Refund, Phase::Open { handle: handle() }), &[seen(started(), horizon())]);
    assert!(!refund.cancel_wanted, "only a sale is cancelled by us");
}

/// C4: a cancel that crossed with the authorization may void it yet, and the goods would be gone.
#[test]
fn an_authorization_against_a_wish_to_cancel_is_no_approval_before_it_is_captured() {
    let authorized = || Finding::Approved(Approval { captured: false, ..approval() });
    let wanted = Attempt { cancel_wanted: true, ..sale(Phase::Open { handle: handle() }) };
    let in_time = horizon() - SignedDuration::from_secs(1);
    assert_eq!(step(&wanted, &seen(authorized(), in_time)), None);
    assert_eq!(after(&wanted, &[seen(Finding::Approved(approval()), in_time)]).phase.name(), "approved");
    assert_eq!(after(&wanted, &[seen(Finding::Cancelled, in_time)]).phase.name(), "cancelled");
    let first = after(&wanted, &[seen(authorized(), horizon())]);
    assert_eq!(first.phase.name(), "unknown", "a cancel was sent a moment ago");
    let stays = after(&first, &[seen(authorized(), horizon() + SignedDuration::from_secs(29))]);
    assert_eq!(stays.phase.name(), "unknown");
    let taken = after(&first, &[seen(authorized(), horizon() + SignedDuration::from_secs(30))]);
    assert_eq!(taken.phase.name(), "approved", "nothing voids it any more");
    let cancelled = Attempt { phase: Phase::Cancelled { resolution: None }, ..wanted.clone() };
    let late = step(&cancelled, &seen(authorized(), in_time)).unwrap();
    assert!(matches!(late.attempt.phase, Phase::Approved { late: true, .. }), "the cancel was decided, and lost");
    let unwanted = Attempt { cancel_wanted: false, ..wanted };
    assert_eq!(after(&unwanted, &[seen(authorized(), in_time)]).phase.name(), "approved");
}

/// P37: one answer whose date was far ahead must not hold the terminal until that day.
#[test]
fn a_reading_that_was_dated_ahead_is_forgotten_when_the_provider_corrects_itself() {
    let ahead = horizon() + SignedDuration::from_hours(48);
    let unknown = sale(Phase::Unknown { handle: None, empty_since: Some(ahead) });
    let first = after(&unknown, &[seen(Finding::Nothing, horizon())]);
    assert_eq!(first.phase, Phase::Unknown { handle: None, empty_since: Some(horizon()) });
    let second = after(&first, &[seen(Finding::Nothing, horizon() + SignedDuration::from_secs(30))]);
    assert_eq!(second.phase.name(), "abandoned");
    // The clocks of its machines differ, and by no more than minutes.
    let at_once = horizon() + SignedDuration::from_mins(5);
    let unknown = sale(Phase::Unknown { handle: None, empty_since: Some(at_once) });
    assert_eq!(step(&unknown, &seen(Finding::Nothing, horizon())), None);
    let later = SignedDuration::from_millis(1);
    let unknown = sale(Phase::Unknown { handle: None, empty_since: Some(at_once + later) });
    assert!(step(&unknown, &seen(Finding::Nothing, horizon())).is_some());
}

/// Both at once: it is given up in the reading that finds that nobody can pay it any more.
#[test]
fn a_session_that_ran_out_and_is_given_up_is_loud() {
    let unknown = sale(Phase::Unknown { handle: None, empty_since: Some(horizon()) });
    for finding in [undecided(), Finding::Lapsed { handle: handle() }] {
        let transition = step(&unknown, &seen(finding, horizon() + SignedDuration::from_secs(30))).unwrap();
        assert_eq!(transition.attempt.phase, Phase::Abandoned { handle: Some(handle()) });
        assert!(transition.attempt.cancel_wanted);
        assert_eq!(transition.alarm.map(|alarm| alarm.kind), Some(AlarmKind::Abandoned));
    }
}

/// What a list says of it that is known already.
#[test]
fn a_payment_that_says_what_is_known_is_no_news() {
    let approved_with = |captured| {
        sale(Phase::Approved { approval: Approval { captured, ..approval() }, late: false, resolution: None })
    };
    let declined = sale(Phase::Declined { reason: reason() });
    let other = TransactionId::new("T1.other").unwrap();
    let yes = |captured| PaymentState::Approved { captured };
    let no = || PaymentState::Declined(reason());
    for (attempt, state, transaction, expected) in [
        (approved_with(true), yes(true), None, true),
        (approved_with(true), yes(true), Some(other), false),
        (approved_with(true), yes(false), None, false),
        (approved_with(false), yes(true), None, false),
        (approved_with(true), PaymentState::Voided, None, false),
        (declined.clone(), no(), None, true),
        (declined.clone(), PaymentState::Voided, None, true),
        (declined.clone(), PaymentState::Undecided, None, true),
        (declined.clone(), PaymentState::Unclear, None, false),
        (declined, yes(true), None, false),
        (sale(Phase::Cancelled { resolution: None }), PaymentState::Undecided, None, true),
        (sale(Phase::Failed { reason: reason() }), PaymentState::Voided, None, true),
        (sale(Phase::Failed { reason: reason() }), PaymentState::Undecided, None, false),
        (sale(Phase::Open { handle: handle() }), no(), None, false),
        (sale(Phase::Abandoned { handle: None }), PaymentState::Voided, None, false),
    ] {
        let known = payment(state.clone());
        let told = PaymentRecord { transaction: transaction.unwrap_or(known.transaction.clone()), ..known };
        assert_eq!(attempt.agrees_with(&told), expected, "{} by {state:?}", attempt.phase.name());
    }
}

/// It was said to have taken nothing; only what shows that it has, or may, is in the way of doing it once more.
#[test]
fn a_no_is_belied_by_what_may_be_a_yes() {
    let refused = Phase::Declined { reason: reason() };
    let failed = Phase::Failed { reason: reason() };
    for (phase, finding, belied) in [
        (failed.clone(), Finding::Approved(approval()), true),
        (refused.clone(), Finding::Approved(approval()), true),
        (Phase::Cancelled { resolution: None }, Finding::Approved(approval()), true),
        (Phase::Sending, Finding::Approved(approval()), false),
        (failed.clone(), undecided(), true),
        (refused.clone(), undecided(), false),
        (failed, Finding::Nothing, false),
        (refused, Finding::Declined(reason()), false),
    ] {
        assert_eq!(sale(phase.clone()).is_disproved_by(&finding), belied, "{} by {finding:?}", phase.name());
    }
}

/// Its reader alone knows whether a cancel, or the word on a signature, is on its way.
#[test]
fn what_is_taken_may_go_back_while_a_cancel_or_a_refused_signature_is_on_its_way() {
    let approved = |captured| Finding::Approved(Approval { captured, ..approval() });
    for (cancel_wanted, signature_accepted, finding, expected) in [
        (false, None, approved(false), false),
        (true, None, approved(false), true),
        (true, None, approved(true), false),
        (false, Some(false), approved(true), true),
        (false, Some(true), approved(true), false),
        (true, Some(false), undecided(), false),
    ] {
        let on_its_way = |phase| Attempt { cancel_wanted, signature_accepted, ..sale(phase) };
        let shown = format!("{cancel_wanted} {signature_accepted:?} {finding:?}");
        assert_eq!(on_its_way(Phase::Sending).may_take_back(&finding), expected, "{shown}");
        let declined = on_its_way(Phase::Declined { reason: reason() });
        assert!(!declined.may_take_back(&finding), "nobody reads it: {shown}");
    }
}

/// C1, C2, C6: cancel is a wish; only what was provably never sent is stopped by it.
#[test]
fn cancel_is_a_wish() {
    let expected = ["cancelled", "sending", "open", "unknown", "unknown", "abandoned"];
    for (phase, expected) in phases().into_iter().zip(expected) {
        let moved = after(&sale(phase), &[Event::CancelWanted]);
        assert_eq!(moved.phase.name(), expected);
        assert_eq!(moved.cancel_wanted, expected != "cancelled");
        assert_eq!(step(&moved, &Event::CancelWanted), None, "wishing twice changes nothing");
    }
}

/// P17: a record that contradicts the order is never a result; it is loud once, and the prompt is taken away.
#[test]
fn a_contradiction_is_unknown_and_loud_once() {
    let what = Contradiction::Amount { asked: 39900, found: 3990 };
    let contradiction = Finding::Contradiction { what, handle: Some(handle()) };
    for phase in [Phase::Sending, Phase::Open { handle: handle() }, Phase::Unknown { handle: None, empty_since: None }]
    {
        let transition = step(&sale(phase), &seen(contradiction.clone(), start())).unwrap();
        assert_eq!(transition.attempt.phase.name(), "unknown");
        assert!(transition.attempt.cancel_wanted);
        assert_eq!(transition.attempt.phase.handle(), Some(&handle()), "so that the prompt can be cancelled");
        assert_eq!(transition.alarm.unwrap().kind, AlarmKind::Mismatch);
        assert_eq!(step(&transition.attempt, &seen(contradiction.clone(), start())), None, "told only once");
        let later = [
            seen(contradiction.clone(), horizon()),
            seen(contradiction.clone(), horizon() + SignedDuration::from_mins(1)),
        ];
        assert_eq!(after(&transition.attempt, &later).phase.name(), "abandoned");
    }
    for phase in phases().into_iter().filter(Phase::is_final) {
        assert_eq!(step(&sale(phase), &seen(contradiction.clone(), start())), None);
    }
}

/// P29: an approval that was only reserved is seen captured later; nothing else about it changes.
#[test]
fn a_capture_is_noted_on_a_known_approval() {
    let reserved = Approval { captured: false, ..approval() };
    let approved =
        after(&sale(Phase::Open { handle: handle() }), &[seen(Finding::Approved(reserved.clone()), start())]);
    assert_eq!(step(&approved, &seen(Finding::Approved(reserved), start())), None, "no news");
    let captured = after(&approved, &[seen(Finding::Approved(approval()), start())]);
    assert_eq!(captured.phase, Phase::Approved { approval: approval(), late: false, resolution: None });
}

fn resolved(verdict: OperatorVerdict, at: Timestamp) -> Event {
    let resolution = Resolution { verdict, by: "Kari".to_owned(), reason: "terminal receipt".to_owned() };
    Event::Resolved { resolution, at }
}

/// P36: only a person decides an abandoned attempt, and only when nothing can come any more.
#[test]
fn p36_an_operator_decides_what_is_not_proven() {
    for phase in phases() {
        let attempt = sale(phase.clone());
        for (verdict, outcome) in [(OperatorVerdict::Approved, "approved"), (OperatorVerdict::NotTaken, "cancelled")] {
            let early = attempt.step(&resolved(verdict, horizon() - SignedDuration::from_secs(1)));
            let later = attempt.step(&resolved(verdict, horizon()));
            if phase.is_final() {
                assert_eq!((&early, &later), (&Err(NotResolvable::AlreadyFinal), &Err(NotResolvable::AlreadyFinal)));
                continue;
            }
            assert_eq!(later.unwrap().unwrap().attempt.phase.name(), outcome);
            match phase.is_live() {
                true => assert_eq!(early, Err(NotResolvable::TooEarly { until: horizon() })),
                false => assert_eq!(early.unwrap().unwrap().attempt.phase.name(), outcome),
            }
        }
    }
}

/// A second payment for an attempt that is approved already is loud once, and changes nothing else.
#[test]
fn a_second_payment_of_an_approved_attempt_is_loud_once() {
    let other = Approval { transaction: Some(TransactionId::new("T12345678.other").unwrap()), ..approval() };
    let reserved = Approval { captured: false, ..approval() };
    let approved = sale(Phase::Approved { approval: reserved.clone(), late: false, resolution: None });
    let transition = step(&approved, &seen(Finding::Approved(other.clone()), start())).unwrap();
    assert_eq!(transition.alarm.unwrap().kind, AlarmKind::SeveralPayments);
    let expected = Phase::Approved { approval: Approval { several: true, ..reserved }, late: false, resolution: None };
    assert_eq!(transition.attempt.phase, expected, "the other payment's capture is not this one's");
    assert_eq!(step(&transition.attempt, &seen(Finding::Approved(other), start())), None);
}

/// The provider's record decides over an operator in both directions.
#[test]
fn a_proven_decline_takes_back_an_operators_approval() {
    let approved = resolved(OperatorVerdict::Approved, horizon());
    let resolved = after(&sale(Phase::Abandoned { handle: None }), &[approved]);
    let declined = seen(Finding::Declined(reason()), horizon());
    let transition = step(&resolved, &declined).unwrap();
    assert_eq!(transition.attempt.phase, Phase::Declined { reason: reason() });
    assert_eq!(transition.alarm.unwrap().kind, AlarmKind::Corrected);
    let stopped = step(&resolved, &seen(Finding::Cancelled, horizon())).unwrap();
    assert_eq!(stopped.attempt.phase.name(), "declined", "a void is no payment either");
    assert_eq!(stopped.alarm.unwrap().kind, AlarmKind::Corrected);
    let confirmed = after(&resolved, &[seen(Finding::Approved(approval()), horizon())]);
    assert_eq!(step(&confirmed, &seen(Finding::Cancelled, horizon())), None);
    assert_eq!(step(&confirmed, &declined), None, "a payment that was seen is not taken back by a stale reading");
}

/// What an operator approved was told with the amount that was asked for; a tip at the machine makes it more.
#[test]
fn a_record_of_another_amount_than_an_operator_approved_is_loud() {
    let approved = resolved(OperatorVerdict::Approved, horizon());
    let resolved = after(&sale(Phase::Abandoned { handle: None }), &[approved]);
    let asked = resolved.order.money.amount;
    for (minor, alarm) in [(asked.minor(), None), (asked.minor() + 400, Some(AlarmKind::Mismatch))] {
        let found = Approval { amount: Amount::new(minor).unwrap(), ..approval() };
        let transition = step(&resolved, &seen(Finding::Approved(found), horizon())).unwrap();
        assert_eq!(transition.alarm.map(|alarm| alarm.kind), alarm, "{minor}");
        let Phase::Approved { approval, .. } = transition.attempt.phase else { panic!("it stays approved") };
        assert_eq!(approval.amount.minor(), minor, "the record decides");
    }
}

/// P36: the session that ran out while nobody looked is still cancelled, which is proof, before a person is asked.
#[test]
fn a_session_that_ran_out_long_ago_is_cancelled_too() {
    let open = sale(Phase::Open { handle: handle() });
    let found = after(&open, &[seen(undecided(), horizon() + SignedDuration::from_hours(8))]);
    assert!(found.cancel_wanted);
    assert_eq!(found.phase.name(), "unknown");
}

/// An operator's word yields to the provider's record: "not taken" that was taken is a late approval.
#[test]
fn the_record_corrects_an_operator() {
    let not_taken = resolved(OperatorVerdict::NotTaken, horizon());
    let resolved = after(&sale(Phase::Abandoned { handle: None }), &[not_taken]);
    let transition = step(&resolved, &seen(Finding::Approved(approval()), start())).unwrap();
    assert!(matches!(transition.attempt.phase, Phase::Approved { late: true, .. }));
}

/// R7, R9, R10: a refund is sent once, may be answered later, and may be taken back.
#[test]
fn a_refund_goes_from_reserved_to_its_proof() {
    let reserved = attempt(Kind::Refund, Phase::Reserved);
    let sending = after(&reserved, &[Event::Dispatched { preparation: None }]);
    assert_eq!(sending.phase, Phase::Sending);
    assert_eq!(step(&sending, &Event::Dispatched { preparation: None }), None, "it is sent once");
    let pending = after(&sending, &[Event::Accepted { handle: handle() }]);
    assert_eq!(pending.phase, Phase::Open { handle: handle() });
    let done = after(&pending, &[seen(Finding::Approved(approval()), start())]);
    assert_eq!(done.phase.name(), "approved");
    let transition = step(&done, &seen(Finding::Corrected(Reason::new("corrected", "")), start())).unwrap();
    assert_eq!(transition.attempt.phase.name(), "declined");
    assert_eq!(transition.alarm.unwrap().kind, AlarmKind::Corrected);
}

/// R8: a refund that is not found is never free to be made again by itself.
#[test]
fn a_refund_that_is_not_found_keeps_its_amount_set_aside() {
    let sending = attempt(Kind::Refund, Phase::Sending);
    let events = [
        Event::Silent { cause: "reset".to_owned() },
        seen(Finding::Nothing, horizon()),
        seen(Finding::Nothing, horizon() + SignedDuration::from_secs(30)),
    ];
    let given_up = after(&sending, &events);
    assert_eq!(given_up.phase.name(), "abandoned");
    assert!(given_up.phase.may_move_money());
}
