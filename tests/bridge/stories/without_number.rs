//! Tills without receipt numbers.

use serde_json::json;

use super::with_profile;
use crate::support::*;

const NO_NUMBERS: &str = "reference = \"optional\"";

fn flagged(answer: &Answer) -> bool {
    answer.body["possible_duplicate"] == json!(true)
}

#[tokio::test]
async fn a_till_without_numbers_gets_one_to_print_and_to_ask_by() {
    let bridge = with_profile(NO_NUMBERS).await;
    let till = bridge.till(1);
    let sold = till.sell(39900).await;
    assert_eq!((sold.status, sold.word()), (200, "approved"));
    assert_eq!(sold.body.get("possible_duplicate"), None, "said only when it is so");
    let reference = sold.body["reference"].as_str().unwrap();
    assert!(reference.len() <= 12 && reference.bytes().all(|byte| byte.is_ascii_graphic()), "{reference}");
    let asked = till.get(&format!("/pay/{reference}")).await;
    assert_eq!(asked.body, sold.body);
    // It still may send numbers of its own.
    assert_eq!(till.pay("R-1", 39900).await.body["reference"], "R-1");
    bridge.books_agree().await;
}

/// P5: the cable was pulled in the middle of a sale, and the cashier presses the button again.
#[tokio::test]
async fn a_cashier_who_presses_again_charges_once() {
    let bridge = with_profile(NO_NUMBERS).await;
    bridge.simulator.terminal_mode(1, "manual").await;
    let till = bridge.till(1);
    let first = till.post("/pay", json!({ "amount": 39900, "wait": 0 })).await;
    let again = tokio::spawn({
        let till = till.clone();
        async move { till.sell(39900).await }
    });
    bridge.waits_for(1).await;
    bridge.simulator.customer(1, "approve").await;
    let joined = again.await.unwrap();
    assert_eq!((joined.word(), flagged(&joined)), ("approved", true));
    assert_eq!(joined.body["reference"], first.body["reference"]);

    let replayed = till.sell(39900).await;
    assert_eq!((replayed.word(), &replayed.body["replayed"], flagged(&replayed)), ("approved", &json!(true), true));
    assert_eq!(replayed.body["operation_id"], first.body["operation_id"]);
    assert_eq!(bridge.operations().await.len(), 1);
    bridge.books_agree().await;
}

#[tokio::test]
async fn twenty_copies_without_a_number_are_one_sale() {
    let bridge = with_profile(NO_NUMBERS).await;
    let copies: Vec<_> = (0..20)
        .map(|_| {
            let till = bridge.till(1);
            tokio::spawn(async move { till.sell(39900).await })
        })
        .collect();
    let mut duplicates = 0;
    for copy in copies {
        let answer = copy.await.unwrap();
        assert_eq!(answer.word(), "approved");
        duplicates += usize::from(flagged(&answer));
    }
    assert_eq!((duplicates, bridge.operations().await.len()), (19, 1));
    bridge.books_agree().await;
}

/// Two customers in a row buy the same: the cashier, who sees both, says so.
#[tokio::test]
async fn force_makes_a_new_sale_of_the_same_amount() {
    let bridge = with_profile(NO_NUMBERS).await;
    let till = bridge.till(1);
    let first = till.sell(4900).await;
    let second = till.post("/pay", json!({ "amount": 4900, "force": true })).await;
    assert_eq!((second.word(), flagged(&second)), ("approved", false));
    assert_ne!(second.body["reference"], first.body["reference"]);
    // What comes again is the latest of the two.
    let again = till.post("/pay", json!({ "amount": 4900, "force": false })).await;
    assert_eq!((&again.body["reference"], flagged(&again)), (&second.body["reference"], true));
    bridge.books_agree().await;
}

#[tokio::test]
async fn force_is_refused_beside_a_reference_and_a_number_where_it_must_be() {
    let bridge = with_profile(NO_NUMBERS).await;
    let till = bridge.till(1);
    for force in [true, false] {
        let refused = till.post("/pay", json!({ "reference": "R-1", "amount": 100, "force": force })).await;
        assert_eq!((refused.status, refused.word()), (400, "invalid_request"));
        assert!(refused.body["detail"].as_str().unwrap().starts_with("force: "), "{:?}", refused.body);
    }
    let strict = Bridge::start().await;
    for body in [json!({ "amount": 100 }), json!({ "amount": 100, "force": true })] {
        let refused = strict.till(1).post("/pay", body).await;
        assert!(refused.body["detail"].as_str().unwrap().starts_with("reference: "), "{:?}", refused.body);
    }
    assert!(bridge.operations().await.is_empty() && strict.operations().await.is_empty());
}

