//! Money back: by a call, by a session on the terminal, to any card.

use reqwest::{Method, Response};
use serde_json::{Value, json};

use super::support::{Dojo, answered, identifier, matched_refund, money};

impl Dojo {
    async fn refund(&self, intent_id: &str, key: &str, body: &Value) -> Response {
        let request = self.request(Method::POST, &format!("/payment-intents/{intent_id}/refunds"));
        request.header("IdempotencyKey", key).json(body).send().await.unwrap()
    }
}

#[tokio::test]
async fn the_same_key_is_the_same_refund() {
    let dojo = Dojo::start().await;
    let intent_id = dojo.sell("sip0", 1_000).await;
    let body = json!({ "amount": 400, "refundReason": "broken" });
    let first = answered(dojo.refund(&intent_id, "key-1", &body).await, 200).await;
    let again = answered(dojo.refund(&intent_id, "key-1", &body).await, 200).await;
    assert_eq!(first, again);
    assert_eq!(first["refundReason"], "broken");
    let read = dojo.get(&format!("/payment-intents/refunds/{}", first["refundId"].as_str().unwrap())).await;
    assert_eq!(read, first);
    let intent = dojo.read_intent(&intent_id).await;
    assert_eq!((&intent["status"], &intent["refundedAmount"]), (&json!("Captured"), &json!(400)));

    answered(dojo.refund(&intent_id, "key-2", &json!({ "amount": 600 })).await, 200).await;
    let intent = dojo.read_intent(&intent_id).await;
    assert_eq!((&intent["status"], &intent["refundedAmount"]), (&json!("Refunded"), &json!(1_000)));
    let truth = dojo.truth().await;
    assert_eq!(truth["refunded"], 1_000);
    assert_eq!(truth["refund_requests"], json!({ "key-1": 2, "key-2": 1 }));
    assert_eq!(dojo.try_get("/payment-intents/refunds/rfnd_none").await.unwrap().status(), 404);
}

#[tokio::test]
async fn what_cannot_be_refunded_is_refused() {
    let dojo = Dojo::start().await;
    let paid = dojo.sell("sip0", 1_000).await;
    let unpaid = dojo.intend(1_000).await;
    for (intent_id, key, body) in [
        (&paid, "key", json!({ "amount": 1_001 })),
        (&paid, "key", json!({ "amount": 0 })),
        (&paid, "key", json!({ "amount": money(100) })),
        (&paid, "key", json!({ "amount": 100, "unknown": 1 })),
        (&paid, "key", json!({})),
        (&paid, "", json!({ "amount": 100 })),
        (&paid, "x".repeat(101).as_str(), json!({ "amount": 100 })),
        (&unpaid, "key", json!({ "amount": 100 })),
    ] {
        assert_eq!(dojo.refund(intent_id, key, &body).await.status(), 400, "{body}");
    }
    let without_key = dojo.post(&format!("/payment-intents/{paid}/refunds"), &json!({ "amount": 100 })).await;
    assert_eq!(without_key.status(), 400);
    assert_eq!(dojo.truth().await["refunded"], 0);
}

#[tokio::test]
async fn refunds_without_a_card_may_be_refused_in_another_shape() {
    let dojo = Dojo::start().await;
    dojo.policy("api_refunds", json!("refused")).await;
    let intent_id = dojo.sell("sip0", 1_000).await;
    for _ in 0..2 {
        let refused = answered(dojo.refund(&intent_id, "key", &json!({ "amount": 1_000 })).await, 400).await;
        let detail = "Your refund request was not successful. Status: Failed.";
        assert_eq!(refused, json!({ "Status": 400, "Detail": detail, "Extensions": {} }));
    }
    let reversal = dojo.post(&format!("/payment-intents/{intent_id}/reversal"), &json!({})).await;
    assert_eq!(answered(reversal, 400).await["Status"], 400);
    assert_eq!(dojo.read_intent(&intent_id).await["refundedAmount"], 0);

    dojo.policy("api_refunds", json!("first_attempt_only")).await;
    answered(dojo.refund(&intent_id, "key", &json!({ "amount": 1_000 })).await, 200).await;
    let second = dojo.intend(1_000).await;
    dojo.present("dip0", &second).await;
    dojo.present("sip0", &second).await;
    assert_eq!(dojo.refund(&second, "key", &json!({ "amount": 1_000 })).await.status(), 400);
}

