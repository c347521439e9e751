use jiff::ToSpan;
use serde_json::{Value, json};

use super::*;
use crate::domain::attempt::{Phase, Preparation};
use crate::domain::identifiers::Handle;
use crate::provider::dojo::specimen::{NOW, at, intent, preparation, refund, session, word};

const SETTLE: SignedDuration = SignedDuration::from_secs(120);

fn told(status: &str, more: Value) -> String {
    word(&of_session(&refund(), &session(status, more), at(NOW), SETTLE))
}

#[test]
fn every_status_of_a_refund_at_the_machine_has_its_finding() {
    let table = [
        ("InitiateRequested", "started"),
        ("Initiated", "started"),
        ("Authorized", "started"),
        ("Captured", "approved 1000"),
        ("CancelRequested", "started"),
        ("Canceled", "cancelled"),
        ("SignatureVerificationRequired", "started"),
        ("SignatureVerificationAccepted", "started"),
        // When it was rejected is not told, so it is not known to have settled.
        ("SignatureVerificationRejected", "started"),
        ("Declined", "declined declined"),
        ("Expired", "lapsed ts_1"),
        ("Teleported", "started"),
        ("", "started"),
    ];
    for (status, expected) in table {
        assert_eq!(told(status, json!({})), expected, "{status}");
    }
}

/// Integrators saw refunds that stayed so: no capture follows.
#[test]
fn a_signature_that_stays_accepted_is_the_end_of_a_refund() {
    let accepted = json!({"statusEvents": [{"status": "SignatureVerificationAccepted", "createdAt": NOW}]});
    let run = session("SignatureVerificationAccepted", accepted);
    let after = |seconds: i64| word(&of_session(&refund(), &run, at(NOW) + seconds.seconds(), SETTLE));
    assert_eq!([0, 119, 120].map(after), ["started", "started", "approved 1000"]);
}

#[test]
fn a_session_that_contradicts_the_refund_is_never_a_result() {
    let sum = |value: i64, currency: &str| json!({"amount": {"value": value, "currencyCode": currency}});
    let matched = |amount: Value| json!({"details": {"sessionType": "MatchedRefund", "matchedRefund": amount}});
    let unlinked = |amount: Value| json!({"details": {"sessionType": "UnlinkedRefund", "unlinkedRefund": amount}});
    let table = [
        (matched(sum(1000, "GBP")), "approved 1000"),
        (unlinked(sum(1000, "GBP")), "approved 1000"),
        (matched(json!({})), "approved 1000"),
        (matched(sum(999, "GBP")), "contradiction: the provider's record says 999 minor units, 1000 were asked"),
        (unlinked(sum(1001, "GBP")), "contradiction: the provider's record says 1001 minor units, 1000 were asked"),
        (matched(sum(1000, "EUR")), "contradiction: the provider's record says EUR, GBP was asked"),
        (json!({"terminalId": "tm_2"}), "contradiction: the provider's record names terminal tm_2, tm_1 was asked"),
    ];
    for (more, expected) in table {
        assert_eq!(told("Captured", more.clone()), expected, "{more}");
    }
}

#[test]
fn a_refund_without_a_card_is_what_the_sum_has_grown_by() {
    let open = Phase::Open { handle: Handle::new("rfnd_1").unwrap() };
    let lost = Phase::Unknown { handle: None, empty_since: None };
    let table = [
        (json!(1500), &open, "approved 1000"),
        (json!(1500), &lost, "approved 1000"),
        (json!(1501), &lost, "contradiction: the provider's record says 1001 minor units, 1000 were asked"),
        (json!(1499), &open, "started"),
        (json!(1499), &lost, "nothing"),
        (json!(500), &open, "started"),
        (json!(500), &lost, "nothing"),
        (json!(0), &lost, "nothing"),
        (json!(null), &lost, "nothing"),
    ];
    for (sum, phase, expected) in table {
        let attempt = Attempt { phase: phase.clone(), card_present: false, ..refund() };
        let found = intent("Captured", json!({"refundedAmount": sum}));
        assert_eq!(word(&of_sum(&attempt, &found).unwrap()), expected, "{sum} {phase:?}");
    }
}

#[test]
fn a_payment_that_was_reversed_went_back_whole() {
    let reversed = |amount: i64, before: i64| {
        let preparation = Preparation { refunded: before, ..preparation() };
        let attempt = Attempt { card_present: false, preparation: Some(preparation), ..refund() };
        let payment =
            intent("Reversed", json!({"refundedAmount": 0, "amount": {"value": amount, "currencyCode": "GBP"}}));
        word(&of_sum(&attempt, &payment).unwrap())
    };
    assert_eq!(reversed(1000, 0), "approved 1000");
    assert_eq!(reversed(1500, 500), "approved 1000");
    // Somebody else gave all of it back while a part was asked for.
    let contradiction = "contradiction: the provider's record says 1001 minor units, 1000 were asked";
    assert_eq!(reversed(1001, 0), contradiction);
}

#[test]
fn without_the_sum_that_was_before_nothing_is_told() {
    let attempt = Attempt { preparation: None, card_present: false, ..refund() };
    let payment = intent("Refunded", json!({"refundedAmount": 1000}));
    assert_eq!(of_sum(&attempt, &payment).unwrap(), Finding::Nothing);
}

#[test]
fn the_session_of_a_refund_is_the_one_refund_that_its_payment_did_not_have_before() {
    let run = |id: &str, kind: &str| json!({"terminalSession": {"id": id, "details": {"sessionType": kind}}});
    let table = [
        (vec![], None),
        (vec![run("ts_0", "MatchedRefund")], None),
        (vec![run("ts_1", "Sale")], None),
        (vec![run("ts_0", "Sale"), run("ts_1", "MatchedRefund")], Some("ts_1")),
        (vec![run("ts_1", "MatchedRefund"), run("ts_2", "Sale")], Some("ts_1")),
        (vec![run("ts_1", "MatchedRefund"), run("ts_2", "MatchedRefund")], None),
    ];
    for (runs, expected) in table {
        let found = intent("Captured", json!({"terminalSessionHistory": runs}));
        assert_eq!(new_run(&refund(), &found).map(|run| run.id.as_str()), expected, "{runs:?}");
    }
}
