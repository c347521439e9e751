//! The question for a signature: accepted, rejected, left without an answer.

use serde_json::json;

use super::support::{Dojo, answered, options, statuses};

/// Nobody runs out of time in these tests.
async fn patient() -> Dojo {
    let mut options = options();
    options.dojo.limit_speed = 1;
    Dojo::with(options).await
}

impl Dojo {
    async fn verdict(&self, session_id: &str, accepted: bool) -> reqwest::Response {
        let path = format!("/terminal-sessions/{session_id}/signature");
        self.put(&path, &json!({ "accepted": accepted })).await
    }
}

#[tokio::test]
async fn an_accepted_signature_captures() {
    let dojo = patient().await;
    let intent_id = dojo.intend(1_000).await;
    let session_id = dojo.present("sis0", &intent_id).await;
    assert_eq!(dojo.read_session(&session_id).await["status"], "SignatureVerificationRequired");
    assert_eq!(dojo.read_intent(&intent_id).await["status"], "Created");
    assert_eq!(dojo.cancel(&session_id).await.status(), 422);
    let answer = answered(dojo.verdict(&session_id, true).await, 200).await;
    assert_eq!(answer["status"], "SignatureVerificationAccepted");
    assert_eq!(dojo.read_session(&session_id).await["status"], "Captured");
    assert_eq!(dojo.read_intent(&intent_id).await["status"], "Captured");
    assert_eq!(dojo.verdict(&session_id, false).await.status(), 422);
}

#[tokio::test]
async fn a_rejected_signature_declines() {
    let dojo = patient().await;
    for terminal in ["sis0", "dis0"] {
        let intent_id = dojo.intend(1_000).await;
        let session_id = dojo.present(terminal, &intent_id).await;
        answered(dojo.verdict(&session_id, false).await, 200).await;
        let session = dojo.read_session(&session_id).await;
        assert_eq!(
            statuses(&session)[2..],
            ["SignatureVerificationRequired", "SignatureVerificationRejected", "Declined",]
        );
        assert_eq!(dojo.read_intent(&intent_id).await["status"], "Created");
    }
    assert_eq!(dojo.truth().await["captured"], 0);
}

#[tokio::test]
async fn silence_accepts_and_then_it_is_too_late() {
    let dojo = Dojo::start().await;
    let intent_id = dojo.intend(1_000).await;
    let session_id = dojo.present("sis0", &intent_id).await;
    let session = dojo.until(&format!("/terminal-sessions/{session_id}"), "Captured").await;
    assert!(statuses(&session).contains(&"SignatureVerificationAccepted".to_owned()));
    assert_eq!(dojo.verdict(&session_id, false).await.status(), 422);
    assert_eq!(dojo.read_intent(&intent_id).await["status"], "Captured");
}

#[tokio::test]
async fn a_rejected_signature_may_be_captured_all_the_same() {
    let mut options = options();
    options.dojo.limit_speed = 300;
    let dojo = Dojo::with(options).await;
    let intent_id = dojo.intend(1_000).await;
    let session_id = dojo.present("rcs0", &intent_id).await;
    answered(dojo.verdict(&session_id, false).await, 200).await;
    assert_eq!(dojo.read_session(&session_id).await["status"], "Declined");
    assert_eq!(dojo.read_intent(&intent_id).await["status"], "Created");
    dojo.until(&format!("/payment-intents/{intent_id}"), "Captured").await;
    assert_eq!(dojo.read_session(&session_id).await["status"], "Declined");
}

/// "Taken, pending signature check", and "reversed after rejection".
#[tokio::test]
async fn a_payment_may_be_captured_before_its_signature_is_compared() {
    let dojo = patient().await;
    dojo.policy("captures_before_signature", json!(true)).await;
    for (accepted, status, of_intent) in
        [(true, "SignatureVerificationAccepted", "Captured"), (false, "SignatureVerificationRejected", "Reversed")]
    {
        let intent_id = dojo.intend(1_000).await;
        let session_id = dojo.present("sis0", &intent_id).await;
        assert_eq!(dojo.read_session(&session_id).await["status"], "SignatureVerificationRequired");
        assert_eq!(dojo.read_intent(&intent_id).await["status"], "Captured");
        answered(dojo.verdict(&session_id, accepted).await, 200).await;
        dojo.until(&format!("/payment-intents/{intent_id}"), of_intent).await;
        assert_eq!(dojo.read_session(&session_id).await["status"], status);
    }
    assert_eq!(
        dojo.truth().await["captured"].as_i64().unwrap() - dojo.truth().await["refunded"].as_i64().unwrap(),
        1_000
    );
}

#[tokio::test]
async fn an_answer_is_a_verdict_to_a_question() {
    let dojo = patient().await;
    let asked = dojo.present("sis0", &dojo.intend(1_000).await).await;
    for wrong in [json!({}), json!({ "accepted": "yes" }), json!({ "accepted": true, "by": "me" })] {
        assert_eq!(dojo.put(&format!("/terminal-sessions/{asked}/signature"), &wrong).await.status(), 400);
    }
    let unasked = dojo.present("ncn0", &dojo.intend(1_000).await).await;
    assert_eq!(dojo.verdict(&unasked, true).await.status(), 422);
    assert_eq!(dojo.verdict("ts_none", true).await.status(), 404);
}
