//! What only Dojo does: intents that are used again, signatures, sessions that expire, tips, refunds without a card.

use serde_json::{Value, json};

use crate::support::*;

fn dojo() -> Setup {
    Setup { provider: Behind::Dojo, ..Setup::default() }
}

async fn bridge_on(machine: &'static str, more: Setup) -> Bridge {
    Bridge::with(Setup { provider: Behind::Dojo, machine, ..more }).await
}

async fn intents(bridge: &Bridge) -> Vec<Value> {
    bridge.simulator.ledger().await["dojo"]["intents"].as_array().unwrap().clone()
}

/// That the till was told of the attempt before is noted right behind the answer.
async fn begin_attempt(bridge: &Bridge, attempt: u32) {
    eventually("the attempt", || async {
        (bridge.till(1).begin("R-1", 39_900).await.body["attempt"] == attempt).then_some(())
    })
    .await;
}

async fn intents_read(bridge: &Bridge) -> usize {
    bridge
        .simulator
        .requests()
        .await
        .iter()
        .filter(|request| request["path"].as_str().unwrap().contains("/payment-intents/pi_"))
        .count()
}

async fn sign(bridge: &Bridge, reference: &str, accepted: bool) -> Answer {
    bridge.till(1).post(&format!("/pay/{reference}/signature"), json!({ "accepted": accepted, "wait": 20 })).await
}

/// D8: "Declined goes on with a new session on the same intent."
#[tokio::test]
async fn a_declined_sale_goes_on_with_its_intent() {
    let bridge = Bridge::with(dojo()).await;
    bridge.simulator.terminal_mode(1, "manual").await;
    for (attempt, gesture, expected) in [(1, "decline", "declined"), (2, "approve", "approved")] {
        begin_attempt(&bridge, attempt).await;
        bridge.simulator.customer(1, gesture).await;
        assert_eq!(bridge.till(1).result("R-1").await.word(), expected);
    }
    let intents = intents(&bridge).await;
    assert_eq!(intents.len(), 1, "{intents:?}");
    assert_eq!(intents[0]["sessions"].as_array().unwrap().len(), 2, "{intents:?}");
    assert!(intents[0]["metadata"]["till_reference"] == "till-1/R-1", "{intents:?}");
    bridge.books_agree().await;
}

/// A history that is behind does not show the session that took the money: it must not count for the one before.
#[tokio::test]
async fn a_history_that_is_behind_gives_the_payment_to_no_earlier_attempt() {
    let bridge = Bridge::with(dojo()).await;
    bridge.simulator.terminal_mode(1, "manual").await;
    begin_attempt(&bridge, 1).await;
    bridge.simulator.customer(1, "decline").await;
    assert_eq!(bridge.till(1).result("R-1").await.word(), "declined");
    bridge.simulator.dojo_policy(&json!({ "history_lag_milliseconds": 4_000 })).await;
    begin_attempt(&bridge, 2).await;
    bridge.simulator.customer(1, "approve").await;
    let paid = bridge.till(1).result("R-1").await;
    assert_eq!((paid.word(), &paid.body["late"], &paid.body["attempt"]), ("approved", &json!(false), &json!(2)));
    assert!(!String::from_utf8(bridge.run(&["alarms", "--json"]).await.stdout).unwrap().contains("late_approval"));
    bridge.books_agree().await;
}

/// The first attempt is read on after its cancel, and must not take the second one's payment for its own.
#[tokio::test]
async fn a_cancelled_sale_that_is_tried_again_is_paid_once_and_quietly() {
    let bridge = Bridge::with(dojo()).await;
    bridge.simulator.terminal_mode(1, "manual").await;
    for (attempt, gesture, expected) in [(1, "cancel", "cancelled"), (2, "approve", "approved")] {
        begin_attempt(&bridge, attempt).await;
        bridge.simulator.customer(1, gesture).await;
        assert_eq!(bridge.till(1).result("R-1").await.word(), expected);
    }
    let before = intents_read(&bridge).await;
    eventually("the first attempt to be read on", || async {
        (intents_read(&bridge).await > before + 2).then_some(())
    })
    .await;
    let sale = bridge.till(1).get("/pay/R-1").await.body;
    assert_eq!((&sale["attempt"], &sale["late"]), (&json!(2), &json!(false)), "{sale}");
    assert_eq!(intents(&bridge).await.len(), 1, "the same intent");
    assert_eq!(bridge.metric("pos_bridge_alarms_total{").await, "", "nothing is wrong");
    bridge.books_agree().await;
}

