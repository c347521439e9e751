use serde_json::json;

use super::*;
use crate::domain::identifiers::AttemptReference;
use crate::provider::dojo::specimen::{handle, intent, preparation, sale, session, word};

fn history(runs: &[(&str, &str, Option<&str>)]) -> Intent {
    let run = |(id, status, kind): &(&str, &str, Option<&str>)| {
        let details = kind.map(|kind| json!({"sessionType": kind}));
        json!({"terminalSession": {"id": id, "status": status, "details": details}})
    };
    intent("Created", json!({"terminalSessionHistory": runs.iter().map(run).collect::<Vec<_>>()}))
}

#[test]
fn the_session_of_an_attempt_is_the_one_that_its_intent_did_not_have_before() {
    let table = [
        (vec![], None),
        (vec![("ts_0", "Declined", None)], None),
        (vec![("ts_0", "Declined", None), ("ts_1", "Initiated", None)], Some("ts_1")),
        (vec![("ts_1", "Initiated", Some("Sale"))], Some("ts_1")),
        (vec![("ts_1", "Initiated", Some("MatchedRefund"))], None),
        (vec![("ts_1", "Captured", Some("Sale")), ("ts_2", "Captured", Some("MatchedRefund"))], Some("ts_1")),
        (vec![("ts_1", "Expired", None), ("ts_2", "Declined", None)], Some("ts_1")),
        (vec![("ts_1", "Initiated", None), ("ts_2", "Declined", None)], Some("ts_1")),
        (vec![("ts_1", "Initiated", None), ("ts_2", "Initiated", None)], Some("ts_1")),
    ];
    for (runs, expected) in table {
        let found = history(&runs);
        assert_eq!(runs::own(&found, &preparation()).map(|run| run.id.as_str()), expected, "{runs:?}");
    }
}

fn concluded(intent: &Intent, run: Option<(&Session, SessionState)>) -> String {
    conclude(&sale(), intent, run).map_or_else(|error| error.to_string(), |finding| word(&finding))
}

#[test]
fn the_intent_decides_and_the_session_only_while_nothing_was_paid() {
    let no = || SessionState::Declined(Reason::new("declined", "no"));
    let table = [
        ("Created", SessionState::Waiting, "waiting"),
        ("Created", SessionState::Started, "started"),
        ("Created", no(), "declined declined"),
        ("Created", SessionState::Cancelled, "cancelled"),
        ("Created", SessionState::Lapsed, "lapsed ts_1"),
        ("Captured", SessionState::Lapsed, "approved 1000"),
        ("Captured", no(), "approved 1000"),
        ("Captured", SessionState::Cancelled, "approved 1000"),
        ("Refunded", SessionState::Started, "approved 1000"),
        ("Reversed", SessionState::Started, "cancelled"),
        ("Canceled", SessionState::Lapsed, "cancelled"),
        ("Canceled", SessionState::Waiting, "cancelled"),
        ("Authorized", no(), "started"),
        ("Teleported", SessionState::Cancelled, "started"),
    ];
    for (status, state, expected) in table {
        let found = intent(status, json!({}));
        let shown = format!("{status} {state:?}");
        assert_eq!(concluded(&found, Some((&session("Expired", json!({})), state))), expected, "{shown}");
    }
}

#[test]
fn without_a_session_only_the_intent_speaks() {
    let table = [("Created", "nothing"), ("Captured", "approved 1000"), ("Canceled", "cancelled"), ("New", "started")];
    for (status, expected) in table {
        assert_eq!(concluded(&intent(status, json!({})), None), expected, "{status}");
    }
}

#[test]
fn what_contradicts_the_order_is_never_a_result() {
    let run = session("Captured", json!({}));
    let elsewhere = session("Captured", json!({"terminalId": "tm_2"}));
    let another = AttemptReference::new(ulid::Ulid::from_parts(7, 7)).to_string();
    let sum = |value: i64, currency: &str| json!({"value": value, "currencyCode": currency});
    let table = [
        (json!({"amount": sum(1, "GBP")}), &run, "says 1 minor units"),
        (json!({"amount": sum(1000, "EUR")}), &run, "says EUR"),
        (json!({"reference": another}), &run, "carries the reference"),
        (json!({"totalAmount": sum(1150, "GBP")}), &run, "says 1150 minor units"),
        (json!({"totalAmount": sum(900, "GBP")}), &run, "says 900 minor units"),
        (json!({}), &elsewhere, "names terminal tm_2"),
    ];
    for (more, run, expected) in table {
        let told = concluded(&intent("Captured", more.clone()), Some((run, SessionState::Started)));
        assert!(told.starts_with("contradiction") && told.contains(expected), "{more}: {told}");
    }
}