/// Another amount, terminal, till or kind is another operation.
#[tokio::test]
async fn only_the_same_thing_asked_for_is_the_same_operation() {
    let bridge = with_profile(NO_NUMBERS).await;
    let till = bridge.till(1);
    let sold = till.sell(39900).await;
    let refund = json!({ "original_reference": sold.body["reference"], "amount": 100 });
    for (path, body) in [
        ("/pay", json!({ "amount": 39901 })),
        ("/pay", json!({ "amount": 39900, "terminal": "terminal-2" })),
        ("/refund", refund.clone()),
    ] {
        let answer = till.post(path, body).await;
        assert_eq!((answer.word(), flagged(&answer)), ("approved", false), "{path}");
        assert_ne!(answer.body["operation_id"], sold.body["operation_id"]);
    }
    let other = bridge.till(2).post("/pay", json!({ "amount": 39900 })).await;
    assert_eq!((other.word(), flagged(&other)), ("approved", false));
    // The same refund again gives nothing back twice.
    let again = till.post("/refund", refund).await;
    assert_eq!((again.word(), flagged(&again), &again.body["replayed"]), ("approved", true, &json!(true)));
    bridge.books_agree().await;
}

/// A sale that was booked is another customer's after a minute and a half, and not before.
#[tokio::test]
async fn a_booked_sale_is_a_possible_duplicate_for_ninety_seconds() {
    let mut bridge = with_profile(NO_NUMBERS).await;
    let till = bridge.till(1);
    let first = till.sell(4900).await;
    let path = format!("/pay/{}/ack", first.body["reference"].as_str().unwrap());
    assert_eq!(till.post(&path, json!({})).await.body["acknowledged"], true);
    assert!(flagged(&till.sell(4900).await));
    bridge.time_passes(91).await;
    let second = till.sell(4900).await;
    assert_eq!((second.word(), flagged(&second)), ("approved", false));
    bridge.books_agree().await;
}

/// A till that never books: what it was told of counts as booked when it has gone on to the next customer.
#[tokio::test]
async fn a_till_that_never_books_is_not_held_to_one_amount_for_ever() {
    let mut bridge = with_profile(NO_NUMBERS).await;
    let till = bridge.till(1);
    let first = till.sell(4900).await;
    bridge.time_passes(3600).await;
    let repeated = till.sell(4900).await;
    assert_eq!((&repeated.body["reference"], flagged(&repeated)), (&first.body["reference"], true), "not booked");
    assert!(!flagged(&till.sell(5000).await), "the next customer");
    let second = till.sell(4900).await;
    assert_eq!((second.word(), flagged(&second)), ("approved", false));
    assert_ne!(second.body["reference"], first.body["reference"]);
    bridge.books_agree().await;
}

/// The card was refused and the till knows: the customer takes another card.
#[tokio::test]
async fn after_a_decline_the_next_try_without_a_number_goes_through() {
    for (on_repeat, same_operation) in [("new_attempt", true), ("replay", false)] {
        let bridge = Bridge::with(Setup { profile: NO_NUMBERS, on_repeat, ..Setup::default() }).await;
        bridge.simulator.terminal_mode(1, "manual").await;
        let till = bridge.till(1);
        let mut operations = Vec::new();
        for does in ["decline", "approve"] {
            let trying = tokio::spawn({
                let till = till.clone();
                async move { till.sell(39900).await }
            });
            bridge.simulator.customer(1, does).await;
            let answer = trying.await.unwrap();
            assert_eq!(answer.word(), if does == "decline" { "declined" } else { "approved" });
            bridge.has_told(answer.body["reference"].as_str().unwrap()).await;
            operations.push(answer.body["operation_id"].clone());
        }
        assert_eq!(operations[0] == operations[1], same_operation, "{on_repeat}");
        bridge.books_agree().await;
    }
}

/// Whoever names no amount means all that is left, not the part that was given back before.
#[tokio::test]
async fn the_rest_of_a_sale_is_not_the_part_that_was_given_back_before() {
    let bridge = with_profile(NO_NUMBERS).await;
    let till = bridge.till(1);
    till.pay("R-1", 39900).await;
    let part = till.post("/refund", json!({ "original_reference": "R-1", "amount": 100 })).await;
    assert_eq!((part.word(), &part.body["amount"], flagged(&part)), ("approved", &json!(100), false));
    let rest = till.post("/refund", json!({ "original_reference": "R-1" })).await;
    assert_eq!((rest.word(), &rest.body["amount"], flagged(&rest)), ("approved", &json!(39800), false));
    let again = till.post("/refund", json!({ "original_reference": "R-1" })).await;
    assert_eq!((again.word(), &again.body["amount"], flagged(&again)), ("approved", &json!(39800), true));
    assert_eq!(again.body["operation_id"], rest.body["operation_id"]);
    bridge.books_agree().await;
}
