//! The sweep: what no reader could find (R14, P29).

use serde_json::json;

use crate::support::*;

/// R14: what the back office gave back is no longer there to give.
#[tokio::test]
async fn r14_a_refund_made_at_the_provider_lowers_what_is_left() {
    let mut bridge = Bridge::start().await;
    let till = bridge.till(1);
    let sale = till.pay("R-1", 10000).await.body;
    let path = format!("/transactions/{}/refund", sale["transaction_id"].as_str().unwrap());
    let by_back_office = json!({ "amount": 7000, "refund_reference": "back office", "terminal_id": "T0292" });
    bridge.simulator.ask(&path, &by_back_office).await;
    bridge.kill();
    bridge.boot().await;
    assert_eq!(till.get("/pay/R-1").await.body["amount_refunded"], 7000);
    assert_eq!(till.refund("B-1", "R-1", Some(3001)).await.word(), "refund_exceeds");
    assert_eq!(till.refund("B-2", "R-1", None).await.body["amount"], 3000);
}

async fn alarms(bridge: &Bridge) -> String {
    String::from_utf8(bridge.run(&["alarms", "--json"]).await.stdout).unwrap()
}

/// A request that was doubled on its way becomes two payments: that is loud, and the terminal waits for a person.
#[tokio::test]
async fn a_second_payment_of_one_attempt_is_loud_and_freezes_the_terminal() {
    let mut bridge = Bridge::start().await;
    let till = bridge.till(1);
    let sale = till.pay("R-1", 10000).await.body;
    let ledger = bridge.simulator.ledger().await;
    let reference = ledger["transactions"][0]["merchant_reference"].as_str().unwrap().to_owned();
    bridge.simulator.foreign_sale(&reference, "till-1/R-1", 1, 10000).await;
    bridge.kill();
    bridge.boot().await;
    assert!(alarms(&bridge).await.contains("several_payments"));
    let frozen = till.begin("R-2", 100).await;
    assert_eq!((frozen.word(), &frozen.body["retry"]), ("terminal_busy", &json!("operator")), "{:?}", frozen.body);
    let again = till.pay("R-1", 10000).await.body;
    assert_eq!((&again["status"], &again["transaction_id"]), (&json!("approved"), &sale["transaction_id"]));

    // The till's copy of the second payment's number does not refund the first.
    let transactions = bridge.simulator.ledger().await["transactions"].as_array().unwrap().clone();
    let second = transactions.iter().find(|one| one["id"] != sale["transaction_id"]).unwrap();
    let body = json!({ "reference": "B-1", "transaction_id": second["id"], "terminal": "terminal-2" });
    assert_ne!(bridge.till(1).post("/refund", body).await.status, 200);
    assert_eq!(bridge.simulator.ledger().await["refunded"], 0);
}

/// Another bridge of the same shop: its payments are its own.
#[tokio::test]
async fn a_payment_on_a_terminal_that_is_not_ours_is_left_alone() {
    let mut bridge = Bridge::start().await;
    bridge.simulator.foreign_sale("PB-01JD8X4S7R9M2E6K3T5V7W9Y1Z", "till-1/R-1", 3, 10000).await;
    bridge.kill();
    bridge.boot().await;
    assert_eq!(bridge.till(1).get("/pay/R-1").await.status, 404);
    assert!(!alarms(&bridge).await.contains("orphan"));
}

/// A first attempt that was voided is no alarm about the second one, which was paid.
#[tokio::test]
async fn a_voided_first_attempt_says_nothing_about_the_second() {
    let mut bridge = Bridge::start().await;
    bridge.simulator.terminal_mode(1, "manual").await;
    let till = bridge.till(1);
    till.begin("R-1", 39900).await;
    bridge.simulator.customer(1, "insert").await;
    assert_eq!(till.cancel("R-1").await.word(), "cancelled");
    bridge.simulator.terminal_mode(1, "automatic").await;
    bridge.has_told("R-1").await;
    assert_eq!(till.pay("R-1", 39900).await.body["attempt"], 2);
    bridge.kill();
    bridge.boot().await;
    assert_eq!(alarms(&bridge).await, "{\"alarms\":[]}\n");
    bridge.books_agree().await;
}

/// P29: an approval that is still not captured after a day is said aloud.
#[tokio::test]
async fn p29_an_approval_that_is_never_captured_is_loud() {
    let mut bridge = Bridge::start().await;
    assert_eq!(bridge.till(1).pay("R-1", 990_115).await.word(), "approved");
    bridge.stop().await;
    bridge.simulator.clock_ahead(25 * 3600).await;
    bridge.boot().await;
    assert_eq!(bridge.till(2).pay("R-2", 990_115).await.word(), "approved");
    bridge.stop().await;
    bridge.boot().await;
    let alarms = String::from_utf8(bridge.run(&["alarms", "--json"]).await.stdout).unwrap();
    assert_eq!(alarms.matches("not_captured").count(), 1, "{alarms}");
    assert_eq!(bridge.till(1).get("/pay/R-1").await.word(), "approved", "the till keeps its answer");
}