#[tokio::test]
async fn a_reversal_gives_all_of_it_back_once() {
    let dojo = Dojo::start().await;
    let reverse = async |id: &str| dojo.post(&format!("/payment-intents/{id}/reversal"), &json!({})).await;
    let intent_id = dojo.sell("sip0", 1_000).await;
    let reversal = answered(reverse(&intent_id).await, 200).await;
    assert!(reversal["reversalId"].as_str().unwrap().starts_with("rvs_"));
    assert_eq!(dojo.read_intent(&intent_id).await["status"], "Reversed");
    assert_eq!(reverse(&intent_id).await.status(), 409);
    let partly = dojo.sell("sip0", 1_000).await;
    dojo.refund(&partly, "key", &json!({ "amount": 1 })).await;
    assert_eq!(reverse(&partly).await.status(), 409);
    assert_eq!(dojo.truth().await["refunded"], 1_001);
    let late = dojo.sell("sip0", 1_000).await;
    dojo.policy("reversals", json!(false)).await;
    assert_eq!(reverse(&late).await.status(), 400);
    answered(dojo.refund(&late, "key", &json!({ "amount": 1_000 })).await, 200).await;
}

#[tokio::test]
async fn a_matched_refund_runs_on_a_terminal() {
    let dojo = Dojo::start().await;
    let intent_id = dojo.sell("sip0", 1_000).await;
    let over = dojo.post("/terminal-sessions", &matched_refund("sip0", &intent_id, Some(1_001))).await;
    assert_eq!(over.status(), 400);
    let mut euros = matched_refund("sip0", &intent_id, Some(100));
    euros["details"]["matchedRefund"]["amount"]["currencyCode"] = json!("EUR");
    assert_eq!(dojo.post("/terminal-sessions", &euros).await.status(), 400);

    let session = dojo.post("/terminal-sessions", &matched_refund("sip0", &intent_id, Some(300))).await;
    let session = dojo.read_session(&identifier(answered(session, 200).await)).await;
    assert_eq!(session["status"], "Captured");
    assert_eq!(session["details"]["matchedRefund"]["amount"], money(300));
    assert_eq!(dojo.read_intent(&intent_id).await["refundedAmount"], 300);
    dojo.policy("sum_holds_machines", json!(false)).await;
    answered(dojo.refund(&intent_id, "key", &json!({ "amount": 200 })).await, 200).await;
    assert_eq!(dojo.read_intent(&intent_id).await["refundedAmount"], 200, "only what was given back without a card");
    dojo.policy("sum_holds_machines", json!(true)).await;
    let rest = dojo.post("/terminal-sessions", &matched_refund("scn0", &intent_id, None)).await;
    answered(rest, 200).await;
    let intent = dojo.read_intent(&intent_id).await;
    assert_eq!((&intent["status"], &intent["refundedAmount"]), (&json!("Refunded"), &json!(1_000)));
    assert_eq!(intent["terminalSessionHistory"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_terminal_may_decline_a_refund() {
    let dojo = Dojo::start().await;
    let intent_id = dojo.sell("rde0", 1_000).await;
    for terminal in ["rde0", "dip0"] {
        let session = dojo.post("/terminal-sessions", &matched_refund(terminal, &intent_id, None)).await;
        let session = dojo.read_session(&identifier(answered(session, 200).await)).await;
        assert_eq!(session["status"], "Declined");
    }
    assert_eq!(dojo.read_intent(&intent_id).await["refundedAmount"], 0);
}

#[tokio::test]
async fn a_refund_without_a_payment_goes_to_any_card_if_the_account_may() {
    let dojo = Dojo::start().await;
    let body = json!({
        "terminalId": "tm_sandbox_sip0",
        "details": { "sessionType": "UnlinkedRefund", "unlinkedRefund": { "amount": money(500) } },
    });
    let session = identifier(answered(dojo.post("/terminal-sessions", &body).await, 200).await);
    assert_eq!(dojo.read_session(&session).await["status"], "Captured");
    let truth = dojo.truth().await;
    assert_eq!(truth["refunded_unlinked"], 500);
    assert_eq!(truth["unlinked_refunds"][0]["session_id"], json!(session));
    dojo.policy("unlinked_refunds", json!(false)).await;
    assert_eq!(dojo.post("/terminal-sessions", &body).await.status(), 400);
}