/// A second attempt whose reply is lost, read where the record is behind: the session that it shows is the first one's.
#[tokio::test]
async fn the_end_of_an_earlier_session_is_not_taken_for_that_of_a_lost_one() {
    let bridge = Bridge::with(dojo()).await;
    bridge.simulator.terminal_mode(1, "manual").await;
    let till = bridge.till(1);
    till.begin("R-1", 39_900).await;
    bridge.simulator.customer(1, "cancel").await;
    assert_eq!(till.result("R-1").await.word(), "cancelled");
    let faults = json!([
        { "call": "read_intent", "fault": "stale_read", "per_mille": 1000 },
        { "call": "create_terminal_session", "fault": "lose_reply" },
    ]);
    bridge.simulator.faults(faults).await;
    let second = eventually("the second attempt", || async {
        let answer = till.post("/pay", json!({ "reference": "R-1", "amount": 39_900, "wait": 2 })).await;
        (answer.body["attempt"] == 2).then_some(answer)
    })
    .await;
    assert_eq!(second.word(), "unknown", "{:?}", second.body);
    bridge.simulator.faults(json!([])).await;
    bridge.simulator.customer(1, "approve").await;
    let paid = till.result("R-1").await;
    assert_eq!((paid.word(), &paid.body["late"]), ("approved", &json!(false)), "{:?}", paid.body);
    bridge.books_agree().await;
}

#[tokio::test]
async fn the_prompts_are_told_while_the_customer_stands_there() {
    let bridge = bridge_on("SLO0", Setup { speed: 5, ..dojo() }).await;
    let till = bridge.till(1);
    till.begin("R-1", 39_900).await;
    eventually("the prompt for a card", || async {
        (till.get("/pay/R-1").await.body["prompt"] == "present_card").then_some(())
    })
    .await;
    let result = till.result("R-1").await;
    assert_eq!(result.word(), "approved");
    assert_eq!(result.body.get("prompt"), None, "nothing is asked of anybody any more");
}

#[tokio::test]
async fn a_signature_is_asked_for_and_taken() {
    let bridge = bridge_on("SIS0", dojo()).await;
    let asked = bridge.till(1).pay("R-1", 39_900).await;
    assert_eq!((asked.status, asked.word(), &asked.body["prompt"]), (202, "pending", &json!("sign")));
    assert_eq!(asked.body["action_required"]["kind"], "signature");
    assert!(asked.body["action_required"]["deadline"].as_str().unwrap().ends_with('Z'));
    assert_eq!(sign(&bridge, "R-1", true).await.word(), "approved");
    let too_late = sign(&bridge, "R-1", false).await;
    assert_eq!((too_late.status, too_late.word()), (409, "not_resolvable"));
    bridge.books_agree().await;
}

/// "After reject, re-read the intent for a while before telling anyone nothing was taken."
#[tokio::test]
async fn a_signature_is_refused_and_nothing_was_taken() {
    let bridge = bridge_on("SIS0", dojo()).await;
    bridge.till(1).pay("R-1", 39_900).await;
    assert_eq!(sign(&bridge, "R-1", false).await.word(), "declined");
    bridge.books_agree().await;
}

