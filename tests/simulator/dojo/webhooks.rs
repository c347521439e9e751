//! Webhooks: subscribed to, signed, repeated, and gone wrong.

use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use pos_bridge::simulator::{DojoOptions, DojoWebhook};
use reqwest::Method;
use serde_json::{Value, json};

use super::support::{Dojo, answered, options};
use crate::support::{Call, Listener};

const SECRET: &str = "webhook-secret";

async fn listened(statuses: Vec<u16>) -> (Dojo, Listener) {
    let listener = Listener::answering(statuses).await;
    let webhook = DojoWebhook { url: listener.url.parse().unwrap(), secret: SECRET.into() };
    let mut options = options();
    options.dojo = DojoOptions { webhook: Some(webhook), ..options.dojo };
    (Dojo::with(options).await, listener)
}

fn is_signed(call: &Call, secret: &str) -> bool {
    let mut code = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    code.update(&call.body);
    let pairs: Vec<String> = code.finalize().into_bytes().iter().map(|byte| format!("{byte:02X}")).collect();
    call.header("dojo-signature") == format!("sha256={}", pairs.join("-"))
}

fn event(call: &Call) -> Value {
    serde_json::from_slice(&call.body).unwrap()
}

#[tokio::test]
async fn an_intent_tells_that_it_was_made_and_paid() {
    let (dojo, mut listener) = listened(vec![]).await;
    let intent_id = dojo.intend(1_000).await;
    let created = listener.next().await;
    assert!(is_signed(&created, SECRET));
    assert_eq!(event(&created)["event"], "payment_intent.created");
    dojo.present("sip0", &intent_id).await;
    let paid = listener.next().await;
    assert!(is_signed(&paid, SECRET));
    let paid = event(&paid);
    assert_eq!(paid["event"], "payment_intent.status_updated");
    let data = json!({ "paymentIntentId": intent_id, "paymentStatus": "Captured", "captureMode": "Auto" });
    assert_eq!(paid["data"], data);
    assert_ne!(paid["id"], event(&created)["id"]);
    listener.silence().await;
}

#[tokio::test]
async fn only_success_ends_the_retries() {
    let (dojo, mut listener) = listened(vec![500, 404]).await;
    dojo.intend(1_000).await;
    let first = event(&listener.next().await);
    for _ in 0..2 {
        assert_eq!(event(&listener.next().await), first);
    }
    listener.silence().await;
}

#[tokio::test]
async fn webhooks_can_be_duplicated_dropped_late_and_forged() {
    let (dojo, mut listener) = listened(vec![]).await;
    let strike = async |fault: Value| {
        dojo.simulator.fault(json!([{ "call": "webhook", "fault": fault }])).await;
        dojo.intend(1_000).await
    };
    strike(json!("dropped")).await;
    let doubled = strike(json!({ "duplicate": 1 })).await;
    for _ in 0..2 {
        assert_eq!(event(&listener.next().await)["data"]["paymentIntentId"], json!(doubled));
    }
    let start = Instant::now();
    strike(json!({ "late": 50 })).await;
    listener.next().await;
    assert!(start.elapsed() >= Duration::from_millis(50));
    strike(json!("forged")).await;
    assert!(!is_signed(&listener.next().await, SECRET));
    let first = strike(json!("reordered")).await;
    let second = dojo.intend(1_000).await;
    assert_eq!(event(&listener.next().await)["data"]["paymentIntentId"], json!(second));
    assert_eq!(event(&listener.next().await)["data"]["paymentIntentId"], json!(first));
    let rules = json!([{ "call": "webhook", "fault": "wrong_time" }]);
    assert!(dojo.simulator.control(Method::PUT, "/faults", rules).await.status().is_client_error());
}

#[tokio::test]
async fn a_subscription_is_made_changed_and_ended() {
    let dojo = Dojo::start().await;
    let mut listener = Listener::answering(vec![]).await;
    let known = dojo.get("/webhooks/events").await;
    assert!(known[0]["events"].as_array().unwrap().contains(&json!("payment_intent.status_updated")));
    for wrong in [
        json!({ "events": ["terminal_session.status_updated"], "url": listener.url }),
        json!({ "events": ["payment_intent.created"], "url": "http://pos.example.com/hook" }),
        json!({ "events": ["payment_intent.created"] }),
        json!({ "events": ["payment_intent.created"], "url": listener.url, "unknown": 1 }),
    ] {
        assert_eq!(dojo.post("/webhooks", &wrong).await.status(), 400, "{wrong}");
    }
    let wish = json!({ "events": ["payment_intent.status_updated"], "url": listener.url });
    let subscription = answered(dojo.post("/webhooks", &wish).await, 200).await;
    assert_eq!(dojo.post("/webhooks", &wish).await.status(), 409);
    let secret = subscription["secrets"][0]["value"].as_str().unwrap();
    dojo.sell("sip0", 1_000).await;
    assert!(is_signed(&listener.next().await, secret));

    let path = format!("/webhooks/{}", subscription["id"].as_str().unwrap());
    let change = dojo.request(Method::PATCH, &path).json(&json!({ "events": ["payment_intent.created"] }));
    assert_eq!(answered(change.send().await.unwrap(), 200).await["events"], json!(["payment_intent.created"]));
    dojo.sell("sip0", 1_000).await;
    assert_eq!(event(&listener.next().await)["event"], "payment_intent.created");
    assert_eq!(dojo.delete(&path).await.status(), 204);
    assert_eq!(dojo.get("/webhooks").await, json!([]));
    dojo.intend(1_000).await;
    listener.silence().await;
}

#[tokio::test]
async fn secrets_change_over() {
    let (dojo, mut listener) = listened(vec![]).await;
    let path = format!("/webhooks/{}/secrets", dojo.get("/webhooks").await[0]["id"].as_str().unwrap());
    let secrets = answered(dojo.post(&path, &json!({})).await, 200).await;
    let (old, new) = (&secrets["secrets"][0], &secrets["secrets"][1]);
    dojo.intend(1_000).await;
    assert!(is_signed(&listener.next().await, old["value"].as_str().unwrap()));
    let new_path = format!("{path}/{}", new["id"].as_str().unwrap());
    assert_eq!(dojo.put(&format!("{new_path}/activate"), &json!({})).await.status(), 204);
    dojo.intend(1_000).await;
    assert!(is_signed(&listener.next().await, new["value"].as_str().unwrap()));
    assert_eq!(dojo.delete(&new_path).await.status(), 204);
    assert_eq!(dojo.get(&path).await["secrets"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_webhook_can_be_sent_by_hand() {
    let (dojo, mut listener) = listened(vec![]).await;
    let intent_id = dojo.intend(1_000).await;
    listener.next().await;
    for (kind, signed) in [("genuine", true), ("forged", false)] {
        let wish = json!({ "intent_id": intent_id, "kind": kind });
        let answer = answered(dojo.simulator.control(Method::POST, "/webhooks", wish).await, 200).await;
        assert_eq!(answer["statuses"], json!([200]));
        let call = listener.next().await;
        assert_eq!(is_signed(&call, SECRET), signed);
        assert_eq!(event(&call)["data"]["paymentStatus"], "Created");
    }
}
