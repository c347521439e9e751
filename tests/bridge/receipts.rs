//! Receipts of real results: the terminal's own, and ours where it made none.

use reqwest::Client;
use serde_json::Value;

use crate::support::*;

/// What a till prints: the HTTP status and the lines.
async fn print(bridge: &Bridge, till: usize, path: &str) -> (u16, String) {
    let till = bridge.till(till);
    let client: &Client = &till.client;
    let answer = client.get(bridge.url(path)).bearer_auth(&till.key).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

fn lines(text: &Value) -> Vec<String> {
    text.as_str().unwrap_or_else(|| panic!("no receipt: {text}")).split('\n').map(str::to_owned).collect()
}

#[tokio::test]
async fn the_reply_holds_both_receipts_of_the_terminal_marked_as_simulated() {
    let bridge = Bridge::start().await;
    let reply = bridge.till(1).pay("R-1", 39_900).await.body;
    for (recipient, own) in [("customer", "CUSTOMER COPY"), ("merchant", "MERCHANT COPY")] {
        let printed = lines(&reply["receipt"][recipient]);
        assert_eq!(printed[0].trim(), "*** SIMULATED ***");
        assert_eq!(printed[1].trim(), "No money was moved");
        assert!(
            printed.contains(&own.to_owned()) && printed.contains(&"PURCHASE NOK 399.00".to_owned()),
            "{printed:?}"
        );
        assert!(printed.iter().all(|line| line.chars().count() <= 40), "{printed:?}");
    }
}

#[tokio::test]
async fn what_was_declined_stopped_or_never_started_has_a_receipt_of_ours() {
    let bridge = Bridge::start().await;
    let table = [
        (990_100, "9901.00 NOK", "DECLINED"),
        (990_103, "9901.03 NOK", "CANCELLED"),
        (990_108, "9901.08 NOK", "NOT STARTED"),
    ];
    for (amount, shown, outcome) in table {
        let reply = bridge.till(1).pay(&format!("R-{amount}"), amount).await.body;
        let printed = lines(&reply["receipt"]["customer"]);
        assert_eq!(printed.last().map(|line| line.trim()), Some(outcome));
        assert!(printed.contains(&format!("SALE{shown:>36}")), "{printed:?}");
    }
}

#[tokio::test]
async fn the_first_receipt_is_the_original_and_every_later_one_a_copy() {
    let bridge = Bridge::start().await;
    assert_eq!(bridge.till(1).begin("R-1", 39_900).await.word(), "pending");
    let (status, original) = print(&bridge, 1, "/pay/R-1/receipt?wait=20").await;
    assert!(status == 200 && original.contains("CUSTOMER COPY\r\n"), "{original}");
    assert!(!original.contains("*** COPY ***"), "{original}");
    let copy = eventually("the copy", || async {
        let (_, text) = print(&bridge, 1, "/pay/R-1/receipt?copy=merchant").await;
        text.contains("*** COPY ***").then_some(text)
    })
    .await;
    assert!(copy.contains("MERCHANT COPY\r\n"), "{copy}");
}

#[tokio::test]
async fn a_refund_has_a_receipt_of_its_own_that_says_so() {
    let bridge = Bridge::start().await;
    let till = bridge.till(1);
    till.pay("R-1", 39_900).await;
    let refund = till.refund("B-1", "R-1", Some(10_000)).await;
    assert_eq!(refund.word(), "approved", "{refund:?}");
    assert!(lines(&refund.body["receipt"]["customer"]).contains(&"             *** REFUND ***".to_owned()));
    let (status, printed) = print(&bridge, 1, "/refund/B-1/receipt").await;
    assert!(status == 200 && printed.contains("*** REFUND ***\r\n") && printed.contains("100.00"), "{printed}");
}

#[tokio::test]
async fn a_printed_decline_is_a_result_that_the_till_knows() {
    let bridge = Bridge::start().await;
    let till = bridge.till(1);
    till.begin("R-1", 990_100).await;
    let (status, printed) = print(&bridge, 1, "/pay/R-1/receipt?wait=20").await;
    assert!(status == 200 && printed.contains("DECLINED"), "{printed}");
    let again = eventually("the next attempt", || async {
        let again = till.pay("R-1", 990_100).await;
        (again.body["attempt"] == 2).then_some(again)
    })
    .await;
    assert_eq!(again.word(), "declined");
}

#[tokio::test]
async fn a_till_prints_only_what_is_its_own() {
    let bridge = Bridge::start().await;
    bridge.till(1).pay("R-1", 39_900).await;
    for (till, path) in [(2, "/pay/R-1/receipt"), (1, "/pay/R-2/receipt"), (1, "/refund/R-1/receipt")] {
        let (status, text) = print(&bridge, till, path).await;
        assert_eq!(status, 404, "{path}: {text}");
    }
}