/// "Taken, pending signature check": what is captured by then goes back when the signature is not taken.
#[tokio::test]
async fn a_signature_is_compared_though_the_payment_is_captured_by_then() {
    let before = json!({ "captures_before_signature": true });
    let accepted = bridge_on("SIS0", dojo()).await;
    accepted.simulator.dojo_policy(&before).await;
    let asked = accepted.till(1).pay("R-1", 39_900).await;
    assert_eq!((asked.status, asked.word(), &asked.body["prompt"]), (202, "pending", &json!("sign")));
    assert_eq!(sign(&accepted, "R-1", true).await.word(), "approved");
    accepted.books_agree().await;
    let rejected = bridge_on("SIS0", dojo()).await;
    rejected.simulator.dojo_policy(&before).await;
    rejected.till(1).pay("R-1", 39_900).await;
    assert_eq!(sign(&rejected, "R-1", false).await.word(), "declined");
    let intents = intents(&rejected).await;
    assert_eq!((&intents[0]["status"], &intents[0]["refunded"]), (&json!("Reversed"), &json!(39_900)));
    let silent = bridge_on("SIS0", Setup { limit_speed: 100, ..dojo() }).await;
    silent.simulator.dojo_policy(&before).await;
    silent.till(1).pay("R-1", 39_900).await;
    eventually("the silence to be taken for a yes", || async {
        (silent.till(1).get("/pay/R-1").await.word() == "approved").then_some(())
    })
    .await;
}

/// D5: Seen in Dojo's sandbox: the payment is captured a minute and a half after its signature was rejected.
#[tokio::test]
async fn a_payment_that_is_captured_in_spite_of_its_signature_is_late_and_loud() {
    let bridge = bridge_on("RCS0", Setup { speed: 40, limit_speed: 40, ..dojo() }).await;
    bridge.till(1).pay("R-1", 39_900).await;
    sign(&bridge, "R-1", false).await;
    eventually("the payment to be known", || async {
        (bridge.till(1).get("/pay/R-1").await.word() == "approved").then_some(())
    })
    .await;
    bridge.books_agree().await;
}

/// D6: silence is a yes, after eighty seconds.
#[tokio::test]
async fn silence_takes_the_signature_and_tills_that_cannot_ask_have_a_policy() {
    let silent = bridge_on("SIS0", Setup { limit_speed: 100, ..dojo() }).await;
    silent.till(1).pay("R-1", 39_900).await;
    eventually("the silence to be taken for a yes", || async {
        (silent.till(1).get("/pay/R-1").await.word() == "approved").then_some(())
    })
    .await;
    for (profile, expected) in [("signature = \"accept\"", "approved"), ("signature = \"reject\"", "declined")] {
        let bridge = bridge_on("SIS0", Setup { profile, ..dojo() }).await;
        assert_eq!(bridge.till(1).pay("R-1", 39_900).await.word(), expected, "{profile}");
        bridge.books_agree().await;
    }
}

/// D4: An expired session proves nothing; its intent is let go, and that does.
#[tokio::test]
async fn an_expired_session_is_unknown_until_its_intent_is_cancelled() {
    let bridge = bridge_on("TIP0", Setup { ttl_seconds: 30, speed: 100, ..dojo() }).await;
    let till = bridge.till(1);
    till.begin("R-1", 39_900).await;
    eventually("the expiry", || async { (till.get("/pay/R-1").await.word() == "unknown").then_some(()) }).await;
    assert_eq!(till.get("/pay/R-1").await.body["retry"], "same_reference");
    bridge.simulator.clock_ahead(31).await;
    assert_eq!(till.result("R-1").await.word(), "cancelled");
    assert_eq!(intents(&bridge).await[0]["status"], "Canceled");
    bridge.books_agree().await;
}

#[tokio::test]
async fn an_expired_session_that_was_paid_all_the_same_is_found() {
    let bridge = bridge_on("EXC0", dojo()).await;
    assert_eq!(bridge.till(1).pay("R-1", 39_900).await.word(), "approved");
    bridge.books_agree().await;
}

/// D7: Tips and cash back: "amount_approved differs from amount, said plainly and never taken for a mismatch where the
/// terminal allows it".
#[tokio::test]
async fn what_a_customer_adds_is_told_where_it_is_allowed_and_loud_where_not() {
    for (machine, added) in [("SIP1", 3_990), ("SCB0", 1_000)] {
        let bridge = bridge_on(machine, Setup { terminal: "tips = true", ..dojo() }).await;
        let paid = bridge.till(1).pay("R-1", 39_900).await;
        assert_eq!(
            (paid.word(), paid.body["amount_approved"].as_i64()),
            ("approved", Some(39_900 + added)),
            "{machine}"
        );
        let back = bridge.till(1).refund("F-1", "R-1", None).await;
        assert_eq!(back.body["amount_approved"], 39_900 + added, "all of it can be given back: {:?}", back.body);
        bridge.books_agree().await;
        let strict = bridge_on(machine, dojo()).await;
        let answer = strict.till(1).post("/pay", json!({ "reference": "R-1", "amount": 39_900, "wait": 2 })).await;
        assert_eq!(answer.word(), "unknown", "{machine}: {:?}", answer.body);
    }
}

