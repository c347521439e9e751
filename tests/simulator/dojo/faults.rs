//! Every kind of fault, on Dojo's calls.

use reqwest::{Method, Response};
use serde_json::{Value, json};

use super::support::{Dojo, answered, intent, matched_refund, money, sale};

/// Each call by its name, made with identifiers that need not exist.
const CALLS: &[(&str, &str, &str)] = &[
    ("create_intent", "POST", "/payment-intents"),
    ("read_intent", "GET", "/payment-intents/pi_1"),
    ("cancel_intent", "DELETE", "/payment-intents/pi_1"),
    ("search_intents", "POST", "/payment-intents/search"),
    ("capture_intent", "POST", "/payment-intents/pi_1/captures"),
    ("reverse_intent", "POST", "/payment-intents/pi_1/reversal"),
    ("refund_intent", "POST", "/payment-intents/pi_1/refunds"),
    ("read_refund", "GET", "/payment-intents/refunds/rfnd_1"),
    ("list_terminals", "GET", "/terminals"),
    ("read_terminal", "GET", "/terminals/tm_sandbox_sip0"),
    ("create_terminal_session", "POST", "/terminal-sessions"),
    ("read_terminal_session", "GET", "/terminal-sessions/ts_1"),
    ("cancel_terminal_session", "PUT", "/terminal-sessions/ts_1/cancel"),
    ("answer_signature", "PUT", "/terminal-sessions/ts_1/signature"),
    ("subscriptions", "GET", "/webhooks"),
];

async fn ask(dojo: &Dojo, method: &str, path: &str) -> reqwest::Result<Response> {
    dojo.request(method.parse().unwrap(), path).json(&json!({})).send().await
}

#[tokio::test]
async fn every_call_has_a_name_that_faults_find() {
    let dojo = Dojo::start().await;
    for (call, method, path) in CALLS {
        dojo.simulator.fault(json!([{ "call": call, "fault": { "status": { "code": 418 } } }])).await;
        assert_eq!(ask(&dojo, method, path).await.unwrap().status(), 418, "{call}");
        assert_ne!(ask(&dojo, method, path).await.unwrap().status(), 418, "{call}");
        dojo.simulator.fault(json!([{ "call": call, "fault": "lose_reply" }])).await;
        assert!(ask(&dojo, method, path).await.is_err(), "{call}");
    }
}

#[tokio::test]
async fn a_lost_request_does_no_work_and_a_lost_reply_does() {
    let dojo = Dojo::start().await;
    for (fault, made) in [("lose_request", 0), ("lose_reply", 1)] {
        dojo.simulator.fault(json!([{ "call": "create_intent", "fault": fault }])).await;
        assert!(dojo.try_post("/payment-intents", &intent(1_000)).await.is_err());
        assert_eq!(dojo.truth().await["intents"].as_array().unwrap().len(), made);
    }
    assert_eq!(dojo.truth().await["create_requests"]["order-1"], 2);

    let intent_id = dojo.intend(1_000).await;
    for (fault, money) in [("lose_request", 0), ("lose_reply", 1_000)] {
        dojo.simulator.fault(json!([{ "call": "create_terminal_session", "fault": fault }])).await;
        assert!(dojo.try_post("/terminal-sessions", &sale("sip0", &intent_id)).await.is_err());
        assert_eq!(dojo.truth().await["captured"], money);
    }
    assert_eq!(dojo.truth().await["session_requests"][&intent_id], 2);
}

#[tokio::test]
async fn a_lost_refund_session_is_still_a_refund() {
    let dojo = Dojo::start().await;
    let intent_id = dojo.sell("sip0", 1_000).await;
    dojo.simulator.fault(json!([{ "call": "create_terminal_session", "fault": "lose_reply" }])).await;
    assert!(dojo.try_post("/terminal-sessions", &matched_refund("sip0", &intent_id, None)).await.is_err());
    assert_eq!(dojo.truth().await["refunded"], 1_000);
}

