//! Refunds (R1 to R14).

use serde_json::json;

use crate::support::*;

#[tokio::test]
async fn a_sale_is_given_back_whole_or_in_parts() {
    let bridge = Bridge::start().await;
    let till = bridge.till(1);
    till.pay("R-1", 39900).await;
    let part = till.refund("B-1", "R-1", Some(10000)).await;
    assert_eq!((part.status, part.word()), (200, "approved"), "{:?}", part.body);
    assert_eq!(
        (&part.body["kind"], &part.body["amount"], &part.body["amount_approved"]),
        (&json!("refund"), &json!(10000), &json!(10000))
    );
    assert_eq!(till.get("/pay/R-1").await.body["amount_refunded"], 10000);

    let rest = till.refund("B-2", "R-1", None).await;
    assert_eq!((rest.word(), &rest.body["amount"]), ("approved", &json!(29900)), "all that is left");
    assert_eq!(till.get("/pay/R-1").await.body["amount_refunded"], 39900);

    // R3, R4: to exactly nothing, and not a unit more.
    let more = till.refund("B-3", "R-1", Some(1)).await;
    assert_eq!((more.status, more.word()), (422, "refund_exceeds"));
    bridge.books_agree().await;
}

#[tokio::test]
async fn a_refund_names_its_sale_by_any_of_its_numbers() {
    let bridge = Bridge::start().await;
    let till = bridge.till(1);
    let sale = till.pay("R-1", 39900).await.body;
    let by_operation = json!({ "reference": "B-1", "operation_id": sale["operation_id"], "amount": 100 });
    let by_transaction = json!({ "reference": "B-2", "transaction_id": sale["transaction_id"], "amount": 100 });
    for body in [by_operation, by_transaction] {
        assert_eq!(till.post("/refund", body).await.word(), "approved");
    }
    let both = json!({ "reference": "B-3", "original_reference": "R-1", "operation_id": sale["operation_id"] });
    assert_eq!(till.post("/refund", both).await.status, 400);
    assert_eq!(till.post("/refund", json!({ "reference": "B-4", "amount": 1 })).await.status, 400);
    bridge.books_agree().await;
}

/// The documents contradict each other: both ways work, by configuration.
#[tokio::test]
async fn a_refund_without_a_terminal_works_where_the_account_wants_it() {
    let bridge = Bridge::with(Setup { refund: "plain", ..Setup::default() }).await;
    let till = bridge.till(1);
    till.pay("R-1", 39900).await;
    assert_eq!(till.refund("B-1", "R-1", None).await.word(), "approved");
    let requests = bridge.simulator.requests().await;
    let refund = requests.iter().find(|request| request["path"].as_str().unwrap().ends_with("/refund")).unwrap();
    assert!(refund["body"]["terminal_id"].is_null());
    bridge.books_agree().await;
}

/// R1.
#[tokio::test]
async fn r1_a_repeated_refund_is_one_refund() {
    let bridge = Bridge::start().await;
    let till = bridge.till(1);
    till.pay("R-1", 39900).await;
    let copies: Vec<_> = (0..20)
        .map(|_| {
            let till = till.clone();
            tokio::spawn(async move { till.refund("B-1", "R-1", Some(5000)).await })
        })
        .collect();
    for copy in copies {
        assert_eq!(copy.await.unwrap().word(), "approved");
    }
    assert_eq!(till.refund("B-1", "R-1", Some(5000)).await.body["replayed"], true);
    assert_eq!(till.refund("B-1", "R-1", Some(6000)).await.word(), "reference_conflict");
    bridge.books_agree().await;
}

/// R2, R14: twenty refunds of one sale at once, from two tills, never exceed it.
#[tokio::test]
async fn r2_refunds_at_once_never_exceed_the_sale() {
    let bridge = Bridge::with(Setup { refund: "plain", may_refund_others: true, ..Setup::default() }).await;
    bridge.till(1).pay("R-1", 10000).await;
    let refunds: Vec<_> = (0..20)
        .map(|number| {
            let till = bridge.till(1 + number % 2);
            let body = json!({
                "reference": format!("B-{number}"), "original_reference": "R-1", "original_till": "till-1", "amount": 3000,
            });
            tokio::spawn(async move { till.post("/refund", body).await })
        })
        .collect();
    let mut approved = 0;
    for refund in refunds {
        match refund.await.unwrap().word() {
            "approved" => approved += 1,
            other => assert_eq!(other, "refund_exceeds"),
        }
    }
    assert_eq!(approved, 3);
    assert_eq!(bridge.simulator.ledger().await["refunded"], 9000);
    bridge.books_agree().await;
}

