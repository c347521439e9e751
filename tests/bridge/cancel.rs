//! Cancel: a wish (C1 to C8).

use serde_json::json;

use crate::support::*;

/// C1: what was not sent yet is stopped without asking anybody.
#[tokio::test]
async fn c1_a_sale_that_was_not_sent_yet_is_not_sent() {
    let bridge = Bridge::with(Setup { token_life_seconds: 1, ..Setup::default() }).await;
    bridge.simulator.faults(json!([{ "call": "token", "fault": { "status": { "code": 503 } }, "times": 1000 }])).await;
    tokio::time::sleep(std::time::Duration::from_millis(1200)).await;
    let till = bridge.till(1);
    let waiting = tokio::spawn({
        let till = till.clone();
        async move { till.pay("R-1", 39900).await }
    });
    eventually("the sale", || async { (till.get("/pay/R-1").await.status != 404).then_some(()) }).await;
    assert_eq!(till.get("/pay/R-1").await.word(), "pending", "the bridge tries while the till waits");
    let cancelled = till.cancel("R-1").await;
    assert_eq!((cancelled.word(), &cancelled.body["retry"]), ("failed", &json!("new_attempt")), "{:?}", cancelled.body);
    assert_eq!(waiting.await.unwrap().word(), "failed");
    bridge.simulator.faults(json!([])).await;
    assert_eq!(bridge.simulator.ledger().await["create_requests"], json!({}));
    assert_eq!(till.pay("R-2", 100).await.word(), "approved", "the terminal is free");
    bridge.books_agree().await;
}

/// C3, C8: the proof frees the terminal.
#[tokio::test]
async fn c3_a_cancelled_sale_is_proven_by_reading() {
    let bridge = Bridge::start().await;
    bridge.simulator.terminal_mode(1, "manual").await;
    let till = bridge.till(1);
    till.begin("R-1", 39900).await;
    let cancelled = till.cancel("R-1").await;
    assert_eq!((cancelled.status, cancelled.word()), (200, "cancelled"), "{:?}", cancelled.body);
    bridge.simulator.terminal_mode(1, "automatic").await;
    assert_eq!(till.pay("R-2", 100).await.word(), "approved");
    bridge.books_agree().await;
}

/// C3: the wish is sent again until it arrives.
#[tokio::test]
async fn c3_a_wish_that_gets_lost_is_sent_again() {
    for fault in [json!("lose_request"), json!("lose_reply"), json!({ "status": { "code": 503 } }), json!("reset")] {
        let bridge = Bridge::start().await;
        bridge.simulator.terminal_mode(1, "manual").await;
        bridge.simulator.faults(json!([{ "call": "cancel_session", "fault": fault, "times": 2 }])).await;
        let till = bridge.till(1);
        till.begin("R-1", 39900).await;
        till.cancel("R-1").await;
        assert_eq!(till.result("R-1").await.word(), "cancelled", "{fault}");
    }
}

/// C4, P26: a card that wins the race is an approved sale.
#[tokio::test]
async fn c4_an_approval_wins_over_a_cancel() {
    let bridge = Bridge::with(Setup { speed: 20, ..Setup::default() }).await;
    let till = bridge.till(1);
    till.begin("R-1", 990_107).await;
    till.cancel("R-1").await;
    let answer = till.result("R-1").await;
    assert_eq!((answer.word(), &answer.body["amount_approved"]), ("approved", &json!(990_107)), "{:?}", answer.body);
    bridge.books_agree().await;
}

/// C5: what was read as cancelled, and is captured after all, is found without a restart, late and loud.
#[tokio::test]
async fn c5_a_capture_after_a_proven_cancel_is_late_and_loud() {
    let bridge = Bridge::with(Setup { speed: 10, ..Setup::default() }).await;
    let till = bridge.till(1);
    till.begin("R-1", 990_106).await;
    assert_eq!(till.cancel("R-1").await.word(), "cancelled", "the provider's record says so");
    let late = eventually("the late approval", || async {
        let answer = till.get("/pay/R-1").await;
        (answer.word() == "approved").then_some(answer)
    })
    .await;
    assert_eq!((&late.body["late"], &late.body["retry"]), (&json!(true), &json!("never")));
    let alarms = String::from_utf8(bridge.run(&["alarms", "--json"]).await.stdout).unwrap();
    assert!(alarms.contains("late_approval"), "{alarms}");
    bridge.books_agree().await;
}

/// C2: a wish that comes before the session is known is kept, and sent when it is.
#[tokio::test]
async fn c2_a_wish_before_the_session_is_known_is_kept() {
    let bridge = Bridge::start().await;
    bridge.simulator.terminal_mode(1, "manual").await;
    bridge.simulator.faults(json!([{ "call": "create_session", "fault": "lose_reply" }])).await;
    let till = bridge.till(1);
    till.begin("R-1", 39900).await;
    till.cancel("R-1").await;
    assert_eq!(till.result("R-1").await.word(), "cancelled");
    bridge.books_agree().await;
}

/// C6.
#[tokio::test]
async fn c6_cancelling_what_is_over_changes_nothing() {
    let bridge = Bridge::start().await;
    let till = bridge.till(1);
    assert_eq!(till.pay("R-1", 39900).await.word(), "approved");
    for _ in 0..2 {
        assert_eq!(till.cancel("R-1").await.word(), "approved");
    }
    let asked = bridge.simulator.requests().await;
    assert!(!asked.iter().any(|request| request["path"].as_str().unwrap().ends_with("/cancel")));
    assert_eq!(till.cancel("R-none").await.status, 404);
}

/// C7: after a cancel the same reference tries again, as after a decline.
#[tokio::test]
async fn c7_a_cancelled_reference_may_be_paid_again() {
    let bridge = Bridge::start().await;
    bridge.simulator.terminal_mode(1, "manual").await;
    let till = bridge.till(1);
    till.begin("R-1", 39900).await;
    assert_eq!(till.cancel("R-1").await.word(), "cancelled");
    bridge.simulator.terminal_mode(1, "automatic").await;
    bridge.has_told("R-1").await;
    let again = till.pay("R-1", 39900).await;
    assert_eq!((again.word(), &again.body["attempt"]), ("approved", &json!(2)));
    bridge.books_agree().await;
}