#[tokio::test]
async fn a_lying_amount_is_never_a_result() {
    let bridge = bridge_on("WRA0", dojo()).await;
    bridge.till(1).begin("R-1", 39_900).await;
    eventually("the contradiction", || async {
        (bridge.till(1).get("/pay/R-1").await.word() == "unknown").then_some(())
    })
    .await;
}

/// D3: A machine that somebody else uses, or that is off, takes nothing, and that is proven.
#[tokio::test]
async fn a_machine_in_use_or_offline_fails_at_once() {
    for machine in ["BSY0", "OFF0"] {
        let bridge = bridge_on(machine, dojo()).await;
        let answer = bridge.till(1).pay("R-1", 39_900).await;
        assert_eq!(
            (answer.word(), &answer.body["retry"]),
            ("failed", &json!("new_attempt")),
            "{machine} {:?}",
            answer.body
        );
        assert!(!intents(&bridge).await.iter().any(|intent| intent["captured"] != 0));
    }
}

#[tokio::test]
async fn refunds_go_the_way_that_is_configured() {
    for (refund, requires_card) in [("terminal", true), ("api", false), ("api_then_terminal", false)] {
        let bridge = bridge_on("AMT0", Setup { refund, ..dojo() }).await;
        bridge.till(1).pay("R-1", 39_900).await;
        for (name, amount) in [("F-1", Some(10_000)), ("F-2", None)] {
            let answer = bridge.till(1).refund(name, "R-1", amount).await;
            assert_eq!((answer.status, answer.word()), (200, "approved"), "{refund}: {:?}", answer.body);
            assert_eq!(answer.body["requires_card_present"], requires_card, "{refund}");
        }
        bridge.books_agree().await;
    }
}

/// A reversal gives back all of a payment that nothing was given back of; a part, and what is left, is refunded.
#[tokio::test]
async fn a_whole_payment_is_reversed_where_that_is_configured() {
    let bridge = bridge_on("AMT0", Setup { refund: "api", section: "whole_refund = \"reversal\"", ..dojo() }).await;
    let till = bridge.till(1);
    for (sale, refunds) in [("R-1", vec![None]), ("R-2", vec![Some(10_000), None])] {
        till.pay(sale, 39_900).await;
        for (number, amount) in refunds.into_iter().enumerate() {
            let answer = till.refund(&format!("{sale}-{number}"), sale, amount).await;
            assert_eq!(answer.word(), "approved", "{:?}", answer.body);
        }
        assert_eq!(till.get(&format!("/pay/{sale}")).await.body["amount_refunded"], 39_900);
    }
    let status = |reference: &'static str| {
        let intents = intents(&bridge);
        async move {
            let intents = intents.await;
            let name = json!(format!("till-1/{reference}"));
            intents.iter().find(|intent| intent["metadata"]["till_reference"] == name).unwrap()["status"].clone()
        }
    };
    assert_eq!((status("R-1").await, status("R-2").await), (json!("Reversed"), json!("Refunded")));
}

/// Dojo reverses a payment for some days only.
#[tokio::test]
async fn a_whole_payment_that_is_not_reversed_any_more_is_refunded() {
    let bridge = bridge_on("AMT0", Setup { refund: "api", section: "whole_refund = \"reversal\"", ..dojo() }).await;
    bridge.till(1).pay("R-1", 39_900).await;
    bridge.simulator.dojo_policy(&json!({ "reversals": false })).await;
    let answer = bridge.till(1).refund("F-1", "R-1", None).await;
    assert_eq!(
        (answer.word(), &answer.body["requires_card_present"]),
        ("approved", &json!(false)),
        "{:?}",
        answer.body
    );
    assert_eq!(intents(&bridge).await[0]["status"], "Refunded");
    bridge.books_agree().await;
}

