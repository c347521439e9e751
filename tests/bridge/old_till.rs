//! A till that closes its side of the connection behind its request looks like one that hung up, and is not.

use super::support::{A_WHILE, Bridge, eventually};

#[tokio::test]
async fn a_till_that_closes_its_side_gets_its_result_and_counts_as_told() {
    let bridge = Bridge::start().await;
    let till = bridge.till(1);
    let answer = till.pay_half_closed("R-1", 990_100).await;
    assert!(answer.starts_with("HTTP/1.0 200 OK\r\n") && answer.contains(r#""status":"declined""#), "{answer}");
    // It knows of the decline, so the same reference is a new attempt.
    bridge.simulator.terminal_mode(1, "manual").await;
    eventually("the note that the till was told", || async {
        let again = till.begin("R-1", 990_100).await;
        (again.body["attempt"] == 2).then_some(())
    })
    .await;
    bridge.books_agree().await;
}

#[tokio::test]
async fn a_till_that_closes_both_sides_does_not_count_as_told() {
    let bridge = Bridge::start().await;
    bridge.simulator.terminal_mode(1, "manual").await;
    let till = bridge.till(1);
    till.pay_and_hang_up("R-1", 39900).await;
    bridge.simulator.customer(1, "decline").await;
    eventually("the decline", || async {
        let all = till.get("/operations").await.body;
        (all["operations"][0]["status"] == "declined").then_some(())
    })
    .await;
    // Longer than the answer that nobody took is in doubt.
    tokio::time::sleep(2 * A_WHILE).await;
    let again = till.pay("R-1", 39900).await;
    assert_eq!((again.word(), &again.body["replayed"]), ("declined", &true.into()));
}
