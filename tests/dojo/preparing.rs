//! What an answer to a new intent means. None of it moves money.

use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::{SignedDuration, Timestamp};
use pos_bridge::domain::attempt::Preparation;
use pos_bridge::domain::identifiers::Handle;
use pos_bridge::domain::request::Details;
use pos_bridge::ports::Prepared;
use serde_json::{Value, json};

use crate::orders::{came_of, dojo, preparation, prepare, prepare_on, reference};
use crate::server::{Act, INTENT, INTENTS, SEARCH, Server, asked, dead_url, history, intent, problem, reply, session};

/// The record of a new intent: what the call for it answers, and what a search finds.
async fn prepared(act: impl Fn() -> Act + Send + Sync + 'static, found: Vec<Value>) -> (Prepared, Server) {
    let server = Server::start(move |request| match request.path() {
        SEARCH => reply(200, json!({"data": found})),
        _ => act(),
    })
    .await;
    let prepared = prepare(&dojo(&server.url), &Details::default()).await;
    assert_eq!(server.requests_for(INTENTS).len(), 1, "asked for exactly once");
    (prepared, server)
}

#[tokio::test]
async fn an_intent_with_our_reference_is_ready() {
    let (found, _) = prepared(|| reply(201, intent("Created", json!({}))), Vec::new()).await;
    assert_eq!(found, Prepared::Ready(preparation()));
}

#[tokio::test]
async fn a_refusal_in_dojos_own_words_is_a_no() {
    for status in [400, 401, 403, 404] {
        let (found, server) = prepared(move || problem(status), Vec::new()).await;
        assert_eq!((came_of(&found).as_str(), asked(&server).len()), ("refused REFUSED", 1), "{status}");
    }
}

#[tokio::test]
async fn whatever_is_not_connected_may_be_tried_again() {
    let found = prepare(&dojo(&dead_url().await), &Details::default()).await;
    assert_eq!(came_of(&found), "unreached not_sent");
}

#[tokio::test]
async fn an_intent_whose_reply_was_lost_is_found_by_its_reference() {
    let lost: [fn() -> Act; 6] = [
        || Act::Close,
        || Act::Half,
        || Act::Hang,
        || problem(500),
        || problem(409),
        || reply(200, json!({"id": "pi_1", "reference": "of somebody else"})),
    ];
    for act in lost {
        let foreign = [json!({"id": "pi_0", "reference": "Order 234"}), json!({"id": "pi_9"}), json!(7)];
        let record = foreign.into_iter().chain([intent("Created", json!({}))]).collect();
        let (found, server) = prepared(act, record).await;
        assert_eq!((found, asked(&server).len()), (Prepared::Ready(preparation()), 2));
    }
}

#[tokio::test]
async fn the_search_covers_the_minutes_around_the_call() {
    let (_, server) = prepared(|| Act::Close, vec![intent("Created", json!({}))]).await;
    let search = server.requests_for(SEARCH)[0].json();
    assert_eq!(search["cursor"], json!({"limit": 100}));
    let date = |name: &str| search[name].as_str().unwrap().parse::<Timestamp>().unwrap();
    let (start, end, now) = (date("startDate"), date("endDate"), Timestamp::now());
    let minutes = |minutes| SignedDuration::from_mins(minutes);
    assert!(now.duration_since(start) >= minutes(5) && now.duration_since(start) < minutes(6), "{search}");
    assert!(end.duration_since(now) > minutes(4) && end.duration_since(now) <= minutes(5), "{search}");
}

#[tokio::test]
async fn two_intents_for_one_sale_are_refused() {
    let other = json!({"id": "pi_2", "reference": reference().to_string(), "status": "Created"});
    let (found, _) = prepared(|| Act::Close, vec![intent("Created", json!({})), other]).await;
    assert_eq!(came_of(&found), "refused several_intents");
}

/// Dojo's list lags, so it is read three times.
#[tokio::test]
async fn an_intent_that_is_never_found_costs_the_sale_and_no_money() {
    let (found, server) = prepared(|| Act::Close, Vec::new()).await;
    assert_eq!(came_of(&found), "refused not_sent");
    assert_eq!(server.requests_for(SEARCH).len(), 3);
}

