//! Receipt numbers that start over.

use serde_json::json;

use super::with_profile;

/// And a minute, since two readings of the provider's clock may differ by a second.
const DAY_SECONDS: i64 = 24 * 3600 + 60;

/// New year: the till begins again at number 1.
#[tokio::test]
async fn a_number_that_starts_over_is_a_new_sale_over_an_old_one() {
    let mut bridge = with_profile("reference_reuse_days = 30").await;
    let till = bridge.till(1);
    let old = till.pay("1", 39900).await;
    bridge.time_passes(29 * DAY_SECONDS).await;
    assert_eq!(till.pay("1", 39900).await.body["replayed"], true);
    assert_eq!(till.pay("1", 4900).await.word(), "reference_conflict");

    bridge.time_passes(DAY_SECONDS).await;
    let new = till.pay("1", 4900).await;
    assert_eq!((new.word(), &new.body["amount"], &new.body["attempt"]), ("approved", &json!(4900), &json!(1)));
    assert_ne!(new.body["operation_id"], old.body["operation_id"]);
    // From now on the number means the new one.
    assert_eq!(till.get("/pay/1").await.body["operation_id"], new.body["operation_id"]);
    assert_eq!(till.pay("1", 39900).await.word(), "reference_conflict");
    assert_eq!(till.cancel("1").await.body["operation_id"], new.body["operation_id"]);
    let booked = till.post("/pay/1/ack", json!({})).await;
    assert_eq!(booked.body["operation_id"], new.body["operation_id"]);
    let refund = till.refund("F-1", "1", None).await;
    assert_eq!((refund.word(), &refund.body["amount"]), ("approved", &json!(4900)));
    // The old one is found by the bridge's own number.
    let by_number = json!({ "reference": "F-2", "operation_id": old.body["operation_id"] });
    assert_eq!(till.post("/refund", by_number).await.body["amount"], 39900);
    bridge.books_agree().await;
}

/// Goods of last year come back while the new sale of that number was declined: the refund means what was paid.
#[tokio::test]
async fn a_refund_by_a_number_means_the_newest_sale_that_was_paid() {
    let mut bridge = with_profile("reference_reuse_days = 1").await;
    let till = bridge.till(1);
    assert_eq!(till.pay("1", 39900).await.word(), "approved");
    bridge.time_passes(DAY_SECONDS).await;
    assert_eq!(till.pay("1", 990_100).await.word(), "declined");
    let refund = till.refund("F-1", "1", None).await;
    assert_eq!((refund.word(), &refund.body["amount"]), ("approved", &json!(39900)));
    bridge.books_agree().await;
}

/// Whatever the number's age: the customer may still be at the terminal.
#[tokio::test]
async fn a_number_over_an_open_sale_joins_it_however_old_it_is() {
    let mut bridge = with_profile("reference_reuse_days = 1").await;
    bridge.simulator.terminal_mode(1, "manual").await;
    let till = bridge.till(1);
    let open = till.begin("1", 39900).await;
    bridge.only_the_shops_clock_passes(2 * DAY_SECONDS).await;
    let joined = till.begin("1", 39900).await;
    assert_eq!((joined.status, &joined.body["operation_id"]), (202, &open.body["operation_id"]));
    assert_eq!(till.begin("1", 4900).await.word(), "reference_conflict");
    bridge.simulator.customer(1, "approve").await;
    assert_eq!(till.result("1").await.word(), "approved");
    bridge.books_agree().await;
}
