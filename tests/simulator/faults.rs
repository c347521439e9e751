//! Each fault, once.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Simulator, sale};

async fn captured(simulator: &Simulator) -> Value {
    simulator.look("/ledger").await["captured"].clone()
}

#[tokio::test]
async fn a_lost_request_does_no_work_and_a_lost_reply_does() {
    let simulator = Simulator::start().await;
    for (fault, money) in [("lose_request", 0), ("lose_reply", 100)] {
        simulator.fault(json!([{ "call": "create_session", "fault": fault }])).await;
        assert!(simulator.try_post("/sessions-profile", &sale(100)).await.is_err());
        assert_eq!(captured(&simulator).await, money);
    }
    let ledger = simulator.look("/ledger").await;
    assert_eq!(ledger["create_requests"]["order-1"], 2);
    let report = simulator.look("/faults").await;
    assert_eq!(report["hits"], json!({ "lose_request": 1, "lose_reply": 1 }));
    assert_eq!(report["rules"][0]["hits"], 1);
}

#[tokio::test]
async fn a_reset_is_a_reset() {
    let simulator = Simulator::start().await;
    for (when, money) in [("before", 0), ("after", 100)] {
        simulator.fault(json!([{ "call": "create_session", "fault": "reset", "when": when }])).await;
        let error = simulator.try_post("/sessions-profile", &sale(100)).await.unwrap_err();
        assert!(format!("{error:?}").contains("ConnectionReset"), "{error:?}");
        assert_eq!(captured(&simulator).await, money);
    }
}

#[tokio::test]
async fn half_an_answer_promises_more_than_it_gives() {
    let simulator = Simulator::start().await;
    simulator.fault(json!([{ "call": "create_session", "fault": "half_answer" }])).await;
    let answer = simulator.post("/sessions-profile", &sale(100)).await;
    assert_eq!(answer.status(), 200);
    assert!(answer.bytes().await.is_err());
    assert_eq!(captured(&simulator).await, 100);
}

#[tokio::test]
async fn a_delay_waits() {
    let simulator = Simulator::start().await;
    simulator.fault(json!([{ "call": "list_transactions", "fault": { "delay": 60 } }])).await;
    let start = Instant::now();
    simulator.get("/transactions").await;
    assert!(start.elapsed() >= Duration::from_millis(60));
}

/// It is refused, so that it asked for nothing: the same goes out again with a new token.
#[tokio::test]
async fn a_request_whose_token_expires_on_its_way_is_not_counted() {
    let simulator = Simulator::start().await;
    simulator.fault(json!([{ "call": "create_session", "fault": { "delay": 300 } }])).await;
    let sale = sale(100);
    let (answer, ()) = tokio::join!(simulator.post("/sessions-profile", &sale), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        simulator.control(Method::PUT, "/clock", json!({ "offset_seconds": 400 * 24 * 3600 })).await;
    });
    assert_eq!(answer.status(), 401);
    assert_eq!(simulator.look("/ledger").await["create_requests"], json!({}));
}

#[tokio::test]
async fn a_status_may_come_before_or_after_the_work() {
    let simulator = Simulator::start().await;
    for (when, code, money) in [("before", 429, 0), ("after", 503, 100)] {
        let fault = json!({ "status": { "code": code, "retry_after": 7 } });
        simulator.fault(json!([{ "call": "create_session", "fault": fault, "when": when }])).await;
        let answer = simulator.post("/sessions-profile", &sale(100)).await;
        assert_eq!(answer.status(), code);
        assert_eq!(answer.headers()["retry-after"], "7");
        assert!(answer.json::<Value>().await.unwrap()["error"]["message"].is_string());
        assert_eq!(captured(&simulator).await, money);
    }
}

#[tokio::test]
async fn a_token_that_is_refused_asks_for_nothing() {
    let simulator = Simulator::start().await;
    simulator.fault(json!([{ "call": "create_session", "fault": { "status": { "code": 401 } } }])).await;
    assert_eq!(simulator.post("/sessions-profile", &sale(100)).await.status(), 401);
    assert_eq!(simulator.look("/ledger").await["create_requests"], json!({}));
    assert_eq!(simulator.post("/sessions-profile", &sale(100)).await.status(), 200);
    assert_eq!(simulator.look("/ledger").await["create_requests"], json!({ "order-1": 1 }));
}

