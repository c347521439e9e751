//! The control API for Dojo: terminals by hand, requests, ledger, reset.

use pos_bridge::simulator::virtual_terminals;
use reqwest::Method;
use serde_json::{Value, json};

use super::support::{Dojo, options};

async fn patient() -> Dojo {
    let mut options = options();
    options.dojo.limit_speed = 1;
    let dojo = Dojo::with(options).await;
    dojo.simulator.control(Method::PUT, "/terminals/tm_sandbox_sip0", json!({ "mode": "manual" })).await;
    dojo
}

impl Dojo {
    async fn customer(&self, gesture: &str) -> u16 {
        let path = format!("/terminals/tm_sandbox_sip0/{gesture}");
        self.simulator.control(Method::POST, &path, json!({})).await.status().as_u16()
    }
}

#[tokio::test]
async fn a_person_pays_declines_stops_and_signs() {
    let dojo = patient().await;
    for (gesture, status) in [
        ("approve", "Captured"),
        ("decline", "Declined"),
        ("cancel", "Canceled"),
        ("sign", "SignatureVerificationRequired"),
    ] {
        let session_id = dojo.present("sip0", &dojo.intend(1_000).await).await;
        assert_eq!(dojo.read_session(&session_id).await["status"], "Initiated");
        let prompt = dojo.simulator.look("/terminals/tm_sandbox_sip0").await["prompt"].clone();
        assert_eq!(prompt["session_id"], json!(session_id));
        assert_eq!(dojo.customer(gesture).await, 200);
        assert_eq!(dojo.read_session(&session_id).await["status"], status);
    }
    assert_eq!(dojo.customer("approve").await, 200);
    assert_eq!(dojo.customer("approve").await, 409);
}

#[tokio::test]
async fn an_inserted_card_cannot_be_cancelled_from_afar() {
    let dojo = patient().await;
    let session_id = dojo.present("sip0", &dojo.intend(1_000).await).await;
    dojo.customer("insert").await;
    assert_eq!(dojo.cancel(&session_id).await.status(), 422);
    dojo.customer("approve").await;
    assert_eq!(dojo.read_session(&session_id).await["status"], "Captured");
}

#[tokio::test]
async fn the_ledger_tells_each_intent_with_its_sessions_and_refunds() {
    let dojo = Dojo::start().await;
    let intent_id = dojo.sell("sip0", 1_000).await;
    dojo.simulator.sell(500).await;
    let request = dojo.request(Method::POST, &format!("/payment-intents/{intent_id}/refunds"));
    request.header("idempotencyKey", "key-1").json(&json!({ "amount": 300 })).send().await.unwrap();
    for reference in ["order-1", "op-1"] {
        let truth = dojo.simulator.look(&format!("/ledger?merchant_reference={reference}")).await;
        let told = &truth["dojo"]["intents"][0];
        assert_eq!((&told["captured"], &told["refunded"]), (&json!(1_000), &json!(300)), "{reference}");
        assert_eq!(told["sessions"][0]["status"], "Captured");
        assert_eq!(told["refunds"][0]["idempotency_key"], "key-1");
    }
    let truth = dojo.simulator.look("/ledger").await;
    assert_eq!((&truth["captured"], &truth["dojo"]["captured"]), (&json!(500), &json!(1_000)));
    assert_eq!(dojo.simulator.look("/ledger?merchant_reference=other").await["dojo"]["intents"], json!([]));
}

#[tokio::test]
async fn requests_are_kept_without_the_key_and_a_reset_forgets() {
    let dojo = Dojo::start().await;
    let session_id = dojo.present("ncn0", &dojo.intend(1_000).await).await;
    dojo.cancel(&session_id).await;
    let requests = dojo.simulator.look("/requests").await;
    let last = requests.as_array().unwrap().last().unwrap();
    assert_eq!(last["headers"]["content-length"], "0");
    assert_eq!(last["headers"]["software-house-id"], "softwareHouse1");
    assert!(!requests.to_string().contains("sk_sandbox"));
    dojo.policy("reseller_required", json!(false)).await;
    dojo.simulator.control(Method::POST, "/reset", json!({})).await;
    assert_eq!(dojo.truth().await["intents"], json!([]));
    assert_eq!(dojo.simulator.look("/dojo").await["reseller_required"], true);
}

#[tokio::test]
async fn the_table_is_told_as_it_is() {
    let dojo = Dojo::start().await;
    let told: Value = dojo.simulator.look("/dojo/terminals").await;
    assert_eq!(told.as_array().unwrap().len(), virtual_terminals().len());
    assert_eq!(told[0]["suffix"], "SIP0");
}

#[tokio::test]
async fn a_policy_that_is_none_is_refused() {
    let dojo = Dojo::start().await;
    for wrong in [json!({ "unknown": 1 }), json!({ "api_refunds": "sometimes" })] {
        assert_eq!(dojo.simulator.control(Method::PUT, "/dojo", wrong).await.status(), 400);
    }
    assert_eq!(dojo.simulator.look("/dojo").await["api_refunds"], "accepted");
}