/// D9: "The route `api_then_terminal` only on a proven refusal."
#[tokio::test]
async fn a_refund_that_the_api_refuses_is_made_at_the_terminal() {
    let bridge = bridge_on("AMT0", Setup { refund: "api_then_terminal", ..dojo() }).await;
    bridge.simulator.dojo_policy(&json!({ "api_refunds": "refused" })).await;
    bridge.till(1).pay("R-1", 39_900).await;
    let answer = bridge.till(1).refund("F-1", "R-1", Some(10_000)).await;
    assert_eq!((answer.word(), &answer.body["requires_card_present"]), ("approved", &json!(true)), "{:?}", answer.body);
    bridge.books_agree().await;

    let api_alone = bridge_on("AMT0", Setup { refund: "api", ..dojo() }).await;
    api_alone.simulator.dojo_policy(&json!({ "api_refunds": "refused" })).await;
    api_alone.till(1).pay("R-1", 39_900).await;
    assert_eq!(api_alone.till(1).refund("F-1", "R-1", Some(10_000)).await.word(), "failed");
    api_alone.books_agree().await;
}

/// D10: A lost reply to a refund without a card is no refusal: it is looked for, and no card is asked for.
#[tokio::test]
async fn a_refund_whose_reply_is_lost_is_found_by_the_sum() {
    for refund in ["api", "api_then_terminal", "terminal"] {
        let bridge = bridge_on("AMT0", Setup { refund, ..dojo() }).await;
        bridge.till(1).pay("R-1", 39_900).await;
        let call = if refund == "terminal" { "create_terminal_session" } else { "refund_intent" };
        bridge.simulator.faults(json!([{ "call": call, "fault": "lose_reply" }])).await;
        let answer = bridge.till(1).refund("F-1", "R-1", Some(10_000)).await;
        assert_eq!(answer.word(), "approved", "{refund}: {:?}", answer.body);
        assert_ne!(bridge.simulator.hits().await, json!({}), "{refund}: it never struck");
        bridge.books_agree().await;
    }
}

/// What the sum has grown by is told from where it stood: a record that is behind does not show where that is.
#[tokio::test]
async fn a_refund_is_not_measured_from_a_record_that_is_behind() {
    let bridge = bridge_on("AMT0", Setup { refund: "api", ..dojo() }).await;
    bridge.till(1).pay("R-1", 39_900).await;
    bridge.till(1).refund("F-1", "R-1", Some(10_000)).await;
    let faults = json!([
        { "call": "read_intent", "fault": "stale_read" },
        { "call": "refund_intent", "fault": "lose_request" },
    ]);
    bridge.simulator.faults(faults).await;
    let answer = bridge.till(1).refund("F-2", "R-1", Some(10_000)).await;
    assert_ne!(bridge.simulator.hits().await, json!({}), "it never struck");
    assert_eq!((answer.word(), &answer.body["retry"]), ("failed", &json!("new_attempt")), "{:?}", answer.body);
    bridge.books_agree().await;
}

/// Whether Dojo's sum holds what machines gave back is documented nowhere: either way each part is given back once, and an
/// ordinary day of refunds is not loud.
#[tokio::test]
async fn a_sale_is_given_back_in_parts_whatever_the_sum_holds() {
    for (refund, sum_holds_machines) in [("terminal", false), ("terminal", true), ("api", false)] {
        let bridge = bridge_on("AMT0", Setup { refund, ..dojo() }).await;
        bridge.simulator.dojo_policy(&json!({ "sum_holds_machines": sum_holds_machines })).await;
        bridge.till(1).pay("R-1", 39_900).await;
        for (number, minor) in [("F-1", 10_000), ("F-2", 10_000), ("F-3", 5_000), ("F-4", 14_900)] {
            let answer = bridge.till(1).refund(number, "R-1", Some(minor)).await;
            assert_eq!(answer.word(), "approved", "{refund}, {sum_holds_machines}, {number}: {:?}", answer.body);
        }
        assert_eq!(intents(&bridge).await[0]["refunded"], 39_900);
        bridge.books_agree().await;
    }
}

