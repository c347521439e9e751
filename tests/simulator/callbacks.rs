//! Callbacks: what they say, when they are repeated, and how they go wrong.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Call, Listener, Simulator, sale_with_callback};

fn signed_at(call: &Call) -> i64 {
    let header = call.header("dintero-signature");
    let time = header.split(',').next().unwrap().strip_prefix("t=").unwrap();
    time.parse().unwrap()
}

#[tokio::test]
async fn a_success_calls_back_once() {
    let simulator = Simulator::start().await;
    let mut listener = Listener::answering(vec![]).await;
    let url = format!("{}?till=1&sid_parameter_name=sid", listener.url);
    let id = simulator.create(&sale_with_callback(100, &url)).await;
    let call = listener.next().await;
    assert_eq!(call.method, "GET");
    assert_eq!(call.query("sid"), Some(id.clone()));
    assert_eq!(call.query("till").as_deref(), Some("1"));
    assert_eq!(call.query("merchant_reference").as_deref(), Some("order-1"));
    assert!(call.query("transaction_id").is_some() && call.query("time").is_some());
    assert!(call.header("dintero-signature").contains(",v0-hmac-sha256="));
    listener.silence().await;
    let noted = |it: &Value| it["events"].to_string().contains("AUTH_CALLBACK_SENT");
    simulator.session_until(&id, noted).await;
}

#[tokio::test]
async fn options_choose_the_method_and_the_occasions() {
    let simulator = Simulator::start().await;
    let mut listener = Listener::answering(vec![]).await;
    let url = format!("{}?method=POST&includes=session&report_event=REFUND", listener.url);
    let id = simulator.create(&sale_with_callback(100, &url)).await;
    let call = listener.next().await;
    assert_eq!(call.method, "POST");
    let body: Value = serde_json::from_slice(&call.body).unwrap();
    assert_eq!(body["status"], "CAPTURED");
    assert_eq!(body["session"]["id"], json!(id));
    let path = format!("/transactions/{}/refund", body["id"].as_str().unwrap());
    simulator.post(&path, &json!({ "amount": 100, "terminal_id": "T0292" })).await;
    let call = listener.next().await;
    assert_eq!(call.query("event").as_deref(), Some("REFUND"));
    assert!(call.query("event_id").is_some());
}

#[tokio::test]
async fn errors_are_told_only_on_request() {
    let simulator = Simulator::start().await;
    let mut listener = Listener::answering(vec![]).await;
    simulator.create(&sale_with_callback(990_103, &listener.url)).await;
    listener.silence().await;
    let url = format!("{}?report_error=true", listener.url);
    for (amount, error, has_transaction) in
        [(990_103, "cancelled", false), (990_100, "authorization", true), (990_102, "failed", true)]
    {
        simulator.create(&sale_with_callback(amount, &url)).await;
        let call = listener.next().await;
        assert_eq!(call.query("error").as_deref(), Some(error));
        assert_eq!(call.query("transaction_id").is_some(), has_transaction);
    }
}

#[tokio::test]
async fn a_server_error_is_retried_and_a_client_error_is_not() {
    let simulator = Simulator::start().await;
    let mut listener = Listener::answering(vec![503, 500]).await;
    simulator.create(&sale_with_callback(100, &listener.url)).await;
    let first = listener.next().await;
    for _ in 0..2 {
        let again = listener.next().await;
        assert_eq!(again.header("event-delivery"), first.header("event-delivery"));
    }
    listener.silence().await;

    let mut listener = Listener::answering(vec![400]).await;
    simulator.create(&sale_with_callback(100, &listener.url)).await;
    listener.next().await;
    listener.silence().await;
}

#[tokio::test]
async fn callbacks_can_be_duplicated_dropped_late_and_wrongly_signed() {
    let simulator = Simulator::start().await;
    let mut listener = Listener::answering(vec![]).await;
    let strike = async |fault: Value| {
        simulator.fault(json!([{ "call": "callback", "fault": fault }])).await;
        simulator.create(&sale_with_callback(100, &listener.url)).await;
    };
    strike(json!("dropped")).await;
    strike(json!({ "duplicate": 2 })).await;
    let first = listener.next().await;
    for _ in 0..2 {
        let copy = listener.next().await;
        assert_eq!(copy.header("event-delivery"), first.header("event-delivery"));
    }
}

#[tokio::test]
async fn callbacks_can_be_late_forged_and_old() {
    let simulator = Simulator::start().await;
    let mut listener = Listener::answering(vec![]).await;
    let url = listener.url.clone();
    let strike = async |fault: Value| {
        simulator.fault(json!([{ "call": "callback", "fault": fault }])).await;
        simulator.create(&sale_with_callback(100, &url)).await
    };
    let start = std::time::Instant::now();
    strike(json!({ "late": 50 })).await;
    listener.next().await;
    assert!(start.elapsed() >= Duration::from_millis(50));

    strike(json!("wrong_time")).await;
    let old = signed_at(&listener.next().await);
    let id = strike(json!("forged")).await;
    let forged = listener.next().await;
    assert!(signed_at(&forged) - old >= 3_590);

    let wish = json!({ "session_id": id, "kind": "genuine", "error": "cancelled" });
    let answer = simulator.control(Method::POST, "/callbacks", wish).await;
    assert_eq!(answer.json::<Value>().await.unwrap()["status"], 200);
    assert_eq!(listener.next().await.query("error").as_deref(), Some("cancelled"));
}

#[tokio::test]
async fn a_callback_can_be_overtaken() {
    let simulator = Simulator::start().await;
    let mut listener = Listener::answering(vec![]).await;
    simulator.fault(json!([{ "call": "callback", "fault": "reordered" }])).await;
    let first = simulator.create(&sale_with_callback(100, &listener.url)).await;
    let second = simulator.create(&sale_with_callback(100, &listener.url)).await;
    assert_eq!(listener.next().await.query("session_id"), Some(second));
    assert_eq!(listener.next().await.query("session_id"), Some(first));
}