#[tokio::test]
async fn a_redirect_goes_elsewhere_or_to_itself() {
    let simulator = Simulator::start().await;
    for (location, expected) in
        [(json!({}), "/v1/transactions"), (json!({ "location": "http://127.0.0.1:9/x" }), "http://127.0.0.1:9/x")]
    {
        simulator.fault(json!([{ "call": "list_transactions", "fault": { "redirect": location } }])).await;
        let answer = simulator.try_get("/transactions").await.unwrap();
        assert_eq!(answer.status(), 307);
        assert_eq!(answer.headers()["location"], expected);
    }
}

#[tokio::test]
async fn answers_can_be_garbage_or_wrong_or_endless() {
    let simulator = Simulator::start().await;
    simulator.fault(json!([{ "fault": "garbage" }])).await;
    let answer = simulator.try_get("/transactions").await.unwrap();
    assert!(answer.json::<Value>().await.is_err());
    simulator.fault(json!([{ "fault": "wrong_type" }])).await;
    assert_eq!(simulator.get("/transactions").await["id"], 42);
    simulator.fault(json!([{ "fault": "endless" }])).await;
    let mut answer = simulator.try_get("/transactions").await.unwrap();
    let mut read = 0;
    while read < 1 << 20 {
        read += answer.chunk().await.unwrap().unwrap().len();
    }
}

#[tokio::test]
async fn a_stale_read_shows_the_past() {
    let simulator = Simulator::start().await;
    let id = simulator.create(&sale(100)).await;
    let path = format!("/sessions/{id}");
    simulator
        .fault(json!([{ "call": "read_session", "fault": "stale_read" },
                      { "call": "list_transactions", "fault": "stale_read" }]))
        .await;
    assert_eq!(simulator.get(&path).await.get("transaction_id"), None);
    assert!(simulator.get(&path).await["transaction_id"].is_string());
    assert_eq!(simulator.get("/transactions").await, json!([]));
    assert_eq!(simulator.get("/transactions").await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_record_can_lie() {
    let simulator = Simulator::start().await;
    let id = simulator.sell(100).await["id"].as_str().unwrap().to_owned();
    for (fault, pointer, lie) in [
        ("lying_amount", "/amount", json!(200)),
        ("lying_currency", "/currency", json!("XTS")),
        ("lying_terminal", "/store/terminal_id", json!("T9999")),
        ("strange_word", "/status", json!("SOMETHING_NEW")),
    ] {
        simulator.fault(json!([{ "call": "read_transaction", "fault": fault }])).await;
        let transaction = simulator.get(&format!("/transactions/{id}")).await;
        assert_eq!(transaction.pointer(pointer), Some(&lie));
    }
}

#[tokio::test]
async fn a_deep_answer_is_deeper_than_a_reader_should_follow() {
    let simulator = Simulator::start().await;
    simulator.fault(json!([{ "call": "list_transactions", "fault": "deep" }])).await;
    let answer = simulator.try_get("/transactions").await.unwrap();
    assert_eq!(answer.status(), 200);
    let text = answer.text().await.unwrap();
    assert!(text.starts_with(&"[".repeat(10_000)) && text.ends_with(&"]".repeat(10_000)), "{}", text.len());
}

#[tokio::test]
async fn rules_that_cannot_strike_are_refused_and_all_can_be_taken_back() {
    let simulator = Simulator::start().await;
    for rules in [
        json!([{ "call": "refund", "fault": "forged" }]),
        json!([{ "call": "callback", "fault": "reset" }]),
        json!([{ "fault": "reset", "unknown": 1 }]),
    ] {
        let answer = simulator.control(Method::PUT, "/faults", rules).await;
        assert!(answer.status().is_client_error());
    }
    simulator.fault(json!([{ "fault": "reset", "times": 9 }])).await;
    simulator.control(Method::DELETE, "/faults", json!({})).await;
    simulator.get("/transactions").await;
}
