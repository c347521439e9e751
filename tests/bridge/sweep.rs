//! The sweep: what no reader could find (R14, P29).

use serde_json::json;

use crate::support::*;

/// R14: what the back office gave back is no longer there to give.
#[tokio::test]
async fn r14_a_refund_made_at_the_provider_lowers_what_is_left() {
    let mut bridge = Bridge::start().await;
    let till = bridge.till(1);
    let sale = till.pay("R-1", 10000).await.body;
    let transaction = sale["transaction_id"].as_str().unwrap();
    let base = bridge.simulator.base_url();
    let token = bridge
        .client
        .post(format!("{base}/accounts/T12345678/auth/token"))
        .basic_auth("simulated-client", Some("simulated-secret"))
        .json(
            &json!({ "grant_type": "client_credentials", "audience": "https://api.dintero.com/v1/accounts/T12345678" }),
        )
        .send()
        .await
        .unwrap()
        .json::<serde_json::Value>()
        .await
        .unwrap();
    let refund = bridge
        .client
        .post(format!("{base}/transactions/{transaction}/refund"))
        .bearer_auth(token["access_token"].as_str().unwrap())
        .json(&json!({ "amount": 7000, "refund_reference": "back office", "terminal_id": "T0292" }))
        .send()
        .await
        .unwrap();
    assert!(refund.status().is_success(), "{}", refund.text().await.unwrap());
    bridge.kill();
    bridge.boot().await;
    assert_eq!(till.get("/pay/R-1").await.body["amount_refunded"], 7000);
    assert_eq!(till.refund("B-1", "R-1", Some(3001)).await.word(), "refund_exceeds");
    assert_eq!(till.refund("B-2", "R-1", None).await.body["amount"], 3000);
}

/// A payment that was voided by its cancel is no approval taken back, though the sale was approved when tried again.
#[tokio::test]
async fn a_voided_first_attempt_does_not_discredit_the_second_one() {
    let mut bridge = Bridge::with(Setup { speed: 20, ..Setup::default() }).await;
    bridge.till(1).begin("R-1", 990_105).await;
    eventually("the card", || async { bridge.simulator.ledger().await["transactions"].get(0).is_some().then_some(()) })
        .await;
    assert_eq!(bridge.till(1).cancel("R-1").await.word(), "cancelled");
    assert_eq!(bridge.till(1).pay("R-1", 990_105).await.word(), "approved");
    bridge.kill();
    bridge.boot().await;
    let alarms = String::from_utf8(bridge.run(&["alarms", "--json"]).await.stdout).unwrap();
    assert!(!alarms.contains("corrected"), "{alarms}");
    bridge.books_agree().await;
}