/// R6: only what is proven paid is given back.
#[tokio::test]
async fn r6_only_an_approved_sale_is_refunded() {
    let bridge = Bridge::start().await;
    let till = bridge.till(1);
    till.pay("R-1", 990_100).await;
    let answer = till.refund("B-1", "R-1", None).await;
    assert_eq!((answer.status, answer.word(), &answer.body["retry"]), (422, "not_refundable", &json!("never")));
    bridge.simulator.terminal_mode(1, "manual").await;
    till.begin("R-2", 100).await;
    let early = till.refund("B-2", "R-2", None).await;
    assert_eq!((early.word(), &early.body["retry"]), ("not_refundable", &json!("same_reference")));
    assert_eq!(early.body["message"], "Cannot be refunded yet. Wait and try again");
    assert_eq!(till.refund("B-3", "R-none", None).await.status, 404);
    assert_eq!(bridge.simulator.ledger().await["refund_requests"], json!({}));
}

/// R5: money that was only reserved is not given back, and nothing is sent.
#[tokio::test]
async fn r5_an_uncaptured_sale_is_not_refunded() {
    let bridge = Bridge::start().await;
    let till = bridge.till(1);
    assert_eq!(till.pay("R-1", 990_115).await.word(), "approved");
    let answer = till.refund("B-1", "R-1", None).await;
    assert_eq!(answer.word(), "failed", "{:?}", answer.body);
    assert!(answer.body["reason"].as_str().unwrap().contains("captured"));
    assert_eq!(bridge.simulator.ledger().await["refund_requests"], json!({}));
}

/// R11: another till's sale looks like none, unless the profile lets the till refund others.
#[tokio::test]
async fn r11_another_tills_sale_is_not_refunded() {
    let of_others = json!({ "reference": "B-1", "original_reference": "R-1", "original_till": "till-1" });
    let bridge = Bridge::start().await;
    let sale = bridge.till(1).pay("R-1", 39900).await.body;
    let by_number = json!({ "reference": "B-2", "operation_id": sale["operation_id"] });
    for body in [&of_others, &by_number] {
        assert_eq!(bridge.till(2).post("/refund", body.clone()).await.status, 404);
    }
    let trusting = Bridge::with(Setup { may_refund_others: true, ..Setup::default() }).await;
    trusting.till(1).pay("R-1", 39900).await;
    assert_eq!(trusting.till(2).post("/refund", of_others).await.word(), "approved");
    trusting.books_agree().await;
}

/// R9: accepted is not done; the event that follows is.
#[tokio::test]
async fn r9_an_accepted_refund_is_pending_until_its_event() {
    let bridge = Bridge::with(Setup { speed: 5, ..Setup::default() }).await;
    let till = bridge.till(1);
    till.pay("R-1", 39900).await;
    bridge.simulator.terminal_mode(1, "manual").await;
    let body = json!({ "reference": "B-1", "original_reference": "R-1", "wait": 0 });
    assert_eq!(till.post("/refund", body).await.word(), "pending");
    bridge.simulator.customer(1, "approve").await;
    assert_eq!(till.get("/refund/B-1?wait=20").await.word(), "approved");
    bridge.books_agree().await;
}

/// The simulator's refund outcomes, as the till is told them.
#[tokio::test]
async fn every_refund_outcome_is_told_as_it_is() {
    let bridge = Bridge::start().await;
    let till = bridge.till(1);
    for (amount, expected) in [(990_120, "failed"), (990_121, "approved"), (990_122, "declined"), (990_124, "declined")]
    {
        till.pay(&format!("R-{amount}"), amount).await;
        let answer = till.refund(&format!("B-{amount}"), &format!("R-{amount}"), None).await;
        assert_eq!(answer.word(), expected, "{amount}: {:?}", answer.body);
    }
    bridge.books_agree().await;
}

/// R7: a refund whose reply is lost is looked up by its reference, and not sent again.
#[tokio::test]
async fn r7_a_refund_whose_reply_is_lost_is_found() {
    for fault in [
        json!("lose_reply"),
        json!("reset"),
        json!("half_answer"),
        json!("garbage"),
        json!({ "delay": 800 }),
        json!({ "status": { "code": 503 } }),
        json!({ "redirect": {} }),
    ] {
        let bridge = Bridge::start().await;
        let till = bridge.till(1);
        till.pay("R-1", 39900).await;
        bridge.simulator.faults(json!([{ "call": "refund", "fault": fault, "when": "after" }])).await;
        let answer = till.refund("B-1", "R-1", Some(5000)).await;
        assert_eq!(answer.word(), "approved", "{fault}: {:?}", answer.body);
        bridge.books_agree().await;
    }
}

