//! What a money call's outcome is told as.

use pos_bridge::domain::request::Details;
use pos_bridge::ports::Answer;
use serde_json::json;

use crate::orders::{dintero, start_refund, start_sale};
use crate::server::{Act, CREATE, Server, TOKEN, error, reply, reply_with, token};

const REFUND: &str = "/checkout/transactions/T12345678.transaction/refund";

async fn sale_answered(act: impl Fn() -> Act + Send + Sync + 'static) -> Answer<String> {
    let server = Server::start(move |request| if request.path() == TOKEN { token("one") } else { act() }).await;
    let answer = start_sale(&dintero(&server.url), &Details::default()).await;
    assert_eq!(server.requests_for(CREATE).len(), 1, "sent exactly once");
    match answer {
        Answer::Yes(handle) => Answer::Yes(handle.to_string()),
        Answer::No(reason) => Answer::No(reason),
        Answer::NotSent(reason) => Answer::NotSent(reason),
        Answer::Unknown(cause) => Answer::Unknown(cause),
    }
}

async fn refund_answered(act: impl Fn() -> Act + Send + Sync + 'static) -> Answer<String> {
    let server = Server::start(move |request| if request.path() == TOKEN { token("one") } else { act() }).await;
    let answer = start_refund(&dintero(&server.url), &Details::default()).await;
    assert_eq!(server.requests_for(REFUND).len(), 1, "sent exactly once");
    match answer {
        Answer::Yes(handle) => Answer::Yes(handle.to_string()),
        Answer::No(reason) => Answer::No(reason),
        Answer::NotSent(reason) => Answer::NotSent(reason),
        Answer::Unknown(cause) => Answer::Unknown(cause),
    }
}

#[tokio::test]
async fn a_session_with_an_id_is_a_yes() {
    let answer = sale_answered(|| reply(200, json!({"id": "T1.s", "url": "https://x"}))).await;
    assert_eq!(answer, Answer::Yes("T1.s".into()));
}

#[tokio::test]
async fn a_push_that_was_skipped_is_no_definite_no() {
    let created = json!({"id": "T1.s", "publish": [{"channel": "push", "type": "terminal", "status": "skipped"}]});
    assert_eq!(sale_answered(move || reply(200, created.clone())).await, Answer::Yes("T1.s".into()));
}

#[tokio::test]
async fn a_refusal_in_dinteros_words_is_a_no() {
    let answer = sale_answered(|| error(400, "INVALID_REQUEST_PARAMETER")).await;
    assert!(matches!(answer, Answer::No(reason) if reason.code == "INVALID_REQUEST_PARAMETER"));
}

#[tokio::test]
async fn whatever_else_comes_back_proves_nothing() {
    let acts: [fn() -> Act; 9] = [
        || reply(200, json!({})),
        || Act::Reply { status: 200, headers: Vec::new(), body: b"<html>".to_vec() },
        || Act::Reply { status: 403, headers: Vec::new(), body: b"blocked".to_vec() },
        || error(409, "conflict"),
        || error(429, "slow down"),
        || error(500, "oops"),
        || Act::Close,
        || Act::Half,
        || Act::Hang,
    ];
    for (row, act) in acts.into_iter().enumerate() {
        assert!(matches!(sale_answered(act).await, Answer::Unknown(_)), "row {row}");
    }
}

#[tokio::test]
async fn an_endless_reply_is_cut() {
    let long = || Act::Reply { status: 200, headers: Vec::new(), body: vec![b' '; 1024 * 1024 + 1] };
    assert!(matches!(sale_answered(long).await, Answer::Unknown(cause) if cause.contains("longer than")));
}

#[tokio::test]
async fn a_refund_is_known_by_its_request_or_by_our_reference() {
    let later = || reply_with(202, ("Event-Request-Id", "request-1"), json!({}));
    assert_eq!(refund_answered(later).await, Answer::Yes("request-1".into()));
    let at_once = || reply(200, json!({"id": "T12345678.transaction", "amount": 39900, "currency": "NOK"}));
    assert_eq!(refund_answered(at_once).await, Answer::Yes(crate::orders::reference().to_string()));
    let plain_202 = || Act::Reply { status: 202, headers: Vec::new(), body: Vec::new() };
    assert_eq!(refund_answered(plain_202).await, Answer::Yes(crate::orders::reference().to_string()));
    let other = || reply(200, json!({"id": "T12345678.other", "amount": 39900, "currency": "NOK"}));
    assert!(matches!(refund_answered(other).await, Answer::Unknown(_)));
    assert!(matches!(refund_answered(|| error(503, "busy")).await, Answer::Unknown(_)));
}
