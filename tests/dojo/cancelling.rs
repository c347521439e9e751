//! How an attempt is stopped, as far as that is possible.

use pos_bridge::domain::attempt::{Attempt, Phase};
use pos_bridge::ports::{Provider, ReadError};
use serde_json::json;

use crate::orders::{dojo, open, refund, sale, unknown};
use crate::server::{Act, CANCEL, INTENT, SESSION, Server, asked, intent, problem, record, reply, session};

/// Whether it was asked for, and by which calls beside readings.
async fn cancelled(attempt: &Attempt, status: &'static str) -> (bool, Vec<String>) {
    let server = record(session(status), intent("Created", json!({}))).await;
    let wished = dojo(&server.url).cancel(attempt).await.unwrap();
    (wished, asked(&server).into_iter().filter(|call| !call.starts_with("GET")).collect())
}

#[tokio::test]
async fn a_session_that_waits_is_cancelled_there_and_a_card_is_never_cut_off() {
    let at_machine = vec![format!("PUT {CANCEL}")];
    let let_go = vec![format!("DELETE {INTENT}")];
    let table = [
        ("InitiateRequested", &at_machine),
        ("Initiated", &at_machine),
        ("CancelRequested", &Vec::new()),
        ("Authorized", &Vec::new()),
        ("SignatureVerificationRequired", &Vec::new()),
        ("SignatureVerificationAccepted", &Vec::new()),
        ("Teleported", &Vec::new()),
        ("Captured", &Vec::new()),
        ("Expired", &let_go),
        ("Canceled", &let_go),
        ("Declined", &let_go),
    ];
    for (status, calls) in table {
        assert_eq!(cancelled(&sale(open()), status).await, (true, calls.clone()), "{status}");
    }
}

#[tokio::test]
async fn without_a_session_the_intent_is_let_go() {
    let let_go = (true, vec![format!("DELETE {INTENT}")]);
    assert_eq!(cancelled(&sale(unknown()), "Initiated").await, let_go);
}

/// It may be a lag of the record: an intent is not let go under a session that may run.
#[tokio::test]
async fn a_session_that_is_not_found_is_asked_for_again() {
    let server = Server::start(|_| problem(404)).await;
    assert!(matches!(dojo(&server.url).cancel(&sale(open())).await, Err(ReadError::Unreachable { .. })));
    assert_eq!(asked(&server), [format!("GET {SESSION}")]);
}

#[tokio::test]
async fn an_attempt_that_nothing_was_prepared_for_cannot_be_stopped() {
    let attempt = Attempt { preparation: None, ..sale(Phase::Reserved) };
    assert_eq!(cancelled(&attempt, "Initiated").await, (false, Vec::new()));
}

/// The payment that is given back is never let go.
#[tokio::test]
async fn a_refund_is_stopped_at_the_machine_or_not_at_all() {
    assert_eq!(cancelled(&refund(open()), "Initiated").await, (true, vec![format!("PUT {CANCEL}")]));
    assert_eq!(cancelled(&refund(open()), "Captured").await, (true, Vec::new()));
    for status in ["Expired", "Canceled", "Declined"] {
        assert_eq!(cancelled(&refund(open()), status).await, (false, Vec::new()), "{status}");
    }
    assert_eq!(cancelled(&refund(unknown()), "Initiated").await, (false, Vec::new()));
}

/// What comes of a wish that is answered so, at the machine and without one.
async fn wished(act: impl Fn() -> Act + Copy + Send + Sync + 'static) -> [Result<bool, ReadError>; 2] {
    let server = Server::start(move |request| match (request.method.as_str(), request.path()) {
        ("GET", SESSION) => reply(200, session("Initiated")),
        ("GET", _) => reply(200, intent("Created", json!({}))),
        _ => act(),
    })
    .await;
    let dojo = dojo(&server.url);
    [dojo.cancel(&sale(open())).await, dojo.cancel(&sale(unknown())).await]
}

#[tokio::test]
async fn a_refused_wish_is_an_answer_and_one_that_nobody_looked_at_is_none() {
    for status in [404, 409, 422] {
        assert_eq!(wished(move || problem(status)).await, [Ok(true), Ok(true)], "{status}");
    }
    for status in [429, 500, 503] {
        let [at_machine, let_go] = wished(move || problem(status)).await;
        assert!(matches!(at_machine, Err(ReadError::Unreachable { .. })), "{status}");
        assert!(matches!(let_go, Err(ReadError::Unreachable { .. })), "{status}");
    }
    let [at_machine, let_go] = wished(|| problem(401)).await;
    assert!(matches!((at_machine, let_go), (Err(ReadError::Refused(_)), Err(ReadError::Refused(_)))));
    assert!(wished(|| Act::Close).await.iter().all(Result::is_err));
}