/// R7, R8: a refund that never arrived is unknown, keeps its amount set aside, and is not sent again.
#[tokio::test]
async fn r8_a_refund_that_is_not_found_keeps_its_amount() {
    let bridge = Bridge::start().await;
    let till = bridge.till(1);
    till.pay("R-1", 10000).await;
    bridge.simulator.faults(json!([{ "call": "refund", "fault": "lose_request" }])).await;
    let body = json!({ "reference": "B-1", "original_reference": "R-1", "amount": 6000, "wait": 1 });
    let lost = till.post("/refund", body).await;
    assert_eq!((lost.status, lost.word()), (202, "unknown"), "{:?}", lost.body);
    let second = bridge
        .till(1)
        .post(
            "/refund",
            json!({ "reference": "B-2", "original_reference": "R-1", "amount": 6000, "terminal": "terminal-2" }),
        )
        .await;
    assert_eq!(second.word(), "refund_exceeds");
    assert_eq!(bridge.simulator.ledger().await["refund_requests"].as_object().unwrap().len(), 1);
}

/// R10: a failed refund that the provider corrects to done follows its record, and is loud when the till was told
/// otherwise.
#[tokio::test]
async fn r10_a_corrected_refund_follows_the_record() {
    let mut bridge = Bridge::start().await;
    let till = bridge.till(1);
    till.pay("R-1", 990_123).await;
    let told = till.refund("B-1", "R-1", None).await;
    let corrected = || async { (bridge.simulator.ledger().await["refunded"] == 990_123).then_some(()) };
    eventually("the correction", corrected).await;
    bridge.kill();
    bridge.boot().await;
    eventually("the record", || async { (till.get("/refund/B-1").await.word() == "approved").then_some(()) }).await;
    let late = told.word() == "declined";
    assert_eq!(till.get("/refund/B-1").await.body["late"], late);
    let alarms = String::from_utf8(bridge.run(&["alarms", "--json"]).await.stdout).unwrap();
    assert_eq!(alarms.contains("late_approval"), late, "{alarms}");
}

/// R10: what had failed and is made after all is found before anything more is given back of the sale.
#[tokio::test]
async fn r10_a_corrected_refund_is_not_made_again() {
    let bridge = Bridge::start().await;
    let till = bridge.till(1);
    let (sale, refund) = till_was_told_that_it_failed(&bridge).await;
    let refunded = async || bridge.simulator.ledger().await["refunded"].as_i64().unwrap();
    let before = refunded().await;
    let other = till.refund("B-other", &sale, Some(100_000)).await;
    assert_eq!(other.word(), "failed", "{:?}", other.body);
    assert!(other.body["reason"].as_str().unwrap().starts_with("an earlier refund of this sale"), "{:?}", other.body);
    assert_eq!(refunded().await, before, "nothing more is given back before somebody has seen that");
    let again = till.refund(&refund, &sale, Some(400_000)).await;
    assert_eq!((again.word(), &again.body["late"]), ("approved", &json!(true)), "{:?}", again.body);
    assert_eq!(refunded().await, before);
    till.refund("B-other", &sale, Some(100_000)).await;
    eventually("the other one, once it is asked for anew", async || {
        (refunded().await == before + 100_000).then_some(())
    })
    .await;
}

/// A refund that its till heard was declined, and that the provider has made since.
async fn till_was_told_that_it_failed(bridge: &Bridge) -> (String, String) {
    let till = bridge.till(1);
    for number in 0..20 {
        let (sale, refund) = (format!("R-{number}"), format!("B-{number}"));
        till.pay(&sale, 990_123).await;
        let told = till.refund(&refund, &sale, Some(400_000)).await;
        let made = async || {
            let ledger = bridge.simulator.ledger().await;
            (ledger["refunded"] == 400_000 * (number + 1)).then_some(())
        };
        eventually("the correction", made).await;
        if told.word() == "declined" {
            return (sale, refund);
        }
    }
    panic!("no refund was told to have failed");
}

/// R10: a callback that names the sale has its refunds read again that had failed.
#[tokio::test]
async fn r10_a_callback_tells_of_a_corrected_refund() {
    let bridge = Bridge::with(Setup { callbacks: true, ..Setup::default() }).await;
    let (_, refund) = till_was_told_that_it_failed(&bridge).await;
    let till = bridge.till(1);
    eventually("the corrected refund", async || {
        let found = till.get(&format!("/refund/{refund}")).await;
        (found.word() == "approved" && found.body["late"] == true).then_some(())
    })
    .await;
}