#[tokio::test]
async fn an_error_comes_in_every_shape() {
    let dojo = Dojo::start().await;
    let strike = async |call: &str, body: Option<&str>, path: &str| {
        let mut status = json!({ "code": 503 });
        if let Some(body) = body {
            status["body"] = json!(body);
        }
        dojo.simulator.fault(json!([{ "call": call, "fault": { "status": status } }])).await;
        let answer = dojo.try_get(path).await.unwrap();
        assert_eq!(answer.status(), 503);
        answer.text().await.unwrap()
    };
    let path = "/payment-intents/pi_1";
    assert!(strike("read_intent", None, path).await.contains("traceId"));
    assert!(strike("list_terminals", None, "/terminals").await.contains("INTERNAL_ERROR"));
    assert!(strike("read_intent", Some("pascal"), path).await.contains("Extensions"));
    assert_eq!(strike("read_intent", Some("empty"), path).await, "");
    assert!(strike("read_intent", Some("html"), path).await.starts_with("<html>"));
}

#[tokio::test]
async fn answers_can_be_garbage_redirected_halved_or_late() {
    let dojo = Dojo::start().await;
    let path = format!("/payment-intents/{}", dojo.intend(1_000).await);
    let strike = async |fault: Value| {
        dojo.simulator.fault(json!([{ "call": "read_intent", "fault": fault }])).await;
        dojo.try_get(&path).await
    };
    assert!(strike(json!("garbage")).await.unwrap().json::<Value>().await.is_err());
    assert_eq!(strike(json!("wrong_type")).await.unwrap().json::<Value>().await.unwrap()["id"], 42);
    assert_eq!(strike(json!({ "redirect": {} })).await.unwrap().status(), 307);
    assert!(strike(json!("half_answer")).await.unwrap().bytes().await.is_err());
    assert!(strike(json!("reset")).await.is_err());
    assert_eq!(strike(json!({ "delay": 20 })).await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_record_can_lie() {
    let dojo = Dojo::start().await;
    let path = format!("/payment-intents/{}", dojo.sell("sip0", 1_000).await);
    for (fault, pointer, lie) in [
        ("lying_amount", "/totalAmount", money(1_100)),
        ("lying_currency", "/amount/currencyCode", json!("XTS")),
        ("lying_terminal", "/terminalSessionHistory/0/terminalSession/terminalId", json!("tm_sandbox_elsewhere")),
    ] {
        dojo.simulator.fault(json!([{ "call": "read_intent", "fault": fault }])).await;
        assert_eq!(dojo.get(&path).await.pointer(pointer), Some(&lie));
    }
}

#[tokio::test]
async fn a_stale_read_shows_the_past() {
    let dojo = Dojo::start().await;
    let intent_id = dojo.intend(1_000).await;
    let path = format!("/payment-intents/{intent_id}");
    let stale = async |call: &str| dojo.simulator.fault(json!([{ "call": call, "fault": "stale_read" }])).await;
    stale("read_intent").await;
    assert_eq!(dojo.try_get(&path).await.unwrap().status(), 404);
    let session_id = dojo.present("sip0", &intent_id).await;
    stale("read_intent").await;
    assert_eq!(dojo.get(&path).await["status"], "Created");
    assert_eq!(dojo.get(&path).await["status"], "Captured");
    stale("read_terminal_session").await;
    assert_eq!(dojo.read_session(&session_id).await["status"], "Initiated");
    stale("search_intents").await;
    let search = async || answered(dojo.post("/payment-intents/search", &json!({})).await, 200).await;
    assert_eq!(search().await["data"], json!([]));
    assert_eq!(search().await["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_stale_terminal_is_as_it_was() {
    let dojo = Dojo::start().await;
    dojo.simulator.control(Method::PUT, "/terminals/tm_sandbox_sip0", json!({ "mode": "manual" })).await;
    dojo.present("sip0", &dojo.intend(1_000).await).await;
    let path = "/terminals/tm_sandbox_sip0";
    dojo.simulator
        .fault(json!([{ "call": "read_terminal", "fault": "stale_read" },
                      { "call": "list_terminals", "fault": "stale_read" }]))
        .await;
    assert_eq!(dojo.get(path).await["status"], "Available");
    assert_eq!(dojo.get(path).await["status"], "InUse");
    assert_eq!(dojo.get("/terminals").await, json!([]));
    assert_ne!(dojo.get("/terminals").await, json!([]));
}

#[tokio::test]
async fn any_call_means_both_providers() {
    let dojo = Dojo::start().await;
    dojo.simulator.fault(json!([{ "fault": { "status": { "code": 418 } }, "times": 2 }])).await;
    assert_eq!(dojo.try_get("/terminals").await.unwrap().status(), 418);
    assert_eq!(dojo.simulator.try_get("/transactions").await.unwrap().status(), 418);
    assert_eq!(dojo.request(Method::GET, "/terminals").send().await.unwrap().status(), 200);
}
