//! The provider's network at its worst, cell by cell (P9, P12, P13, P18, P28): whatever happens to a call, nothing is sent
//! twice, and the till is told what the provider's books say.

use serde_json::{Value, json};

use crate::support::*;

async fn sale_with(bridge: &Bridge, reference: &str, rule: Value) -> Answer {
    bridge.simulator.faults(json!([rule])).await;
    bridge.till(1).post("/pay", json!({ "reference": reference, "amount": 39900, "wait": 3 })).await
}

/// P12, P13: the create call. Once the provider has it, it is found; where it never arrived, nothing is proven yet.
#[tokio::test]
async fn p13_whatever_happens_to_the_create_call_it_is_sent_once() {
    let at_moments = |fault: Value| MOMENTS.map(|moment| a_create_call_that_fails(fault.clone(), moment));
    in_every_cell(every_fault().into_iter().flat_map(at_moments)).await;
}

async fn a_create_call_that_fails(fault: Value, moment: &'static str) {
    let bridge = Bridge::start().await;
    let rule = json!({ "call": "create_session", "fault": fault, "when": moment });
    let answer = sale_with(&bridge, "R-1", rule).await;
    let taken = bridge.simulator.ledger().await["captured"] == 39900;
    // On a busy machine it is found behind the time that the till waited.
    let answer = if taken { bridge.till(1).result("R-1").await } else { answer };
    let expected = if taken { "approved" } else { "unknown" };
    assert_eq!(answer.word(), expected, "{fault} {moment}: {:?}", answer.body);
    assert_ne!(bridge.simulator.hits().await, json!({}), "{fault} {moment} never struck");
    if !taken {
        assert_eq!(bridge.till(1).begin("R-2", 100).await.word(), "terminal_busy", "{fault} {moment}");
    }
    bridge.books_agree().await;
}

/// P14: an answer that comes after the bridge gave up waiting for it changes nothing, neither for its own sale, which was
/// found by then, nor for what runs on its terminal next.
#[tokio::test]
async fn p14_a_late_answer_belongs_to_no_other_attempt() {
    let bridge = Bridge::start().await;
    bridge.simulator.terminal_mode(1, "manual").await;
    bridge.simulator.faults(json!([{ "call": "create_session", "fault": { "delay": 800 }, "when": "after" }])).await;
    let till = bridge.till(1);
    let asked = tokio::time::Instant::now();
    assert_eq!(till.begin("R-1", 10000).await.word(), "pending");
    bridge.simulator.customer(1, "decline").await;
    assert_eq!(till.result("R-1").await.word(), "declined");
    bridge.simulator.terminal_mode(1, "automatic").await;
    bridge.has_told("R-1").await;
    let again = till.pay("R-1", 10000).await;
    assert_eq!((again.word(), &again.body["attempt"]), ("approved", &json!(2)));
    assert_eq!(till.pay("R-2", 20000).await.body["amount_approved"], 20000);
    tokio::time::sleep_until(asked + std::time::Duration::from_millis(800) + A_WHILE).await;
    assert_eq!(till.get("/pay/R-1").await.body, again.body, "the late answer came, and nothing changed");
    bridge.books_agree().await;
}

/// P28: readings are retried until they work, whatever happens to them.
#[tokio::test]
async fn p28_whatever_happens_to_a_reading_the_result_is_found() {
    in_every_cell(["read_session", "read_transaction"].map(readings_that_fail)).await;
}

async fn readings_that_fail(call: &'static str) {
    let bridge = Bridge::start().await;
    for (number, fault) in every_fault().into_iter().chain([json!("stale_read")]).enumerate() {
        let reference = format!("R-{number}");
        let rule = json!({ "call": call, "fault": fault, "times": 2 });
        let mut answer = sale_with(&bridge, &reference, rule).await;
        if answer.word() == "pending" {
            answer = bridge.till(1).result(&reference).await;
        }
        assert_eq!(answer.word(), "approved", "{call} {fault}: {:?}", answer.body);
    }
    bridge.books_agree().await;
}

