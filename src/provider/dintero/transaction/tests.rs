use serde_json::{Value, json};

use super::*;

fn transaction(status: &str, events: Value) -> Transaction {
    serde_json::from_value(json!({
        "id": "T1.t", "amount": 39900, "currency": "NOK", "status": status, "session_id": "T1.s",
        "merchant_reference": "PB-x", "store": {"terminal_id": "T0292"}, "events": events,
        "card": {"brand": "Visa", "masked_pan": "476173******0416", "entry_method": "contactless", "expiry_date": "01/2030"},
        "created_at": "2026-11-20T10:15:02.120Z"
    }))
    .unwrap()
}

#[test]
fn every_status_has_its_meaning() {
    let meaning = |status| match state(&transaction(status, json!([]))) {
        PaymentState::Undecided => "undecided",
        PaymentState::Unclear => "unclear",
        PaymentState::Approved { captured: false } => "authorised",
        PaymentState::Approved { captured: true } => "captured",
        PaymentState::Declined(_) => "declined",
        PaymentState::Voided => "voided",
    };
    let table = [
        ("INITIATED", "undecided"),
        ("AUTHORIZED", "authorised"),
        ("AUTHORIZATION_VOIDED", "voided"),
        ("CAPTURED", "captured"),
        ("PARTIALLY_CAPTURED", "authorised"),
        ("PARTIALLY_CAPTURED_REFUNDED", "captured"),
        ("PARTIALLY_REFUNDED", "captured"),
        ("REFUNDED", "captured"),
        ("DECLINED", "declined"),
        ("FAILED", "declined"),
        ("UNKNOWN", "unclear"),
        ("ON_HOLD", "unclear"),
        ("SETTLED_ON_THE_MOON", "unclear"),
        ("", "unclear"),
        ("declined", "unclear"),
    ];
    for (status, expected) in table {
        assert_eq!(meaning(status), expected, "{status}");
    }
}

/// A capture that failed is tried again, and a cancel that is under way may still void what was authorized.
#[test]
fn a_status_that_its_events_contradict_is_unclear() {
    let event = |name: &str, success: Option<bool>| json!({"event": name, "success": success, "amount": 39900});
    let corrected = |success: Option<bool>, to: &str| {
        let correction = json!({"status": to});
        json!({"event": "CAPTURE", "success": success, "amount": 39900, "correction": correction})
    };
    let (yes, no, under_way) = (Some(true), Some(false), None);
    for (status, events, is_unclear) in [
        ("FAILED", json!([event("AUTHORIZE", yes), event("CAPTURE", no)]), true),
        ("DECLINED", json!([event("AUTHORIZE", no), event("AUTHORIZE", yes)]), true),
        ("FAILED", json!([event("CAPTURE", yes)]), true),
        ("FAILED", json!([event("INITIALIZE", yes), event("AUTHORIZE", no)]), false),
        ("FAILED", json!([event("AUTHORIZE", yes), event("VOID", yes)]), false),
        ("FAILED", json!([event("AUTHORIZE", yes), event("VOID", no)]), true),
        ("FAILED", json!([event("AUTHORIZE", under_way)]), false),
        ("FAILED", json!([event("AUTHORIZE", yes), corrected(no, "AUTHORIZED"), event("CAPTURE", no)]), true),
        ("FAILED", json!([event("AUTHORIZE", yes), corrected(yes, "AUTHORIZED"), event("CAPTURE", no)]), true),
        ("FAILED", json!([event("AUTHORIZE", yes), corrected(no, "ON_HOLD"), event("CAPTURE", no)]), true),
        ("FAILED", json!([event("AUTHORIZE", yes), corrected(yes, "FAILED"), event("CAPTURE", no)]), false),
        ("FAILED", json!([corrected(yes, "AUTHORIZATION_VOIDED"), event("CAPTURE", no)]), false),
        ("FAILED", json!([corrected(no, "FAILED"), event("AUTHORIZE", yes), event("CAPTURE", no)]), true),
        ("AUTHORIZED", json!([event("AUTHORIZE", yes)]), false),
        ("AUTHORIZED", json!([event("AUTHORIZE", yes), event("INITIATE_VOID", yes)]), true),
        ("AUTHORIZED", json!([event("AUTHORIZE", yes), event("INITIATE_VOID", under_way)]), true),
        ("AUTHORIZED", json!([event("AUTHORIZE", yes), event("INITIATE_VOID", no)]), false),
        ("AUTHORIZED", json!([event("AUTHORIZE", yes), event("INITIATE_VOID", yes), event("VOID", no)]), false),
    ] {
        let found = state(&transaction(status, events.clone()));
        assert_eq!(found == PaymentState::Unclear, is_unclear, "{status} {events}: {found:?}");
    }
}