#[tokio::test]
async fn an_intent_that_the_list_shows_late_is_found() {
    let searches = AtomicUsize::new(0);
    let server = Server::start(move |request| match (request.path(), searches.load(Ordering::SeqCst)) {
        (SEARCH, 0) => {
            searches.fetch_add(1, Ordering::SeqCst);
            Act::Close
        }
        (SEARCH, _) => reply(200, json!({"data": [intent("Created", json!({}))]})),
        _ => Act::Close,
    })
    .await;
    assert_eq!(came_of(&prepare(&dojo(&server.url), &Details::default()).await), "ready pi_1");
}

/// What a later attempt makes of the intent of an earlier one; a new one would be `pi_2`.
async fn again(intents: Vec<Act>) -> (String, Vec<String>) {
    let readings = std::sync::Mutex::new(intents.into_iter());
    let server = Server::start(move |request| match (request.method.as_str(), request.path()) {
        ("GET", INTENT) => readings.lock().unwrap().next().unwrap(),
        ("DELETE", INTENT) => reply(200, json!({})),
        _ => reply(200, json!({"id": "pi_2", "reference": reference().to_string()})),
    })
    .await;
    let found = prepare_on(&dojo(&server.url), Some(preparation()), &Details::default()).await;
    let methods = server.requests().into_iter().map(|request| request.method).collect();
    (came_of(&found), methods)
}

#[tokio::test]
async fn the_intent_of_an_earlier_attempt_is_used_again_only_while_that_is_safe() {
    let read = |status: &str, more: Value| reply(200, intent(status, more));
    let old = || json!({"expireAt": "2026-11-20T10:00:00Z"});
    // It cannot be paid long enough, and this session ran on it.
    let both = |session: Value| json!({"expireAt": "2026-11-20T10:00:00Z", "terminalSessionHistory": [{"terminalSession": session}]});
    let another = || json!({"amount": {"value": 1, "currencyCode": "GBP"}});
    let table = [
        (vec![read("Created", history(session("Declined")))], "ready pi_1", "GET"),
        (vec![read("Created", history(session("Initiated")))], "unreached provider_unreachable", "GET"),
        (vec![read("Created", history(session("Authorized")))], "unreached provider_unreachable", "GET"),
        (vec![problem(404)], "unreached provider_unreachable", "GET"),
        (vec![read("Canceled", json!({}))], "ready pi_2", "GET POST"),
        (vec![read("Canceled", history(session("Declined")))], "ready pi_2", "GET POST"),
        (vec![read("Canceled", history(session("Captured")))], "undecided", "GET"),
        (vec![read("Reversed", json!({}))], "ready pi_2", "GET POST"),
        (vec![read("Captured", json!({}))], "decided", "GET"),
        (vec![read("Captured", another())], "decided", "GET"),
        (vec![read("Authorized", json!({}))], "undecided", "GET"),
        (vec![read("Teleported", json!({}))], "undecided", "GET"),
        (vec![problem(500)], "unreached provider_unreachable", "GET"),
        (vec![Act::Close], "unreached provider_unreachable", "GET"),
        (vec![read("Created", old()), read("Canceled", old())], "ready pi_2", "GET DELETE GET POST"),
        (vec![read("Created", both(session("Initiated")))], "unreached provider_unreachable", "GET"),
        (
            vec![read("Created", old()), read("Canceled", both(session("Captured")))],
            "unreached provider_unreachable",
            "GET DELETE GET",
        ),
        (vec![read("Created", old()), read("Created", old())], "unreached provider_unreachable", "GET DELETE GET"),
        (vec![read("Created", old()), read("Captured", old())], "unreached provider_unreachable", "GET DELETE GET"),
        (vec![read("Created", old()), problem(500)], "unreached provider_unreachable", "GET DELETE GET"),
    ];
    for (position, (intents, expected, calls)) in table.into_iter().enumerate() {
        let (found, methods) = again(intents).await;
        assert_eq!((found.as_str(), methods.join(" ").as_str()), (expected, calls), "row {position}");
    }
}

#[tokio::test]
async fn an_intent_that_is_used_again_keeps_its_reference_and_tells_the_sessions_that_it_had() {
    let server = Server::start(|_| reply(200, intent("Created", history(session("Declined"))))).await;
    let found = prepare_on(&dojo(&server.url), Some(preparation()), &Details::default()).await;
    let earlier_runs = vec![Handle::new("ts_1").unwrap()];
    assert_eq!(found, Prepared::Ready(Preparation { earlier_runs, ..preparation() }));
}