/// P17: lies about the money, the currency and the terminal are never accepted, and the truth is when it is told.
#[tokio::test]
async fn p17_a_lie_is_unknown_and_the_truth_is_accepted() {
    in_every_cell(["lying_amount", "lying_currency", "lying_terminal"].map(a_lie)).await;
}

async fn a_lie(lie: &'static str) {
    let bridge = Bridge::start().await;
    let rule = json!({ "call": "read_transaction", "fault": lie, "times": 1000 });
    let answer = sale_with(&bridge, "R-1", rule).await;
    assert_eq!(answer.word(), "unknown", "{lie}: {:?}", answer.body);
    bridge.simulator.faults(json!([])).await;
    assert_eq!(bridge.till(1).result("R-1").await.word(), "approved", "{lie}");
}

/// P9: without a token nothing of the sale leaves, so it is proven unpaid.
#[tokio::test]
async fn p9_without_a_token_nothing_is_sent() {
    let bridge = Bridge::with(Setup { token_life_seconds: 1, ..Setup::default() }).await;
    bridge.simulator.faults(json!([{ "call": "token", "fault": { "status": { "code": 403 } }, "times": 1000 }])).await;
    tokio::time::sleep(std::time::Duration::from_millis(1200)).await;
    let answer = bridge.till(1).pay("R-1", 39900).await;
    assert_eq!((answer.word(), &answer.body["retry"]), ("failed", &json!("new_attempt")), "{:?}", answer.body);
    assert_eq!(bridge.simulator.ledger().await["create_requests"], json!({}));
    bridge.simulator.faults(json!([])).await;
    eventually("the credentials have rested", || async {
        let answer = bridge.till(1).pay("R-1", 39900).await;
        (answer.word() == "approved").then_some(())
    })
    .await;
}

/// P9: credentials that never worked: the bridge runs, takes no payments, and says why.
#[tokio::test]
async fn p9_credentials_that_are_refused_are_told() {
    let mut bridge = Bridge::start().await;
    bridge.kill();
    bridge.simulator.faults(json!([{ "call": "token", "fault": { "status": { "code": 403 } }, "times": 1000 }])).await;
    bridge.spawn();
    eventually("the listener", || async { bridge.client.get(bridge.url("/health")).send().await.ok() }).await;
    assert_eq!(bridge.till(1).pay("R-1", 39900).await.word(), "shutting_down");
    let ready = bridge.client.get(bridge.url("/ready")).send().await.unwrap();
    assert_eq!(ready.status(), 503);
    assert!(ready.text().await.unwrap().contains("dintero"));
    assert_eq!(bridge.simulator.ledger().await["create_requests"], json!({}));
}

/// P9: a token that was revoked is renewed, once, and the sale goes on.
#[tokio::test]
async fn p9_a_token_that_is_refused_is_renewed() {
    let bridge = Bridge::start().await;
    let answer =
        sale_with(&bridge, "R-1", json!({ "call": "create_session", "fault": { "status": { "code": 401 } } })).await;
    assert_eq!(answer.word(), "approved", "{:?}", answer.body);
    assert_eq!(bridge.simulator.ledger().await["captured"], 39900);
}

/// P18: a refusal is told with the provider's words, and the terminal is free again.
#[tokio::test]
async fn p18_a_refused_session_is_failed() {
    let bridge = Bridge::start().await;
    bridge.simulator.terminal_mode(1, "offline").await;
    let answer = bridge.till(1).pay("R-1", 39900).await;
    assert_eq!(answer.word(), "failed");
    assert!(!answer.body["reason"].as_str().unwrap().is_empty());
    bridge.simulator.terminal_mode(1, "automatic").await;
    bridge.has_told("R-1").await;
    assert_eq!(bridge.till(1).pay("R-1", 39900).await.word(), "approved");
    bridge.books_agree().await;
}
