//! What an answer to a new session means: this is the call that takes money.

use pos_bridge::domain::attempt::{Attempt, Phase};
use pos_bridge::domain::request::Details;
use pos_bridge::ports::{Provider, SaleOrder};
use serde_json::{Value, json};

use crate::orders::{answered, dojo, sale, start_sale, store};
use crate::server::{Act, INTENT, SESSIONS, Server, asked, dead_url, history, intent, problem, reply, session};

async fn started(act: impl Fn() -> Act + Send + Sync + 'static) -> String {
    let server = Server::start(move |_| act()).await;
    let answer = start_sale(&dojo(&server.url)).await;
    assert_eq!(asked(&server), [format!("POST {SESSIONS}")], "sent exactly once, and nothing else");
    answered(&answer)
}

#[tokio::test]
async fn a_session_with_an_id_is_a_yes() {
    assert_eq!(started(|| reply(201, session("InitiateRequested"))).await, "yes ts_1");
}

#[tokio::test]
async fn a_refusal_in_dojos_own_words_is_a_no() {
    for status in [400, 401, 403, 404] {
        assert_eq!(started(move || problem(status)).await, "no REFUSED", "{status}");
    }
}

#[tokio::test]
async fn whatever_is_not_connected_was_not_sent() {
    assert_eq!(answered(&start_sale(&dojo(&dead_url().await)).await), "not sent not_sent");
}

#[tokio::test]
async fn anything_else_may_have_happened() {
    let acts: [fn() -> Act; 9] = [
        || Act::Close,
        || Act::Half,
        || Act::Hang,
        || reply(200, json!({})),
        || reply(200, json!({"id": ""})),
        || problem(429),
        || problem(500),
        // Not in Dojo's own words: a gateway's.
        || reply(403, json!({"message": "Forbidden"})),
        || reply(409, json!("busy")),
    ];
    for (position, act) in acts.into_iter().enumerate() {
        assert_eq!(started(act).await, "unknown", "row {position}");
    }
}

#[tokio::test]
async fn a_sale_that_was_not_prepared_is_not_sent() {
    let server = Server::start(|_| problem(500)).await;
    let attempt = Attempt { preparation: None, ..sale(Phase::Sending) };
    let (store, details) = (store(), Details::default());
    let order = SaleOrder { attempt: &attempt, store: &store, till_reference: "till-1/R-1", details: &details };
    assert_eq!(answered(&dojo(&server.url).start_sale(order).await), "not sent not_sent");
    assert_eq!(server.connections(), 0);
}

/// The session is refused in a way that Dojo does not document; then the intent is let go, and read.
async fn refused(status: u16, let_go: u16, left: impl Fn() -> Act + Send + Sync + 'static) -> (String, Vec<String>) {
    let server = Server::start(move |request| match request.method.as_str() {
        "POST" => problem(status),
        "DELETE" if let_go == 200 => reply(200, json!({})),
        "DELETE" => problem(let_go),
        _ => left(),
    })
    .await;
    let answer = answered(&start_sale(&dojo(&server.url)).await);
    (answer, asked(&server))
}

fn left(status: &'static str) -> impl Fn() -> Act {
    move || reply(200, intent(status, json!({})))
}

#[tokio::test]
async fn a_machine_in_use_is_a_no_once_the_intent_was_let_go() {
    for status in [409, 422] {
        let (answer, asked) = refused(status, 200, left("Canceled")).await;
        assert_eq!(answer, "no REFUSED", "{status}");
        let read = format!("GET {INTENT}?returnCanceled=true");
        assert_eq!(asked, [format!("POST {SESSIONS}"), format!("DELETE {INTENT}"), read], "{status}");
    }
}

#[tokio::test]
async fn the_record_proves_it_whatever_the_letting_go_was_answered_with() {
    assert_eq!(refused(409, 422, left("Canceled")).await.0, "no REFUSED");
}

#[tokio::test]
async fn a_refusal_without_that_proof_proves_nothing() {
    for status in ["Created", "Captured", "Authorized", "Teleported"] {
        assert_eq!(refused(409, 200, left(status)).await.0, "unknown", "{status}");
    }
    let taken = || reply(200, intent("Canceled", history(session("Captured"))));
    assert_eq!(refused(409, 200, taken).await.0, "unknown");
    assert_eq!(refused(409, 200, || problem(404)).await.0, "unknown");
    assert_eq!(refused(422, 200, || Act::Close).await.0, "unknown");
    let (answer, asked) = refused(409, 500, left("Canceled")).await;
    assert_eq!((answer.as_str(), asked.len()), ("unknown", 2));
    let other = || reply(200, json!({"id": "pi_2", "status": "Canceled"}) as Value);
    assert_eq!(refused(409, 200, other).await.0, "unknown");
}