#[test]
fn a_tip_counts_where_the_terminal_may_take_one() {
    let mut attempt = sale();
    attempt.order.may_grow = true;
    let tipped = intent("Captured", json!({"totalAmount": {"value": 1150, "currencyCode": "GBP"}}));
    assert_eq!(word(&conclude(&attempt, &tipped, None).unwrap()), "approved 1150");
}

#[test]
fn an_intent_that_is_used_again_carries_the_reference_of_the_attempt_that_it_was_made_for() {
    let mut second = sale();
    second.number = 2;
    second.order.reference = AttemptReference::new(ulid::Ulid::from_parts(7, 7));
    assert_eq!(word(&conclude(&second, &intent("Captured", json!({})), None).unwrap()), "approved 1000");
}

#[test]
fn a_session_of_another_payment_tells_nothing_of_this_one() {
    let of = |payment: &str| json!({"details": {"sessionType": "Sale", "sale": {"paymentIntentId": payment}}});
    let told = |payment| {
        let run = session("Canceled", of(payment));
        concluded(&intent("Created", json!({})), Some((&run, SessionState::Cancelled)))
    };
    assert_eq!(told("pi_1"), "cancelled");
    assert!(told("pi_2").contains("a session of another payment (pi_2)"), "{}", told("pi_2"));
}

#[test]
fn a_session_whose_name_cannot_be_kept_is_no_finding() {
    let run = session("Captured", json!({"id": ""}));
    assert!(concluded(&intent("Created", json!({})), Some((&run, SessionState::Cancelled))).contains("a name"));
}

/// A declined or cancelled attempt and the one after it share their intent: the payment is the one's whose session took it.
#[test]
fn a_payment_belongs_to_the_attempt_whose_session_brought_it() {
    let first = Preparation { earlier_runs: Vec::new(), run: Some(handle("ts_1")), ..preparation() };
    let second = Preparation { earlier_runs: vec![handle("ts_1")], run: Some(handle("ts_2")), ..preparation() };
    let unknown = Preparation { run: None, ..second.clone() };
    let table = [
        (vec![("ts_1", "Declined", None), ("ts_2", "Captured", None)], [false, true, true]),
        (vec![("ts_1", "Captured", None), ("ts_2", "Initiated", None)], [true, false, false]),
        (vec![("ts_1", "Canceled", None), ("ts_2", "Declined", None)], [false, true, true]),
        (vec![("ts_1", "Expired", None), ("ts_2", "Canceled", None)], [true, false, false]),
        (vec![("ts_1", "Captured", None)], [true, false, false]),
    ];
    for (history_of, expected) in table {
        let found = Intent { status: "Captured".to_owned(), ..history(&history_of) };
        let owns = |prepared: &Preparation| !runs::is_anothers(&found, prepared, None);
        assert_eq!([owns(&first), owns(&second), owns(&unknown)], expected, "{history_of:?}");
    }
}

/// A history that is behind does not show the session that took the money a moment ago, which was read by its name.
#[test]
fn a_session_that_the_history_does_not_show_yet_brought_the_payment() {
    let second = Preparation { earlier_runs: vec![handle("ts_1")], run: Some(handle("ts_2")), ..preparation() };
    let found = Intent { status: "Captured".to_owned(), ..history(&[("ts_1", "Declined", None)]) };
    let read = session("Captured", json!({"id": "ts_2"}));
    assert!(!runs::is_anothers(&found, &second, Some(&read)));
    let read = session("Declined", json!({"id": "ts_2"}));
    let signed = Intent { status: "Captured".to_owned(), ..history(&[("ts_1", "Captured", None)]) };
    assert!(runs::is_anothers(&signed, &second, Some(&read)), "one that took nothing did not");
}