/// "PARTIALLY_REFUNDED" is true of a payment whose first refund was made, whatever became of the second.
#[test]
fn what_is_left_tells_which_refund_of_several_a_correction_means() {
    let refunded = |success: bool, left: Value| {
        let correction = json!({"status": "PARTIALLY_REFUNDED", "remaining_refund_amount": left});
        let events = json!([
            {"event": "CAPTURE", "success": true, "amount": 39900},
            {"event": "REFUND", "success": true, "amount": 100},
            {"event": "REFUND", "success": success, "amount": 200, "correction": correction},
        ]);
        sums(&transaction("PARTIALLY_REFUNDED", events)).unwrap().refunded
    };
    for success in [true, false] {
        assert_eq!(refunded(success, json!(39600)), 300);
        assert_eq!(refunded(success, json!(39800)), 100);
        assert_eq!(refunded(success, Value::Null), 300, "it is not told: the status is believed");
    }
    let captured = json!({"event": "CAPTURE", "success": true, "amount": 39900});
    let replaced = json!({"event": "REFUND", "success": false, "amount": 100,
        "correction": {"status": "PARTIALLY_REFUNDED", "event_ids": ["e3"]}});
    let substitute = json!({"id": "e3", "event": "REFUND", "success": true, "amount": 100});
    for (left, expected) in [(39600, 300), (39800, 100)] {
        let second = json!({"event": "REFUND", "success": false, "amount": 200,
            "correction": {"status": "PARTIALLY_REFUNDED", "remaining_refund_amount": left}});
        for order in [[&replaced, &substitute, &second], [&replaced, &second, &substitute]] {
            let events = json!([captured, order[0], order[1], order[2]]);
            let refunded = sums(&transaction("PARTIALLY_REFUNDED", events)).unwrap().refunded;
            assert_eq!(refunded, expected, "what was replaced counts once: {order:?}");
        }
    }
}

/// When an event was corrected is not told: what was left by then need not hold the refunds before it alone.
#[test]
fn a_refund_that_what_is_left_does_not_explain_in_one_way_is_not_decided() {
    let refund = |success: bool, amount: i64, left: Option<i64>| {
        let correction = left.map(|left| json!({"status": "PARTIALLY_REFUNDED", "remaining_refund_amount": left}));
        json!({"event": "REFUND", "success": success, "amount": amount, "correction": correction})
    };
    let (made, not_made, unclear) = (Some(true), Some(false), None);
    for (refunds, expected) in [
        // The first was taken back after the second was made.
        ([refund(true, 100, Some(39_700)), refund(true, 200, None)], [not_made, made]),
        ([refund(true, 200, Some(39_700)), refund(true, 200, None)], [unclear, made]),
        // Both failed, and the second was the first to be corrected.
        ([refund(false, 100, Some(39_600)), refund(false, 200, Some(39_700))], [unclear, made]),
        ([refund(false, 200, Some(39_500)), refund(false, 200, Some(39_700))], [unclear, unclear]),
        ([refund(false, 100, Some(39_800)), refund(false, 200, Some(39_600))], [made, made]),
        ([refund(true, 100, None), refund(true, 200, Some(39_800))], [made, not_made]),
        ([refund(true, 100, None), refund(true, 200, Some(12_345))], [made, unclear]),
    ] {
        let shown = format!("{refunds:?}");
        let events = json!([{"event": "CAPTURE", "success": true, "amount": 39900}, refunds[0], refunds[1]]);
        let found = transaction("PARTIALLY_REFUNDED", events);
        assert_eq!([1, 2].map(|place| holds(&found, &found.events[place])), expected, "{shown}");
        let amounts = [&refunds[0], &refunds[1]].map(|refund| refund["amount"].as_i64().unwrap());
        let counted = amounts.iter().zip(expected).filter(|(_, made)| *made != not_made).map(|(amount, _)| amount);
        assert_eq!(
            sums(&found).unwrap().refunded,
            counted.sum::<i64>(),
            "what is unclear is not given back twice: {shown}"
        );
    }
}

/// Each of them asks for those before it: that must not double with each.
#[test]
fn a_payment_with_a_thousand_corrected_refunds_is_read_at_once() {
    let captured = json!({"event": "CAPTURE", "success": true, "amount": 39900});
    let refunds = (1..=1000).map(|number| {
        let correction = json!({"status": "PARTIALLY_REFUNDED", "remaining_refund_amount": 39900 - number});
        json!({"event": "REFUND", "success": false, "amount": 1, "correction": correction})
    });
    let events: Vec<Value> = std::iter::once(captured).chain(refunds).collect();
    assert_eq!(sums(&transaction("PARTIALLY_REFUNDED", events.into())).unwrap().refunded, 1000);
}

