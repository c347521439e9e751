//! The same reference again: the contract's table, on the wire.

use serde_json::json;

use crate::support::*;

/// P2: fifty copies at once are one sale, and everybody gets its result.
#[tokio::test]
async fn p2_fifty_copies_of_a_sale_are_one_sale() {
    let bridge = Bridge::start().await;
    let copies: Vec<_> = (0..50)
        .map(|_| {
            let till = bridge.till(1);
            tokio::spawn(async move { till.pay("R-1", 39900).await })
        })
        .collect();
    for copy in copies {
        let answer = copy.await.unwrap();
        assert_eq!((answer.status, answer.word()), (200, "approved"));
    }
    assert_eq!(bridge.operations().await.len(), 1);
    bridge.books_agree().await;
}

/// P3, P32: an approved sale is replayed for ever, also after a restart.
#[tokio::test]
async fn p3_an_approved_sale_is_replayed() {
    let mut bridge = Bridge::start().await;
    let first = bridge.till(1).pay("R-1", 39900).await.body;
    for _ in 0..2 {
        let mut again = bridge.till(1).pay("R-1", 39900).await.body;
        assert_eq!(again["replayed"], true);
        again["replayed"] = json!(false);
        assert_eq!(again, first);
        bridge.kill();
        bridge.boot().await;
    }
    bridge.books_agree().await;
}

/// P4.
#[tokio::test]
async fn p4_the_same_reference_for_something_else_is_a_conflict() {
    let bridge = Bridge::start().await;
    let till = bridge.till(1);
    assert_eq!(till.pay("R-1", 39900).await.word(), "approved");
    for body in [
        json!({ "reference": "R-1", "amount": 39901 }),
        json!({ "reference": "R-1", "amount": 39900, "currency": "SEK" }),
    ] {
        let answer = till.post("/pay", body).await;
        assert_eq!((answer.status, answer.word()), (409, "reference_conflict"));
        assert!(answer.body["operation_id"].is_string());
    }
    bridge.books_agree().await;
}

/// The same number from another till, or for a refund, is another operation.
#[tokio::test]
async fn a_reference_is_the_tills_own_and_of_one_kind() {
    let bridge = Bridge::start().await;
    assert_eq!(bridge.till(1).pay("1", 100).await.word(), "approved");
    assert_eq!(bridge.till(2).pay("1", 200).await.word(), "approved");
    assert_eq!(bridge.till(1).refund("1", "1", None).await.word(), "approved");
    bridge.books_agree().await;
}

/// C7, P36: a till that knows of the decline tries again under the same reference.
#[tokio::test]
async fn p36_after_a_decline_that_the_till_has_seen_the_same_reference_tries_again() {
    let bridge = Bridge::start().await;
    bridge.simulator.terminal_mode(1, "manual").await;
    let till = bridge.till(1);
    let first = tokio::spawn({
        let till = till.clone();
        async move { till.pay("R-1", 39900).await }
    });
    bridge.simulator.customer(1, "decline").await;
    let declined = first.await.unwrap();
    assert_eq!((declined.word(), &declined.body["retry"]), ("declined", &json!("new_attempt")));

    bridge.simulator.terminal_mode(1, "automatic").await;
    // That the till was told is noted right behind the answer.
    let second = eventually("the second attempt", || async {
        let answer = till.pay("R-1", 39900).await;
        (answer.body["attempt"] == 2).then_some(answer)
    })
    .await;
    assert_eq!((second.word(), &second.body["attempt"]), ("approved", &json!(2)));
    assert_eq!(second.body["operation_id"], declined.body["operation_id"]);
    assert_eq!(second.body["replayed"], false);
    bridge.books_agree().await;
}

/// A decline that never reached the till is given once more before anything new is tried.
#[tokio::test]
async fn a_decline_that_the_till_has_not_seen_is_replayed_first() {
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
    let told = till.pay("R-1", 39900).await;
    assert_eq!((told.word(), &told.body["replayed"], &told.body["attempt"]), ("declined", &json!(true), &json!(1)));
    bridge.simulator.terminal_mode(1, "automatic").await;
    bridge.has_told("R-1").await;
    let again = till.pay("R-1", 39900).await;
    assert_eq!((again.word(), &again.body["attempt"]), ("approved", &json!(2)));
    bridge.books_agree().await;
}

#[tokio::test]
async fn a_till_that_wants_replays_never_starts_a_second_attempt() {
    let bridge = Bridge::with(Setup { on_repeat: "replay", ..Setup::default() }).await;
    let till = bridge.till(1);
    for replayed in [false, true, true] {
        let answer = till.pay("R-1", 990_100).await;
        assert_eq!((answer.word(), &answer.body["replayed"]), ("declined", &json!(replayed)));
        assert_eq!(answer.body["attempt"], 1);
    }
}
