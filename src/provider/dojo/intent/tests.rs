use serde_json::{Value, json};

use super::*;
use crate::domain::attempt::{Attempt, Phase};
use crate::domain::directory::Store;
use crate::domain::identifiers::StoreId;
use crate::domain::money::Currency;
use crate::domain::request::Details;
use crate::provider::dojo::specimen::{self, at, handle, intent, ours, pounds, session};

/// Every status of the contract that an intent of ours can have, and words that are not in it.
const STATUSES: [&str; 8] = ["Created", "Authorized", "Captured", "Reversed", "Refunded", "Canceled", "Teleported", ""];

fn sum(value: i64, currency: &str) -> Value {
    json!({"value": value, "currencyCode": currency})
}

fn state(status: &str, run: Option<&Session>) -> Option<PaymentState> {
    payment(&intent(status, json!({})), run).unwrap().map(|payment| payment.state)
}

#[test]
fn every_status_of_an_intent_has_its_state() {
    let approved = Some(PaymentState::Approved { captured: true });
    let unclear = Some(PaymentState::Unclear);
    let voided = Some(PaymentState::Voided);
    let expected =
        [None, unclear.clone(), approved.clone(), voided.clone(), approved, voided, unclear.clone(), unclear];
    for (status, expected) in STATUSES.into_iter().zip(expected) {
        assert_eq!(state(status, None), expected, "{status}");
    }
}

/// D13: two halves of one record that contradict each other.
#[test]
fn an_intent_that_was_let_go_and_taken_at_once_is_not_decided() {
    let cancelled = |run: &str| state("Canceled", Some(&session(run, json!({}))));
    for alive in ["InitiateRequested", "Initiated", "SignatureVerificationRequired", "CancelRequested", "Teleported"] {
        assert_eq!(cancelled(alive), Some(PaymentState::Unclear), "{alive}: it goes on at the machine");
    }
    for taken in ["Authorized", "Captured", "SignatureVerificationAccepted"] {
        assert_eq!(cancelled(taken), Some(PaymentState::Unclear), "{taken}");
        let reversed = state("Reversed", Some(&session(taken, json!({}))));
        assert_eq!(reversed, Some(PaymentState::Voided), "{taken}: it was taken, and given back");
    }
    for under_way in ["InitiateRequested", "Initiated", "CancelRequested", "Teleported"] {
        assert_eq!(cancelled(under_way), Some(PaymentState::Unclear), "{under_way}");
    }
    for not_taken in ["Canceled", "Expired", "Declined", "SignatureVerificationRejected"] {
        assert_eq!(cancelled(not_taken), Some(PaymentState::Voided), "{not_taken}");
    }
}

#[test]
fn an_intent_is_let_go_when_it_says_so_and_none_of_its_sessions_was_taken() {
    let is_let_go = |status: &str, runs: &[&str]| {
        let history: Vec<_> =
            runs.iter().map(|run| json!({"terminalSession": {"id": "ts_1", "status": run}})).collect();
        is_let_go(&intent(status, json!({"terminalSessionHistory": history})))
    };
    for status in STATUSES {
        assert_eq!(is_let_go(status, &[]), status == "Canceled", "{status}");
    }
    assert!(is_let_go("Canceled", &["Declined", "Expired", "Initiated", "Canceled"]));
    for taken in ["Captured", "Authorized", "SignatureVerificationAccepted"] {
        assert!(!is_let_go("Canceled", &[taken, "Declined"]), "{taken}");
    }
}

#[test]
fn what_the_customer_added_is_what_the_sum_has_more() {
    let added = |more| payment(&intent("Captured", more), None).map(|payment| payment.unwrap().added).ok();
    let table = [
        (json!({}), Some(0)),
        (json!({"totalAmount": sum(1000, "GBP")}), Some(0)),
        (json!({"totalAmount": sum(1150, "GBP")}), Some(150)),
        (json!({"totalAmount": sum(900, "GBP")}), Some(-100)),
        (json!({"totalAmount": sum(1000, "EUR")}), None),
        (json!({"amount": null, "totalAmount": sum(1000, "GBP")}), None),
        (json!({"amount": null}), None),
    ];
    for (more, expected) in table {
        assert_eq!(added(more.clone()), expected, "{more}");
    }
}

#[test]
fn a_payment_tells_the_card_of_its_session_or_its_own() {
    let card = |name: &str| json!({"paymentDetails": {"card": {"cardType": name, "last4PAN": "0226"}}});
    let found = intent("Captured", card("VISA"));
    let brand = |run: Option<&Session>| payment(&found, run).unwrap().unwrap().card.unwrap().brand.unwrap();
    assert_eq!(brand(None), "VISA");
    assert_eq!(brand(Some(&session("Captured", json!({})))), "VISA");
    assert_eq!(brand(Some(&session("Captured", card("AMEX")))), "AMEX");
}

