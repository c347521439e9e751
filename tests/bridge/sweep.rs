//! The sweep: what no reader could find (R14, P29).

use serde_json::json;
use sqlx::Connection;

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

/// P29: an approval that is still not captured after a day is said aloud.
#[tokio::test]
async fn p29_an_approval_that_is_never_captured_is_loud() {
    let mut bridge = Bridge::start().await;
    assert_eq!(bridge.till(1).pay("R-1", 990_115).await.word(), "approved");
    assert_eq!(bridge.till(2).pay("R-2", 990_115).await.word(), "approved");
    bridge.stop().await;
    // As if the first of the two had been sold yesterday.
    let journal = format!("sqlite://{}", bridge.folder.database().display());
    let mut connection = sqlx::SqliteConnection::connect(&journal).await.unwrap();
    let older = "UPDATE operation SET created_at = created_at - 25 * 3600 * 1000 WHERE reference = 'R-1'";
    assert_eq!(sqlx::query(older).execute(&mut connection).await.unwrap().rows_affected(), 1);
    connection.close().await.unwrap();
    bridge.boot().await;
    let alarms = String::from_utf8(bridge.run(&["alarms", "--json"]).await.stdout).unwrap();
    assert_eq!(alarms.matches("not_captured").count(), 1, "{alarms}");
    assert_eq!(bridge.till(1).get("/pay/R-1").await.word(), "approved", "the till keeps its answer");
}
