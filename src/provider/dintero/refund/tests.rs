use jiff::Timestamp;
use serde_json::{Value, json};
use ulid::Ulid;

use super::*;
use crate::domain::attempt::{Kind, Phase};
use crate::domain::identifiers::{OperationId, ProviderTerminalId};
use crate::domain::money::{Currency, Money};

fn ours() -> AttemptReference {
    AttemptReference::new(Ulid::from_parts(7, 7))
}

fn attempt() -> Attempt {
    let order = Order {
        reference: ours(),
        money: Money { amount: Amount::new(5000).unwrap(), currency: Currency::from_code("NOK").unwrap() },
        terminal: ProviderTerminalId::new("T0292").unwrap(),
        may_grow: false,
    };
    Attempt {
        refund_of: Some(TransactionId::new("T1.t").unwrap()),
        phase: Phase::Open { handle: Handle::new("request-1").unwrap() },
        ..Attempt::first(
            OperationId(Ulid::from_parts(1, 1)),
            Kind::Refund,
            order,
            Timestamp::UNIX_EPOCH,
            Timestamp::UNIX_EPOCH,
        )
    }
}

fn transaction(currency: &str, events: &Value) -> Transaction {
    serde_json::from_value(
        json!({"id": "T1.t", "amount": 39900, "currency": currency, "status": "CAPTURED", "events": events}),
    )
    .unwrap()
}

fn word(finding: &Finding) -> String {
    match finding {
        Finding::Nothing => "nothing".into(),
        Finding::Lapsed { .. } => "lapsed".into(),
        Finding::Undecided { .. } => "undecided".into(),
        Finding::Approved(approval) if approval.several => "approved twice".into(),
        Finding::Approved(approval) => format!("approved {}", approval.amount.minor()),
        Finding::Declined(reason) => format!("declined {}", reason.code),
        Finding::Cancelled => "cancelled".into(),
        Finding::Corrected(reason) => format!("corrected {}", reason.code),
        Finding::Contradiction { .. } => "contradiction".into(),
    }
}

#[test]
fn events_tell_what_became_of_a_refund() {
    let reference = ours().to_string();
    let initiate = json!({"event": "INITIATE_REFUND", "success": true, "amount": 5000, "event_reference": reference, "request_id": "r"});
    let done = json!({"event": "REFUND", "success": true, "amount": 5000, "event_reference": reference});
    let failed = json!({"event": "REFUND", "success": false, "amount": 5000, "event_reference": reference, "error": {"code": "91", "message": "no"}});
    let with = |event: &Value, change: Value| {
        let mut event = event.clone();
        event.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        event
    };
    let unnamed = |event: &Value, id: &str| with(event, json!({"event_reference": null, "correlation_request_id": id}));
    let corrected = |event: &Value, to: &str| with(event, json!({"correction": {"status": to}}));
    let table = [
        (json!([]), "nothing"),
        (json!([{"event": "CAPTURE", "success": true, "amount": 39900}]), "nothing"),
        (json!([{"event": "REFUND", "success": true, "amount": 5000, "event_reference": "PB-other"}]), "nothing"),
        (json!([{"event": "CAPTURE", "success": true, "amount": 5000, "event_reference": reference}]), "nothing"),
        (json!([initiate]), "undecided"),
        (json!([done]), "approved 5000"),
        (json!([initiate, done]), "approved 5000"),
        (json!([failed]), "declined 91"),
        (json!([initiate, failed]), "declined 91"),
        (json!([failed, done]), "approved 5000"),
        (json!([done, done]), "approved twice"),
        (json!([with(&initiate, json!({"success": false}))]), "declined refund_failed"),
        (json!([with(&done, json!({"success": null}))]), "undecided"),
        (json!([with(&done, json!({"amount": null}))]), "undecided"),
        (json!([with(&done, json!({"amount": 4999}))]), "contradiction"),
        (json!([initiate, unnamed(&done, "r")]), "approved 5000"),
        (json!([unnamed(&done, "request-1")]), "approved 5000"),
        (json!([unnamed(&done, "request-2")]), "nothing"),
        (json!([corrected(&done, "CAPTURED")]), "corrected captured"),
        (json!([corrected(&done, "REFUNDED")]), "approved 5000"),
        (json!([corrected(&failed, "REFUNDED")]), "approved 5000"),
        (json!([corrected(&failed, "CAPTURED")]), "declined 91"),
        (
            json!([with(&failed, json!({"correction": {"status": "REFUNDED", "event_ids": ["e9"]}})),
                   {"id": "e9", "event": "REFUND", "success": true, "amount": 5000}]),
            "approved 5000",
        ),
    ];
    for (events, expected) in table {
        assert_eq!(word(&finding(&attempt(), &transaction("NOK", &events))), expected, "{events}");
    }
    assert_eq!(word(&finding(&attempt(), &transaction("SEK", &json!([done])))), "contradiction");
}

#[test]
fn a_payment_tells_our_refunds_from_those_of_others() {
    let reference = ours().to_string();
    let found = transaction(
        "NOK",
        &json!([
            {"event": "INITIATE_REFUND", "success": true, "amount": 5000, "event_reference": reference, "request_id": "r"},
            {"event": "REFUND", "success": true, "amount": 5000, "correlation_request_id": "r"},
            {"event": "REFUND", "success": true, "amount": 300, "event_reference": "back office"},
            {"event": "REFUND", "success": false, "amount": 900},
            {"event": "REFUND", "success": true, "amount": 40}
        ]),
    );
    let refunds = all_of_ours(&found);
    assert_eq!(refunds.len(), 1);
    assert_eq!(refunds[0].0, ours());
    assert_eq!(word(&refunds[0].1), "approved 5000");
    assert_eq!(elsewhere(&found), 340);
}

/// Its correction tells of a sum that neither it nor the others make up: whoever repeats it might give the money back twice.
#[test]
fn a_refund_of_which_nobody_can_tell_is_not_called_failed() {
    let failed = |left: i64| {
        json!({"event": "REFUND", "success": false, "amount": 5000, "event_reference": ours().to_string(),
            "correction": {"status": "PARTIALLY_REFUNDED", "remaining_refund_amount": left}})
    };
    for (left, expected) in [(34900, "approved 5000"), (39900, "declined partially_refunded"), (34000, "undecided")] {
        let events = json!([{"event": "CAPTURE", "success": true, "amount": 39900}, failed(left)]);
        assert_eq!(word(&finding(&attempt(), &transaction("NOK", &events))), expected, "{left}");
    }
}
