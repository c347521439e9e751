//! Refunds, captures and voids.

use reqwest::Response;
use serde_json::{Value, json};

use crate::support::{Simulator, options};

fn refund(amount: i64) -> Value {
    json!({ "amount": amount, "refund_reference": "R1", "terminal_id": "T0293" })
}

fn path(transaction: &Value, what: &str) -> String {
    format!("/transactions/{}{what}", transaction["id"].as_str().unwrap())
}

async fn json_of(answer: Response, status: u16) -> Value {
    assert_eq!(answer.status(), status);
    answer.json().await.unwrap()
}

#[tokio::test]
async fn a_refund_is_done_at_once() {
    let simulator = Simulator::start().await;
    let sale = simulator.sell(39_900).await;
    let answer = simulator.post(&path(&sale, "/refund"), &refund(10_000)).await;
    let transaction = json_of(answer, 200).await;
    assert_eq!(transaction["status"], "PARTIALLY_REFUNDED");
    let last = transaction["events"].as_array().unwrap().last().unwrap();
    assert_eq!(last["event"], "REFUND");
    assert_eq!(last["event_reference"], "R1");
    let ledger = simulator.look("/ledger?merchant_reference=order-1").await;
    assert_eq!(ledger["refunded"], 10_000);
    assert_eq!(ledger["refund_requests"]["R1"], 1);
}

#[tokio::test]
async fn an_accepted_refund_is_done_later() {
    let mut options = options();
    options.speed = 100;
    let simulator = Simulator::with(options).await;
    let id = simulator.create(&crate::support::sale(990_121)).await;
    let completed = |it: &Value| it["events"].to_string().contains("COMPLETED");
    let session = simulator.session_until(&id, completed).await;
    let sale = json!({ "id": session["transaction_id"] });
    let answer = simulator.post(&path(&sale, "/refund"), &refund(990_121)).await;
    let request_id = answer.headers()["event-request-id"].to_str().unwrap().to_owned();
    let accepted = json_of(answer, 202).await;
    assert_eq!(accepted["status"], "CAPTURED");
    let initiated = accepted["events"].as_array().unwrap().last().unwrap();
    assert_eq!(initiated["event"], "INITIATE_REFUND");
    assert_eq!(initiated["request_id"], json!(request_id));
    let done = simulator.until(&path(&sale, ""), |it| it["status"] == "REFUNDED").await;
    let last = done["events"].as_array().unwrap().last().unwrap();
    assert_eq!(last["correlation_request_id"], json!(request_id));
    assert_eq!(last["success"], true);
}

#[tokio::test]
async fn refunds_fail_in_each_way_of_the_table() {
    let simulator = Simulator::start().await;
    let attempt = async |amount: i64, status: u16| -> Value {
        let sale = simulator.sell(amount).await;
        let answer = simulator.post(&path(&sale, "/refund"), &refund(amount)).await;
        json_of(answer, status).await;
        simulator.get(&path(&sale, "")).await
    };
    let refused = attempt(990_120, 400).await;
    assert_eq!(refused["events"].as_array().unwrap().len(), 3);

    let failed = attempt(990_122, 202).await;
    assert_eq!(failed["status"], "CAPTURED");
    assert_eq!(failed["events"][4]["success"], false);

    let corrected = attempt(990_123, 202).await;
    assert_eq!(corrected["status"], "REFUNDED");
    assert_eq!(corrected["events"][4]["success"], false);
    let correction = &corrected["events"][4]["correction"];
    assert_eq!(correction["status"], "REFUNDED");
    assert_eq!(correction["event_ids"][0], corrected["events"][5]["id"]);

    let answered = attempt(990_124, 200).await;
    assert_eq!(answered["events"][3]["success"], false);
    assert_eq!(simulator.look("/ledger").await["refunded"], 990_123);
}

#[tokio::test]
async fn what_cannot_be_refunded_is_refused() {
    let simulator = Simulator::start().await;
    let paid = simulator.sell(1_000).await;
    let declined = simulator.sell(990_100).await;
    let authorised = simulator.sell(990_115).await;
    let no_terminal = json!({ "amount": 1_000 });
    let no_line = json!({ "amount": 500, "terminal_id": "T0292", "items": [{ "amount": 500 }] });
    for (sale, body) in [
        (&paid, refund(1_001)),
        (&paid, refund(0)),
        (&paid, no_terminal),
        (&paid, no_line),
        (&paid, json!({ "amount": 500, "terminal_id": "T9999" })),
        (&declined, refund(1)),
        (&authorised, refund(1)),
    ] {
        json_of(simulator.post(&path(sale, "/refund"), &body).await, 400).await;
    }
    assert_eq!(simulator.look("/ledger").await["refunded"], 0);
}

#[tokio::test]
async fn a_plain_refund_needs_no_terminal() {
    let mut options = options();
    options.refund_needs_terminal = false;
    let simulator = Simulator::with(options).await;
    let sale = simulator.sell(1_000).await;
    let answer = simulator.post(&path(&sale, "/refund"), &json!({ "amount": 1_000 })).await;
    assert_eq!(json_of(answer, 200).await["status"], "REFUNDED");
}

#[tokio::test]
async fn an_authorisation_can_be_captured_or_voided() {
    let simulator = Simulator::start().await;
    let sale = simulator.sell(990_115).await;
    let part = json!({ "amount": 90_115, "capture_reference": "C1" });
    let answer = simulator.post(&path(&sale, "/capture"), &part).await;
    assert_eq!(json_of(answer, 200).await["status"], "PARTIALLY_CAPTURED");
    let answer = simulator.post(&path(&sale, "/capture"), &json!({ "amount": 900_000 })).await;
    assert_eq!(json_of(answer, 200).await["status"], "CAPTURED");
    json_of(simulator.post_nothing(&path(&sale, "/void")).await, 400).await;

    let other = simulator.sell(990_115).await;
    let answer = simulator.post_nothing(&path(&other, "/void")).await;
    assert_eq!(json_of(answer, 200).await["status"], "AUTHORIZATION_VOIDED");
}