/// A history that is behind does not show the run of the refund before: it must not be taken for this one's.
#[tokio::test]
async fn the_run_of_the_refund_before_is_not_taken_for_that_of_a_lost_one() {
    let bridge = bridge_on("AMT0", dojo()).await;
    bridge.till(1).pay("R-1", 39_900).await;
    bridge.simulator.dojo_policy(&json!({ "history_lag_milliseconds": 4_000 })).await;
    assert_eq!(bridge.till(1).refund("F-1", "R-1", Some(10_000)).await.word(), "approved");
    bridge.simulator.faults(json!([{ "call": "create_terminal_session", "fault": "lose_request" }])).await;
    let answer = bridge.till(1).refund("F-2", "R-1", Some(10_000)).await;
    assert_eq!(bridge.simulator.hits().await, json!({ "lose_request": 1 }), "{:?}", answer.body);
    assert_eq!(answer.word(), "unknown", "{:?}", answer.body);
}

/// D1, D2: Lost replies of either create, and every other fault: nothing is created twice, and the till hears what the provider's
/// books say.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_to_either_create_call_it_is_sent_once() {
    for call in ["create_intent", "create_terminal_session"] {
        let faults = every_fault().into_iter().chain([json!({ "status": { "code": 422 } })]);
        let at_moments = |fault: Value| MOMENTS.map(|moment| a_create_call_that_fails(call, fault.clone(), moment));
        in_every_cell(faults.flat_map(at_moments)).await;
    }
}

async fn a_create_call_that_fails(call: &'static str, fault: Value, moment: &'static str) {
    let bridge = Bridge::with(dojo()).await;
    bridge.simulator.faults(json!([{ "call": call, "fault": fault, "when": moment }])).await;
    let answer = bridge.till(1).post("/pay", json!({ "reference": "R-1", "amount": 39_900, "wait": 12 })).await;
    let dojo = bridge.simulator.ledger().await["dojo"].clone();
    let allowed: &[&str] = match (call, dojo["captured"] == 39_900) {
        (_, true) => &["approved"],
        ("create_intent", false) => &["failed"],
        // Refused with 409 or 422: the intent was let go, which proves it.
        (_, false) => &["unknown", "failed", "cancelled"],
    };
    assert!(allowed.contains(&answer.word()), "{call} {fault} {moment}: {:?}", answer.body);
    assert_ne!(bridge.simulator.hits().await, json!({}), "{call} {fault} {moment} never struck");
    for (intent, count) in dojo["session_requests"].as_object().unwrap() {
        assert_eq!(count, 1, "{call} {fault} {moment}: {intent}");
    }
    bridge.books_agree().await;
}

/// D11: A wish to cancel a session that was never known lets its intent go: proven, and at once.
#[tokio::test]
async fn a_cancel_without_a_session_lets_the_intent_go() {
    let bridge = Bridge::with(dojo()).await;
    bridge.simulator.faults(json!([{ "call": "create_terminal_session", "fault": "lose_request" }])).await;
    let till = bridge.till(1);
    assert_eq!(till.post("/pay", json!({ "reference": "R-1", "amount": 39_900, "wait": 1 })).await.word(), "unknown");
    till.cancel("R-1").await;
    assert_eq!(till.result("R-1").await.word(), "cancelled");
    assert_eq!(intents(&bridge).await[0]["status"], "Canceled");
    bridge.books_agree().await;
}

/// D12: A webhook only has the record read sooner; forged or genuine, nothing that it says is believed.
#[tokio::test]
async fn a_webhook_has_the_record_read() {
    let bridge = Bridge::with(Setup { callbacks: true, poll_ms: 60_000, ..dojo() }).await;
    let url = format!("http://{}/callbacks/dojo", bridge.folder.callback_address);
    let forged = bridge.client.post(&url).header("dojo-signature", "sha256=00").body("{}").send().await.unwrap();
    assert_eq!(forged.status(), 401);
    assert_eq!(bridge.client.get(&url).send().await.unwrap().status(), 404, "Dojo posts");
    bridge.simulator.terminal_mode(1, "manual").await;
    bridge.till(1).begin("R-1", 39_900).await;
    bridge.simulator.customer(1, "approve").await;
    let result = bridge.till(1).get("/pay/R-1?wait=20").await;
    assert_eq!(result.word(), "approved", "read long before the next reading was due");
    bridge.books_agree().await;
}
