//! Intents: made, paid, cancelled, searched, captured by hand.

use pos_bridge::simulator::virtual_terminals;
use reqwest::Method;
use serde_json::{Value, json};

use super::support::{Dojo, answered, identifier, intent, money, options, sale, statuses};

#[tokio::test]
async fn a_sale_is_an_intent_and_then_a_session() {
    let dojo = Dojo::start().await;
    let created = answered(dojo.post("/payment-intents", &intent(1_000)).await, 200).await;
    assert_eq!(created["status"], "Created");
    assert_eq!(created["amount"], money(1_000));
    assert_eq!(created["metadata"]["operation"], "op-1");
    assert_eq!(created["refundedAmount"], 0);
    assert_eq!(created.get("paymentDetails"), None);
    let intent_id = identifier(created);

    let session = answered(dojo.post("/terminal-sessions", &sale("sip0", &intent_id)).await, 200).await;
    assert_eq!(session["status"], "InitiateRequested");
    assert_eq!(session["details"]["sale"]["paymentIntentId"], json!(intent_id));
    let session = dojo.read_session(session["id"].as_str().unwrap()).await;
    assert_eq!(statuses(&session), ["InitiateRequested", "Initiated", "Captured"]);
    let shown: Vec<&str> = session["notificationEvents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["notificationType"].as_str().unwrap())
        .collect();
    assert_eq!(shown, ["PresentCard", "PleaseWait", "EnterPin", "PleaseWait", "RemoveCard", "Approved"]);
    assert_eq!(session["paymentDetails"]["card"]["verificationMethod"], "Pin");

    let paid = dojo.read_intent(&intent_id).await;
    assert_eq!(paid["status"], "Captured");
    assert_eq!(paid["paymentDetails"]["authCode"], session["paymentDetails"]["authCode"]);
    assert_eq!(paid["terminalSessionHistory"][0]["terminalSession"]["id"], session["id"]);
    assert_eq!(paid["terminalSessionHistory"][0]["payment"]["verificationMode"], "Pin");
    assert_eq!(dojo.truth().await["captured"], 1_000);
}

/// The suffix, how the session ends, and how the intent.
const ENDINGS: &[(&str, &str, &str)] = &[
    ("SIP0", "Captured", "Captured"),
    ("SCN0", "Captured", "Captured"),
    ("SIS0", "Captured", "Captured"),
    ("SIP1", "Captured", "Captured"),
    ("DIP0", "Declined", "Created"),
    ("DIS0", "Captured", "Captured"),
    ("UIP0", "Canceled", "Created"),
    ("TIP0", "Expired", "Created"),
    ("CIP0", "Canceled", "Created"),
    ("NCN0", "Expired", "Created"),
    ("SLO0", "Captured", "Captured"),
    ("ACL0", "Captured", "Captured"),
    ("CTL0", "Captured", "Captured"),
    ("EXC0", "Expired", "Captured"),
    ("RCS0", "Captured", "Captured"),
    ("WRA0", "Captured", "Captured"),
    ("SCB0", "Captured", "Captured"),
    ("RDE0", "Captured", "Captured"),
    ("AMT0", "Captured", "Captured"),
];

#[tokio::test]
async fn every_virtual_terminal_ends_as_its_row_says() {
    let dojo = Dojo::start().await;
    let unreachable = ["OFF0", "BSY0"];
    for terminal in virtual_terminals().iter().filter(|terminal| !unreachable.contains(&terminal.suffix)) {
        let (_, session_status, intent_status) =
            ENDINGS.iter().find(|(suffix, ..)| *suffix == terminal.suffix).expect(terminal.suffix);
        let intent_id = dojo.intend(1_000).await;
        let session_id = dojo.present(terminal.suffix, &intent_id).await;
        dojo.until(&format!("/terminal-sessions/{session_id}"), session_status).await;
        dojo.until(&format!("/payment-intents/{intent_id}"), intent_status).await;
    }
}

#[tokio::test]
async fn a_terminal_may_go_by_the_amount() {
    let dojo = Dojo::start().await;
    for (amount, status) in [(1_000, "Captured"), (990_100, "Declined"), (990_103, "Canceled")] {
        let session_id = dojo.present("amt0", &dojo.intend(amount).await).await;
        assert_eq!(dojo.read_session(&session_id).await["status"], status);
    }
    let offline = dojo.intend(990_108).await;
    assert_eq!(dojo.post("/terminal-sessions", &sale("amt0", &offline)).await.status(), 404);
}

#[tokio::test]
async fn a_declined_intent_is_presented_again() {
    let dojo = Dojo::start().await;
    let intent_id = dojo.intend(1_000).await;
    dojo.present("dip0", &intent_id).await;
    dojo.present("sip0", &intent_id).await;
    let intent = dojo.read_intent(&intent_id).await;
    let history: Vec<&Value> = intent["terminalSessionHistory"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["terminalSession"]["status"])
        .collect();
    assert_eq!(history, ["Declined", "Captured"]);
    assert_eq!(dojo.truth().await["captured"], 1_000);
}

#[tokio::test]
async fn of_two_sessions_for_one_intent_only_the_first_is_charged() {
    let dojo = Dojo::start().await;
    let intent_id = dojo.intend(1_000).await;
    for terminal in ["sip0", "scn0"] {
        let id = format!("/terminals/tm_sandbox_{terminal}");
        dojo.simulator.control(Method::PUT, &id, json!({ "mode": "manual" })).await;
        dojo.present(terminal, &intent_id).await;
    }
    for terminal in ["scn0", "sip0"] {
        let path = format!("/terminals/tm_sandbox_{terminal}/approve");
        dojo.simulator.control(Method::POST, &path, json!({})).await;
    }
    let truth = dojo.truth().await;
    assert_eq!(truth["captured"], 1_000);
    let ends = &truth["intents"][0]["sessions"];
    assert_eq!((&ends[0]["status"], &ends[1]["status"]), (&json!("Declined"), &json!("Captured")));
}

#[tokio::test]
async fn the_machine_adds_tips_and_cashback() {
    let dojo = Dojo::start().await;
    for (terminal, member, added) in [("sip1", "tipsAmount", 200), ("scb0", "cashbackAmount", 1_000)] {
        let intent = dojo.read_intent(&dojo.sell(terminal, 2_000).await).await;
        assert_eq!(intent["amount"], money(2_000));
        assert_eq!(intent[member], money(added));
        assert_eq!(intent["totalAmount"], money(2_000 + added));
    }
    assert_eq!(dojo.truth().await["captured"], 2_200 + 3_000);
}

#[tokio::test]
async fn a_record_can_show_another_amount_than_was_taken() {
    let dojo = Dojo::start().await;
    let intent = dojo.read_intent(&dojo.sell("wra0", 2_000).await).await;
    assert_eq!(intent["totalAmount"], money(2_100));
    assert_eq!(dojo.truth().await["captured"], 2_000);
}

#[tokio::test]
async fn a_cancelled_intent_is_hidden_and_takes_no_card() {
    let dojo = Dojo::start().await;
    dojo.simulator.control(Method::PUT, "/terminals/tm_sandbox_sip0", json!({ "mode": "manual" })).await;
    let intent_id = dojo.intend(1_000).await;
    let session_id = dojo.present("sip0", &intent_id).await;
    let path = format!("/payment-intents/{intent_id}");
    assert_eq!(answered(dojo.delete(&path).await, 200).await["status"], "Canceled");
    assert_eq!(dojo.try_get(&path).await.unwrap().status(), 404);
    assert_eq!(dojo.read_intent(&intent_id).await["status"], "Canceled");
    assert_eq!(dojo.delete(&path).await.status(), 400);
    dojo.simulator.control(Method::POST, "/terminals/tm_sandbox_sip0/approve", json!({})).await;
    assert_eq!(dojo.read_session(&session_id).await["status"], "Declined");
    assert_eq!(dojo.truth().await["captured"], 0);

    let paid = dojo.sell("scn0", 1_000).await;
    assert_eq!(dojo.delete(&format!("/payment-intents/{paid}")).await.status(), 400);
}

#[tokio::test]
async fn an_intent_that_nobody_pays_in_time_is_cancelled() {
    let dojo = Dojo::start().await;
    let intent_id = dojo.intend(1_000).await;
    let in_a_month = 31 * 24 * 3_600;
    dojo.simulator.control(Method::PUT, "/clock", json!({ "offset_seconds": in_a_month })).await;
    assert_eq!(dojo.read_intent(&intent_id).await["status"], "Canceled");
    assert_eq!(dojo.post("/terminal-sessions", &sale("sip0", &intent_id)).await.status(), 400);
}

#[tokio::test]
async fn a_search_pages_through_a_window() {
    let dojo = Dojo::start().await;
    let mut ids = Vec::new();
    for amount in 1..=5 {
        ids.push(dojo.intend(amount).await);
    }
    ids.reverse();
    dojo.delete(&format!("/payment-intents/{}", ids[0])).await;
    let find = async |body: Value| answered(dojo.post("/payment-intents/search", &body).await, 200).await;
    let found = |page: &Value| -> Vec<String> {
        page["data"].as_array().unwrap().iter().map(|intent| intent["id"].as_str().unwrap().to_owned()).collect()
    };
    let first = find(json!({ "cursor": { "limit": 2 } })).await;
    assert_eq!(found(&first), ids[..2]);
    assert_eq!(first["before"], Value::Null);
    let second = find(json!({ "cursor": { "limit": 2, "after": first["after"] } })).await;
    assert_eq!(found(&second), ids[2..4]);
    let back = find(json!({ "cursor": { "limit": 2, "before": second["before"] } })).await;
    assert_eq!(found(&back), ids[..2]);
    let last = find(json!({ "cursor": { "limit": 2, "after": second["after"] } })).await;
    assert_eq!(found(&last), ids[4..]);
    assert_eq!(last["after"], Value::Null);
    assert_eq!(found(&find(json!({ "statuses": ["Canceled"] })).await), ids[..1]);
    assert_eq!(found(&find(json!({ "endDate": "2020-01-01T00:00:00Z" })).await), Vec::<String>::new());
    assert_eq!(found(&find(json!({ "startDate": "2020-01-01T00:00:00Z" })).await).len(), 5);
    for wrong in [
        json!({ "reference": "order-1" }),
        json!({ "cursor": { "limit": 101 } }),
        json!({ "cursor": { "limit": 0 } }),
        json!({ "cursor": { "before": "a", "after": "b" } }),
        json!({ "statuses": ["Declined"] }),
    ] {
        assert_eq!(dojo.post("/payment-intents/search", &wrong).await.status(), 400, "{wrong}");
    }
}

#[tokio::test]
async fn the_history_may_lag() {
    let dojo = Dojo::start().await;
    dojo.policy("history_lag_milliseconds", json!(3_600_000)).await;
    let intent_id = dojo.sell("sip0", 1_000).await;
    assert_eq!(dojo.read_intent(&intent_id).await["terminalSessionHistory"], json!([]));
    dojo.simulator.control(Method::PUT, "/clock", json!({ "offset_seconds": 3_601 })).await;
    assert_eq!(dojo.read_intent(&intent_id).await["terminalSessionHistory"].as_array().unwrap().len(), 1);
}

fn manual(action: &str) -> Value {
    let mut body = intent(1_000);
    body["captureMode"] = json!("Manual");
    body["autoExpireIn"] = json!("1.00:00:00");
    body["autoExpireAction"] = json!(action);
    body
}

#[tokio::test]
async fn a_manual_payment_is_captured_by_request_in_parts() {
    let mut options = options();
    options.dojo.limit_speed = 1;
    let dojo = Dojo::with(options).await;
    let intent_id = identifier(answered(dojo.post("/payment-intents", &manual("Release")).await, 200).await);
    let session_id = dojo.present("sip0", &intent_id).await;
    assert_eq!(dojo.read_session(&session_id).await["status"], "Authorized");
    assert_eq!(dojo.read_intent(&intent_id).await["status"], "Authorized");
    assert_eq!(dojo.truth().await["captured"], 0);
    let path = format!("/payment-intents/{intent_id}/captures");
    for amount in [400, 600] {
        let capture = answered(dojo.post(&path, &json!({ "amount": amount })).await, 200).await;
        assert!(capture["captureId"].as_str().unwrap().starts_with("cp_"));
    }
    assert_eq!(dojo.post(&path, &json!({ "amount": 1 })).await.status(), 400);
    let captured = dojo.read_intent(&intent_id).await;
    assert_eq!(captured["captures"].as_array().unwrap().len(), 2);
    assert_eq!(dojo.truth().await["captured"], 1_000);

    let automatic = dojo.sell("scn0", 1_000).await;
    let path = format!("/payment-intents/{automatic}/captures");
    assert_eq!(dojo.post(&path, &json!({ "amount": 1_000 })).await.status(), 409);
}

#[tokio::test]
async fn a_manual_payment_that_nobody_captures_expires_as_it_was_told_to() {
    let mut options = options();
    options.dojo.limit_speed = 1_000_000;
    let dojo = Dojo::with(options).await;
    for (action, status) in [("Release", "Reversed"), ("Capture", "Captured")] {
        let intent_id = identifier(answered(dojo.post("/payment-intents", &manual(action)).await, 200).await);
        dojo.present("sip0", &intent_id).await;
        dojo.until(&format!("/payment-intents/{intent_id}"), status).await;
    }
    assert_eq!(dojo.truth().await["captured"], 1_000);
}
