//! What a money call's outcome is told as.

use pos_bridge::domain::identifiers::Handle;
use pos_bridge::domain::request::Details;
use pos_bridge::ports::Answer;
use pos_bridge::provider::dintero::{Dintero, Settings, StartRule};
use serde_json::json;

use crate::orders::{dintero, settings, start_refund, start_sale};
use crate::server::{Act, CREATE, Server, TOKEN, error, reply, reply_with, token};

const REFUND: &str = "/checkout/transactions/T12345678.transaction/refund";

fn in_words(answer: Answer<Handle>) -> Answer<String> {
    match answer {
        Answer::Yes(handle) => Answer::Yes(handle.to_string()),
        Answer::Undelivered(handle) => Answer::Undelivered(handle.to_string()),
        Answer::No(reason) => Answer::No(reason),
        Answer::NotSent(reason) => Answer::NotSent(reason),
        Answer::Unknown(cause) => Answer::Unknown(cause),
    }
}

async fn sale_answered(act: impl Fn() -> Act + Send + Sync + 'static) -> Answer<String> {
    let server = Server::start(move |request| if request.path() == TOKEN { token("one") } else { act() }).await;
    let answer = start_sale(&dintero(&server.url), &Details::default()).await;
    assert_eq!(server.requests_for(CREATE).len(), 1, "sent exactly once");
    in_words(answer)
}

async fn refund_answered(act: impl Fn() -> Act + Send + Sync + 'static) -> Answer<String> {
    let server = Server::start(move |request| if request.path() == TOKEN { token("one") } else { act() }).await;
    let answer = start_refund(&dintero(&server.url), &Details::default()).await;
    assert_eq!(server.requests_for(REFUND).len(), 1, "sent exactly once");
    in_words(answer)
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

/// Where the push alone starts the terminal, nobody is asked for a card.
#[tokio::test]
async fn a_push_that_starts_the_terminal_and_did_not_arrive_is_told() {
    let push = |status: &str| json!({"channel": "push", "type": "terminal", "status": status});
    let message = json!({"channel": "sms", "type": "checkout-link", "status": "sent"});
    for (publish, expected) in [
        (json!([push("failed")]), Answer::Undelivered("T1.s".to_owned())),
        (json!([message, push("skipped")]), Answer::Undelivered("T1.s".to_owned())),
        (json!([push("sent")]), Answer::Yes("T1.s".to_owned())),
        (json!([push("failed"), push("sent")]), Answer::Yes("T1.s".to_owned())),
        (json!([push("queued")]), Answer::Yes("T1.s".to_owned())),
        (json!([message]), Answer::Yes("T1.s".to_owned())),
        (json!(null), Answer::Yes("T1.s".to_owned())),
    ] {
        let shown = publish.to_string();
        let server = Server::start(move |request| match request.path() {
            TOKEN => token("one"),
            _ => reply(200, json!({"id": "T1.s", "publish": publish})),
        })
        .await;
        let settings = Settings { start: StartRule::Publish, ..settings(&server.url, &server.url) };
        let answer = start_sale(&Dintero::new(settings).unwrap(), &Details::default()).await;
        assert_eq!(in_words(answer), expected, "{shown}");
    }
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