/// What may have been given back before and behind a correction doubles with each refund of another amount.
#[test]
fn refunds_that_make_too_many_sums_leave_a_correction_undecided() {
    let plain = (0..60).map(|number| json!({"event": "REFUND", "success": true, "amount": 1_i64 << number}));
    let correction = json!({"status": "PARTIALLY_REFUNDED", "remaining_refund_amount": 100});
    let corrected = json!({"event": "REFUND", "success": true, "amount": 7, "correction": correction});
    let before = std::iter::once(corrected.clone()).chain(plain.clone());
    for events in [before.collect::<Vec<_>>(), plain.chain([corrected]).collect()] {
        let found = transaction("PARTIALLY_REFUNDED", events.into());
        let event = found.events.iter().find(|event| event.correction.is_some()).unwrap();
        assert_eq!(holds(&found, event), None);
    }
}

#[test]
fn a_decline_tells_why_as_far_as_anything_does() {
    let reason = |event: Value| match state(&transaction("DECLINED", json!([event]))) {
        PaymentState::Declined(reason) => (reason.code, reason.text),
        other => panic!("{other:?}"),
    };
    let full = json!({"event": "AUTHORIZE", "success": false,
        "error": {"code": "51", "message": "Rejected", "type": ["INSUFFICIENT_FUNDS"]},
        "metadata": {"seitatech:outcome": "1", "seitatech:outcomeReason": "NoFunds", "seitatech:responseCode": "51"}});
    assert_eq!(reason(full), ("51".into(), "Rejected: NoFunds (51)".into()));
    let typed =
        json!({"event": "AUTHORIZE", "success": false, "error": {"message": "no", "type": "REJECTED_BY_ACQUIRER"}});
    assert_eq!(reason(typed), ("REJECTED_BY_ACQUIRER".into(), "no".into()));
    let terminal =
        json!({"event": "AUTHORIZE", "success": false, "metadata": {"seitatech:outcomeReason": "Cancelled"}});
    assert_eq!(reason(terminal), ("Cancelled".into(), "Cancelled".into()), "one word is not said twice");
    assert_eq!(reason(json!({"event": "INITIALIZE", "success": true})).0, "declined");
}

#[test]
fn a_correction_says_more_than_the_status_and_the_event() {
    let corrected = |event_success, to: &str| {
        let correction = json!({"status": to, "remaining_capture_amount": 0, "remaining_refund_amount": 0, "remaining_void_amount": 0});
        transaction(
            "CAPTURED",
            json!([{"event": "CAPTURE", "success": event_success, "amount": 39900, "correction": correction}]),
        )
    };
    let taken_back = corrected(true, "FAILED");
    assert!(matches!(state(&taken_back), PaymentState::Declined(_)));
    assert!(is_taken_back(&taken_back));
    assert_eq!(sums(&taken_back).unwrap().captured, 0);
    let taken_after_all = corrected(false, "CAPTURED");
    assert_eq!(state(&taken_after_all), PaymentState::Approved { captured: true });
    assert!(!is_taken_back(&taken_after_all));
    assert_eq!(sums(&taken_after_all).unwrap().captured, 39900);
}

#[test]
fn sums_come_from_the_events_that_hold() {
    let correction = json!({"status": "PARTIALLY_REFUNDED", "event_ids": ["e5"]});
    let events = json!([
        {"id": "e1", "event": "AUTHORIZE", "success": true, "amount": 39900},
        {"id": "e2", "event": "CAPTURE", "success": true, "amount": 39900},
        {"id": "e3", "event": "REFUND", "success": true, "amount": 100},
        {"id": "e4", "event": "REFUND", "success": false, "amount": 5000},
        {"id": "e6", "event": "REFUND", "success": false, "amount": 700, "correction": correction},
        {"id": "e5", "event": "REFUND", "success": true, "amount": 700},
        {"id": "e7", "event": "INITIATE_REFUND", "success": true, "amount": 900},
        {"id": "e8", "event": "REFUND", "amount": 1}
    ]);
    let sums = sums(&transaction("PARTIALLY_REFUNDED", events)).unwrap();
    assert_eq!((sums.captured, sums.refunded), (39900, 800));
}

#[test]
fn a_record_carries_terms_card_and_receipts_without_card_numbers() {
    let events = json!([
        {"event": "AUTHORIZE", "success": true, "metadata": {
            "seitatech:customerReceipt": "PAN 4111111111111111", "seitatech:customerReceiptPart2": "thank you",
            "seitatech:merchantReceipt": "M"}},
        {"event": "REFUND", "success": true, "amount": 1, "metadata": {"seitatech:customerReceipt": "REFUND"}}
    ]);
    let record = record(&transaction("CAPTURED", events)).unwrap();
    assert_eq!(record.terms.amount, 39900);
    assert_eq!(record.terms.terminal.as_deref(), Some("T0292"));
    assert_eq!(record.session.unwrap().as_str(), "T1.s");
    assert_eq!(record.card.unwrap().masked_pan.as_deref(), Some("476173******0416"));
    let receipt = record.receipt.unwrap();
    assert_eq!(receipt.customer.as_deref(), Some("PAN 411111******1111\nthank you"));
    assert_eq!(receipt.merchant.as_deref(), Some("M"));
    assert_eq!(record.created_at.unwrap().to_string(), "2026-11-20T10:15:02.12Z");
}
