//! What a till asks that starts nothing, and what it may not see.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::*;

#[tokio::test]
async fn a_till_finds_its_operations_again() {
    let bridge = Bridge::start().await;
    let till = bridge.till(1);
    assert_eq!(till.get("/last").await.status, 404);
    till.pay("R-1", 100).await;
    till.pay("R-2", 990_100).await;
    till.pay("R-3", 300).await;
    assert_eq!(till.get("/last").await.body["reference"], "R-3");

    let references = |answer: Answer| -> Vec<String> {
        let operations = answer.body["operations"].as_array().unwrap().clone();
        operations.iter().map(|operation| operation["reference"].as_str().unwrap().to_owned()).collect()
    };
    for (query, expected) in [
        ("", vec!["R-3", "R-2", "R-1"]),
        ("?status=approved", vec!["R-3", "R-1"]),
        ("?status=declined", vec!["R-2"]),
        ("?open=true", vec![]),
        ("?amount=300", vec!["R-3"]),
        ("?limit=1", vec!["R-3"]),
        ("?acknowledged=true", vec![]),
        ("?since=2001-01-01T00:00:00Z", vec!["R-3", "R-2", "R-1"]),
        ("?until=2001-01-01T00:00:00Z", vec![]),
    ] {
        assert_eq!(references(till.get(&format!("/operations{query}")).await), expected, "{query}");
    }
    let last = till.get("/operations?limit=1").await.body["operations"][0]["operation_id"].as_str().unwrap().to_owned();
    assert_eq!(references(till.get(&format!("/operations?limit=1&after={last}")).await), ["R-2"]);
    assert_eq!(till.get("/operations?status=paid").await.status, 400);
    assert_eq!(till.get("/operations?colour=red").await.status, 400);
}

#[tokio::test]
async fn the_till_books_a_result() {
    let bridge = Bridge::start().await;
    let till = bridge.till(1);
    till.pay("R-1", 100).await;
    assert_eq!(till.get("/pay/R-1").await.body["acknowledged"], false);
    for _ in 0..2 {
        let answer = till.call(Method::POST, "/pay/R-1/ack", None).await;
        assert_eq!((answer.status, &answer.body["acknowledged"]), (200, &json!(true)));
    }
    assert_eq!(till.get("/operations?acknowledged=true").await.body["operations"][0]["reference"], "R-1");
}

/// R11 and the rule that a till sees its own operations only.
#[tokio::test]
async fn a_till_sees_nothing_of_another() {
    let bridge = Bridge::start().await;
    bridge.till(1).pay("R-1", 100).await;
    let other = bridge.till(2);
    for path in ["/pay/R-1", "/last", "/refund/R-1"] {
        assert_eq!(other.get(path).await.status, 404, "{path}");
    }
    for path in ["/pay/R-1/cancel", "/pay/R-1/ack"] {
        assert_eq!(other.call(Method::POST, path, None).await.status, 404, "{path}");
    }
    assert_eq!(other.get("/operations").await.body["operations"], json!([]));
}

#[tokio::test]
async fn a_till_sees_its_terminals_and_who_holds_them() {
    let bridge = Bridge::start().await;
    bridge.simulator.terminal_mode(1, "manual").await;
    bridge.till(1).begin("R-1", 100).await;
    let answer = bridge.till(1).get("/terminals").await;
    let terminals = answer.body["terminals"].as_array().unwrap().clone();
    let named = |name: &str| -> Value { terminals.iter().find(|one| one["name"] == name).unwrap().clone() };
    assert!(named("terminal-1").to_string().contains("R-1"), "{terminals:?}");
    assert!(!named("terminal-2").to_string().contains("R-1"));
    assert!(terminals.iter().all(|one| one.to_string().contains("ACTIVE")), "{terminals:?}");
}

/// Health needs no key, and metrics count what happened.
#[tokio::test]
async fn the_bridge_tells_how_it_is() {
    let bridge = Bridge::start().await;
    bridge.till(1).pay("R-1", 100).await;
    for path in ["/health", "/ready", "/metrics"] {
        assert_eq!(bridge.client.get(bridge.url(path)).send().await.unwrap().status(), 200, "{path}");
    }
    for name in [
        "pos_bridge_http_requests_total",
        "pos_bridge_outcomes_total",
        "pos_bridge_provider_calls_total",
        "pos_bridge_open_attempts",
        "pos_bridge_waiting_tills",
        "pos_bridge_journal_commits_total",
    ] {
        assert!(!bridge.metric(name).await.is_empty(), "{name}");
    }
    assert!(bridge.metric("pos_bridge_outcomes_total").await.contains("approved"));
}
