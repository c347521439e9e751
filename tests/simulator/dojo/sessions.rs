//! A session on its way: cancelled in time and too late, expired, and its receipts.

use serde_json::{Value, json};

use super::support::{Dojo, answered, options, statuses};

#[tokio::test]
async fn a_cancel_before_the_card_is_obeyed() {
    let mut options = options();
    options.dojo.limit_speed = 1;
    let dojo = Dojo::with(options).await;
    let intent_id = dojo.intend(1_000).await;
    let session_id = dojo.present("ncn0", &intent_id).await;
    assert_eq!(answered(dojo.cancel(&session_id).await, 200).await["status"], "CancelRequested");
    let session = dojo.read_session(&session_id).await;
    assert_eq!(statuses(&session), ["InitiateRequested", "Initiated", "CancelRequested", "Canceled"]);
    assert_eq!(dojo.cancel(&session_id).await.status(), 422);
    assert_eq!(dojo.read_intent(&intent_id).await["status"], "Created");
    assert_eq!(dojo.cancel("ts_none").await.status(), 404);
}

#[tokio::test]
async fn a_cancel_after_a_card_is_refused() {
    let dojo = Dojo::start().await;
    let paid = dojo.present("sip0", &dojo.intend(1_000).await).await;
    assert_eq!(dojo.cancel(&paid).await.status(), 422);
    let declined = dojo.present("dip0", &dojo.intend(1_000).await).await;
    let refused = answered(dojo.cancel(&declined).await, 422).await;
    assert!(refused["detail"].is_string());
}

#[tokio::test]
async fn the_card_may_win_against_a_cancel() {
    let mut options = options();
    options.speed = 200;
    let dojo = Dojo::with(options).await;
    let intent_id = dojo.intend(1_000).await;
    let session_id = dojo.present("acl0", &intent_id).await;
    assert_eq!(answered(dojo.cancel(&session_id).await, 200).await["status"], "CancelRequested");
    answered(dojo.cancel(&session_id).await, 200).await;
    dojo.until(&format!("/terminal-sessions/{session_id}"), "Captured").await;
    assert_eq!(dojo.read_intent(&intent_id).await["status"], "Captured");

    let intent_id = dojo.intend(1_000).await;
    let session_id = dojo.present("ctl0", &intent_id).await;
    assert_eq!(dojo.cancel(&session_id).await.status(), 422);
    assert_eq!(dojo.read_intent(&intent_id).await["status"], "Captured");
}

#[tokio::test]
async fn an_expiry_moves_with_the_status() {
    let mut options = options();
    options.speed = 1;
    options.dojo.limit_speed = 1;
    let dojo = Dojo::with(options).await;
    let session_id = dojo.present("ncn0", &dojo.intend(1_000).await).await;
    let lasts = |session: &Value| -> i64 {
        let expires: jiff::Timestamp = session["expireAt"].as_str().unwrap().parse().unwrap();
        let event = session["statusEvents"].as_array().unwrap().last().unwrap();
        let since: jiff::Timestamp = event["createdAt"].as_str().unwrap().parse().unwrap();
        expires.duration_since(since).as_secs()
    };
    assert_eq!(lasts(&dojo.read_session(&session_id).await), 10);
    let initiated = dojo.until(&format!("/terminal-sessions/{session_id}"), "Initiated").await;
    assert_eq!(lasts(&initiated), 90);
}

#[tokio::test]
async fn receipts_stand_where_they_are_told_to() {
    let dojo = Dojo::start().await;
    let session_id = dojo.present("sip0", &dojo.intend(1_234).await).await;
    for (place, members) in [
        ("copies", &["customerReceipt", "merchantReceipt"][..]),
        ("receipt", &["receipt"]),
        ("everywhere", &["customerReceipt", "merchantReceipt", "receipt"]),
    ] {
        dojo.policy("receipts", json!(place)).await;
        let session = dojo.read_session(&session_id).await;
        for member in ["customerReceipt", "merchantReceipt", "receipt"] {
            assert_eq!(session.get(member).is_some(), members.contains(&member), "{place}: {member}");
        }
        let text = session[members[0]].to_string();
        assert!(text.contains("£12.34") && text.contains("************0226"), "{text}");
    }
}