#[test]
fn terms_are_told_exactly_as_dojo_holds_them() {
    let found = intent("Created", json!({"amount": sum(-7, "XXX"), "reference": "Order 234"}));
    let expected =
        Terms { reference: "Order 234".into(), amount: -7, currency: "XXX".into(), terminal: Some("tm_1".into()) };
    assert_eq!(terms(&found, Some(&session("Initiated", json!({})))), Ok(expected.clone()));
    assert_eq!(terms(&found, None), Ok(Terms { terminal: None, ..expected }));
    assert!(terms(&intent("Created", json!({"amount": null})), None).is_err());
}

#[test]
fn captured_is_the_sum_with_what_was_added_once_money_was_taken() {
    let expected = [0, 0, 1150, 0, 1150, 0, 0, 0];
    for (status, expected) in STATUSES.into_iter().zip(expected) {
        assert_eq!(captured(&intent(status, json!({"totalAmount": sum(1150, "GBP")}))), Ok(expected), "{status}");
    }
}

#[test]
fn an_intent_is_still_wanted_while_it_asks_for_the_same_money_for_long_enough() {
    let wanted = |status, more| is_still_wanted(&intent(status, more), pounds(1000), at("2026-11-20T10:05:00Z"));
    for status in STATUSES {
        assert_eq!(wanted(status, json!({})), status == "Created", "{status}");
    }
    let table = [
        (json!({"expireAt": "2026-11-20T10:05:00Z"}), true),
        (json!({"expireAt": "2026-11-20T10:04:59.9Z"}), false),
        (json!({"expireAt": "some day"}), false),
        (json!({"amount": sum(1001, "GBP")}), false),
        (json!({"amount": sum(1000, "EUR")}), false),
        (json!({"amount": null}), false),
    ];
    for (more, expected) in table {
        assert_eq!(wanted("Created", more.clone()), expected, "{more}");
    }
}

#[test]
fn a_preparation_remembers_what_the_intent_had_already() {
    let history = json!([
        {"terminalSession": {"id": "ts_0", "status": "Declined"}},
        {},
        {"terminalSession": {"id": "ts_1", "status": "Canceled"}},
    ]);
    let found = intent("Created", json!({"refundedAmount": 300, "terminalSessionHistory": history}));
    let expected = Preparation {
        payment: handle("pi_1"),
        reference: ours(),
        earlier_runs: vec![handle("ts_0"), handle("ts_1")],
        refunded: 300,
        run: None,
    };
    assert_eq!(preparation(&found), Some(expected));
    for foreign in [json!("Order 234"), json!(null)] {
        assert_eq!(preparation(&intent("Created", json!({"reference": foreign}))), None, "{foreign}");
    }
}

fn requested(details: &Details) -> Value {
    let attempt = Attempt { phase: Phase::Reserved, ..specimen::sale() };
    let store = Store {
        id: StoreId::new("london").unwrap(),
        payout_destination_id: String::new(),
        currency: Currency::from_code("GBP").unwrap(),
        time_zone: "Europe/London".into(),
    };
    let order = SaleOrder { attempt: &attempt, store: &store, till_reference: "till-1/R-1", details };
    serde_json::to_value(request(&order, "operation-1")).unwrap()
}

fn item(description: Option<String>, amount: i64) -> Item {
    Item { id: "sku-1".into(), line_id: "1".into(), description, quantity: None, amount, vat_amount: None, vat: None }
}

#[test]
fn an_intent_ends_with_the_attempts_horizon_and_says_whose_sale_it_is() {
    assert_eq!(
        requested(&Details::default()),
        json!({
            "amount": sum(1000, "GBP"), "reference": ours().to_string(), "captureMode": "Auto",
            "expireAt": "2026-11-20T10:10:00Z",
            "metadata": {"till_reference": "till-1/R-1", "operation_id": "operation-1"},
        })
    );
}

#[test]
fn what_the_till_gave_never_replaces_whose_sale_it_is() {
    let given = [("table", "7"), ("till_reference", "another"), ("operation_id", "another")];
    let metadata = given.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let body = requested(&Details { metadata, ..Details::default() });
    let expected = json!({"table": "7", "till_reference": "till-1/R-1", "operation_id": "operation-1"});
    assert_eq!(body["metadata"], expected);
}

#[test]
fn item_lines_name_the_goods_in_at_most_a_hundred_characters() {
    let names = [None, Some("Coffee".to_owned()), Some("é".repeat(100)), Some("é".repeat(101))];
    let items = names.map(|name| item(name, -150)).to_vec();
    let body = requested(&Details { items, ..Details::default() });
    let line = |name: &str| json!({"id": "1", "name": name, "amountTotal": sum(-150, "GBP")});
    let full = "é".repeat(100);
    assert_eq!(body["itemLines"], json!([line("sku-1"), line("Coffee"), line(&full), line(&full)]));
}
