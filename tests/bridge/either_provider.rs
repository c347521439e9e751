//! A till cannot tell the difference: the same story on each provider, told in the same words.

use serde_json::{Value, json};

use crate::support::*;

/// A bridge behind each provider.
async fn each(setup: impl Fn() -> Setup) -> Vec<(Behind, Bridge)> {
    let mut bridges = Vec::new();
    for provider in Behind::BOTH {
        bridges.push((provider, Bridge::with(Setup { provider, ..setup() }).await));
    }
    bridges
}

/// The fields that a reply has, and their values where they do not name things of the provider's.
fn shape(reply: &Value) -> Value {
    let mut shape = reply.clone();
    for of_its_own in [
        "operation_id",
        "currency",
        "provider",
        "transaction_id",
        "created_at",
        "updated_at",
        "card",
        "receipt",
        "reason",
    ] {
        if let Some(value) = shape.get_mut(of_its_own) {
            *value = json!("...");
        }
    }
    shape
}

#[tokio::test]
async fn a_sale_and_what_follows_it() {
    let mut told: Vec<Vec<(u16, Value)>> = Vec::new();
    for (provider, bridge) in each(Setup::default).await {
        let till = bridge.till(1);
        let mut answers = vec![
            till.pay("R-1", 39_900).await,
            till.pay("R-1", 39_900).await,
            till.get("/pay/R-1").await,
            till.get("/last").await,
            till.refund("F-1", "R-1", Some(10_000)).await,
            till.refund("F-1", "R-1", Some(10_000)).await,
            till.refund("F-2", "R-1", None).await,
            till.get("/pay/R-1").await,
        ];
        answers.push(till.post("/pay/R-1/ack", json!({})).await);
        for answer in &answers {
            assert_eq!((answer.status, answer.word()), (200, "approved"), "{provider:?}: {:?}", answer.body);
        }
        let conflict = till.pay("R-1", 40_000).await;
        assert_eq!((conflict.status, conflict.word()), (409, "reference_conflict"), "{provider:?}");
        let exceeds = till.refund("F-3", "R-1", Some(1)).await;
        assert_eq!((exceeds.status, exceeds.word()), (422, "refund_exceeds"), "{provider:?}");
        told.push(answers.iter().map(|answer| (answer.status, shape(&answer.body))).collect());
        bridge.books_agree().await;
    }
    assert_eq!(told[0], told[1], "what a till is told behind Dintero and behind Dojo");
}

/// The amounts that do the same on both providers' virtual terminals.
#[tokio::test]
async fn every_way_that_a_sale_ends() {
    let table = [
        (39_900, "approved"),
        (990_100, "declined"),
        (990_103, "cancelled"),
        (990_105, "approved"),
        (990_108, "failed"),
    ];
    for (provider, bridge) in each(Setup::default).await {
        for (number, (amount, expected)) in table.into_iter().enumerate() {
            let answer = bridge.till(1).pay(&format!("R-{number}"), amount).await;
            assert_eq!((answer.status, answer.word()), (200, expected), "{provider:?} {amount}: {:?}", answer.body);
            assert_eq!(answer.body["retry"], if expected == "approved" { "never" } else { "new_attempt" });
        }
        bridge.books_agree().await;
    }
}

#[tokio::test]
async fn a_cancel_before_the_card_and_a_card_that_wins() {
    for (provider, bridge) in each(|| Setup { speed: 10, ..Setup::default() }).await {
        let till = bridge.till(1);
        assert_eq!(till.begin("R-1", 990_104).await.word(), "pending", "{provider:?}");
        bridge.simulator.prompted(1).await;
        till.cancel("R-1").await;
        assert_eq!(till.result("R-1").await.word(), "cancelled", "{provider:?}");
        assert_eq!(till.begin("R-2", 990_107).await.word(), "pending", "{provider:?}");
        // What is stopped on its way to the terminal no card can win against.
        bridge.simulator.prompted(1).await;
        till.cancel("R-2").await;
        assert_eq!(till.result("R-2").await.word(), "approved", "{provider:?}: a cancel is a wish");
        bridge.books_agree().await;
    }
}

/// "Declined and the till has seen it: a new attempt under the same operation."
#[tokio::test]
async fn a_declined_sale_is_tried_again() {
    for (provider, bridge) in each(Setup::default).await {
        let till = bridge.till(1);
        bridge.simulator.terminal_mode(1, "manual").await;
        for (attempt, gesture, expected) in
            [(1, "decline", "declined"), (2, "decline", "declined"), (3, "approve", "approved")]
        {
            // That the till was told is noted right behind the answer.
            eventually("the next attempt", || async {
                (till.begin("R-1", 39_900).await.body["attempt"] == attempt).then_some(())
            })
            .await;
            bridge.simulator.customer(1, gesture).await;
            let result = till.result("R-1").await;
            assert_eq!((result.word(), &result.body["attempt"]), (expected, &json!(attempt)), "{provider:?}");
        }
        bridge.books_agree().await;
    }
}

#[tokio::test]
async fn a_held_terminal_and_a_till_that_hangs_up() {
    for (provider, bridge) in each(Setup::default).await {
        bridge.simulator.terminal_mode(1, "manual").await;
        bridge.till(1).pay_and_hang_up("R-1", 39_900).await;
        let busy =
            bridge.till(2).post("/pay", json!({ "reference": "R-1", "amount": 100, "terminal": "terminal-1" })).await;
        assert_eq!((busy.status, busy.word()), (423, "terminal_busy"), "{provider:?}");
        bridge.simulator.customer(1, "approve").await;
        assert_eq!(bridge.till(1).result("R-1").await.word(), "approved", "{provider:?}");
        bridge.books_agree().await;
    }
}

#[tokio::test]
async fn a_plug_that_is_pulled_in_the_middle() {
    for (provider, mut bridge) in each(Setup::default).await {
        bridge.simulator.terminal_mode(1, "manual").await;
        bridge.till(1).begin("R-1", 39_900).await;
        bridge.simulator.customer(1, "insert").await;
        bridge.kill();
        bridge.simulator.customer(1, "approve").await;
        bridge.boot().await;
        assert_eq!(bridge.till(1).result("R-1").await.word(), "approved", "{provider:?}");
        assert_eq!(bridge.till(1).pay("R-1", 39_900).await.body["replayed"], true, "{provider:?}");
        bridge.books_agree().await;
    }
}

/// A refund goes back through the provider that took the payment, and is refused elsewhere with what to do instead.
#[tokio::test]
async fn each_terminal_tells_what_it_can_do() {
    for (provider, bridge) in each(Setup::default).await {
        let terminals = bridge.till(1).get("/terminals").await.body;
        let capabilities = &terminals["terminals"][0]["capabilities"];
        let is_dojo = provider == Behind::Dojo;
        assert_eq!(capabilities["signature"], is_dojo, "{terminals}");
        assert_eq!(capabilities["prompts"], is_dojo);
        assert_eq!(capabilities["receipts"], true);
        assert_eq!(capabilities["unlinked_refund"], false);
        assert_eq!(capabilities["currencies"], if is_dojo { json!(["GBP", "EUR"]) } else { json!([]) });
    }
}
