//! The client commands against a real listener that answers as a bridge does.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use clap::{CommandFactory, Parser};
use serde_json::{Value, json};

use super::{Arguments, ClientError, Command, Exit};

const KEY: &str = "canary-till-key";

/// What was asked, and what is answered to everything.
#[derive(Clone)]
struct Listener {
    asked: Arc<Mutex<Vec<(String, Value)>>>,
    status: StatusCode,
    answer: String,
}

impl Listener {
    fn answering(status: u16, answer: &Value) -> Self {
        let status = StatusCode::from_u16(status).unwrap();
        Self { asked: Arc::default(), status, answer: answer.to_string() }
    }

    fn router(&self) -> Router {
        Router::new().fallback(take).with_state(self.clone())
    }

    async fn on_network(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(axum::serve(listener, self.router()).into_future());
        url
    }

    fn asked(&self) -> Vec<(String, Value)> {
        self.asked.lock().unwrap().clone()
    }
}

async fn take(State(listener): State<Listener>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let key = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or("no key").to_owned();
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    listener.asked.lock().unwrap().push((format!("{method} {uri} {key}"), body));
    (listener.status, listener.answer.clone()).into_response()
}

/// Runs a command line, and returns how it ended and what it printed.
async fn run(line: &[&str]) -> Result<(Exit, String), ClientError> {
    let arguments = Arguments::try_parse_from([&["pos-bridge"], line].concat()).expect("a valid command line");
    let Command::Client(command) = arguments.command else { panic!("no client command: {line:?}") };
    let mut output = Vec::new();
    let exit = command.run(&arguments.config, &mut output).await?;
    Ok((exit, String::from_utf8(output).unwrap()))
}

fn approved() -> Value {
    json!({
        "operation_id": "01JD8X4S7R9M2E6K3T5V7W9Y1Z", "kind": "sale", "reference": "R-1", "status": "approved",
        "retry": "never", "message": "Approved", "amount": 39900, "currency": "NOK", "terminal": "front",
        "transaction_id": "T12345678.465UfBENeLpkBvwmqfTC4k", "amount_refunded": 0, "simulated": true,
    })
}

#[tokio::test]
async fn pay_asks_as_a_till_does_and_tells_the_result() {
    let bridge = Listener::answering(200, &approved());
    let url = bridge.on_network().await;
    let line = ["pay", "R-1", "39900", "--terminal", "front", "--wait", "5", "--url", &url, "--till-key", KEY];
    let (exit, printed) = run(&line).await.unwrap();
    assert_eq!(exit, Exit::Success);
    assert_eq!(
        printed,
        "approved  399.00 NOK  sale R-1 on front\n  Approved\n  operation: 01JD8X4S7R9M2E6K3T5V7W9Y1Z\n  \
         transaction: T12345678.465UfBENeLpkBvwmqfTC4k\n  note: no real money\n"
    );
    let body = json!({"reference": "R-1", "amount": 39900, "wait": 5, "terminal": "front"});
    assert_eq!(bridge.asked(), [(format!("POST /pay Bearer {KEY}"), body)]);
}

#[tokio::test]
async fn only_an_approval_is_a_success() {
    for (status, answer, words) in [
        (200, json!({"status": "declined", "retry": "new_attempt"}), "trying again is safe"),
        (202, json!({"status": "pending", "retry": "same_reference"}), "cannot charge twice"),
        (202, json!({"status": "unknown", "retry": "operator"}), "do not pay again"),
        (423, json!({"title": "Terminal busy", "code": "terminal_busy", "detail": "held by till-2"}), "held by till-2"),
        (500, Value::Null, "refused"),
        (200, Value::Null, "-"),
    ] {
        let url = Listener::answering(status, &answer).on_network().await;
        let (exit, printed) = run(&["pay", "R-1", "100", "--url", &url]).await.unwrap();
        assert_eq!(exit, Exit::Failure, "{answer}");
        assert!(printed.contains(words), "{printed}");
        let (_, printed) = run(&["pay", "R-1", "100", "--json", "--url", &url]).await.unwrap();
        assert_eq!(serde_json::from_str::<Value>(&printed).unwrap(), answer);
    }
}

#[tokio::test]
async fn every_command_asks_the_right_thing() {
    for (line, asked, body) in [
        (&["status", "R 1/2"][..], "GET /pay/R%201%2F2 no key", Value::Null),
        (&["status", "R-1", "--kind", "refund", "--wait", "7"], "GET /refund/R-1?wait=7 no key", Value::Null),
        (&["status"], "GET /last no key", Value::Null),
        (&["terminals"], "GET /terminals no key", Value::Null),
        (&["health"], "GET /ready no key", Value::Null),
        (
            &["refund", "R-2", "--of", "R-1", "--of-till", "till-2", "--amount", "5", "--reason", "size"],
            "POST /refund no key",
            json!({"reference": "R-2", "wait": 90, "original_reference": "R-1", "original_till": "till-2", "amount": 5,
                   "reason": "size"}),
        ),
    ] {
        let bridge = Listener::answering(200, &approved());
        let url = bridge.on_network().await;
        let (exit, _) = run(&[line, &["--url", &url]].concat()).await.unwrap();
        assert_eq!(exit, Exit::Success, "{line:?}");
        assert_eq!(bridge.asked(), [(asked.to_owned(), body)]);
    }
}

#[tokio::test]
async fn a_bridge_that_is_not_there_is_told_from_one_that_does_not_answer() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let silent = tokio::spawn(async move { drop(listener.accept().await) });
    let error = run(&["pay", "R-1", "100", "--url", &url]).await.unwrap_err();
    assert!(matches!(error, ClientError::NoAnswer { .. }), "{error}");
    assert!(error.to_string().contains("same reference"), "{error}");
    silent.await.unwrap();
    let error = run(&["pay", "R-1", "100", "--url", &url]).await.unwrap_err();
    assert!(matches!(error, ClientError::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn not_ready_says_why() {
    let answer = json!({"status": "not_ready", "reasons": ["the journal cannot be written"]});
    let url = Listener::answering(503, &answer).on_network().await;
    let (exit, printed) = run(&["health", "--url", &url]).await.unwrap();
    assert_eq!((exit, printed.as_str()), (Exit::Failure, "not ready\n  the journal cannot be written\n"));
}

#[tokio::test]
async fn an_operator_calls_through_the_socket_next_to_the_database() {
    let directory = tempfile::TempDir::new().unwrap();
    let database = directory.path().join("bridge.db");
    let config = directory.path().join("pos-bridge.toml");
    std::fs::write(&config, format!("[database]\nurl = \"sqlite://{}\"\n", database.display())).unwrap();
    let bridge = Listener::answering(200, &json!({"alarms": [], "undelivered": 0}));
    let socket = tokio::net::UnixListener::bind(directory.path().join("bridge.db.sock")).unwrap();
    tokio::spawn(axum::serve(socket, bridge.router()).into_future());
    let config = config.to_str().unwrap();

    let resolve = ["resolve", "01JD", "--verdict", "not-taken", "--by", "Kari", "--reason", "slip"];
    for line in [
        &["alarms"][..],
        &["acknowledge", "7", "--by", "Kari"],
        &["resolve", "01JD"],
        &resolve,
        &["pushes"],
        &["pushes", "resend", "42"],
        &["pushes", "resend", "--all"],
    ] {
        let (exit, _) = run(&[line, &["--config", config]].concat()).await.unwrap();
        assert_eq!(exit, Exit::Success, "{line:?}");
    }
    let decision = json!({"verdict": "not_taken", "by": "Kari", "reason": "slip"});
    let expected = [
        ("GET /alarms no key".to_owned(), Value::Null),
        ("POST /alarms/7/acknowledge no key".to_owned(), json!({"by": "Kari"})),
        ("GET /operations/01JD no key".to_owned(), Value::Null),
        ("POST /operations/01JD/resolve no key".to_owned(), decision),
        ("GET /alarms no key".to_owned(), Value::Null),
        ("GET /pushes no key".to_owned(), Value::Null),
        ("POST /pushes/42/resend no key".to_owned(), json!({})),
        ("POST /pushes/resend no key".to_owned(), json!({})),
    ];
    assert_eq!(bridge.asked(), expected);
}

#[tokio::test]
async fn open_alarms_are_no_success() {
    let answer =
        json!({"alarms": [{"id": 7, "kind": "late_approval", "text": "late approval\u{1b}[2J", "terminal": "front"}]});
    let directory = tempfile::TempDir::new().unwrap();
    let path = directory.path().join("operator.sock");
    let socket = tokio::net::UnixListener::bind(&path).unwrap();
    tokio::spawn(axum::serve(socket, Listener::answering(200, &answer).router()).into_future());
    let (exit, printed) = run(&["alarms", "--socket", path.to_str().unwrap()]).await.unwrap();
    assert_eq!(exit, Exit::Failure);
    assert!(printed.contains("7  -  late_approval  front  -  late approval [2J"), "{printed:?}");
}

#[tokio::test]
async fn results_that_were_given_up_are_no_success() {
    let push = json!({"id": 42, "till": "till-1", "operation_id": "01JD", "state": "undelivered", "tries": 99,
                      "last_error": "timed out"});
    let directory = tempfile::TempDir::new().unwrap();
    let path = directory.path().join("operator.sock");
    let socket = tokio::net::UnixListener::bind(&path).unwrap();
    let answer = json!({"pushes": [push], "waiting": 0, "undelivered": 1});
    tokio::spawn(axum::serve(socket, Listener::answering(200, &answer).router()).into_future());
    let (exit, printed) = run(&["pushes", "--socket", path.to_str().unwrap()]).await.unwrap();
    assert_eq!(exit, Exit::Failure);
    assert!(printed.contains("42  till-1  01JD  undelivered  99  -  timed out"), "{printed}");
    assert!(printed.contains("0 to be sent, 1 given up"), "{printed}");
}

#[test]
fn the_command_line_is_well_formed() {
    Arguments::command().debug_assert();
}

#[test]
fn what_cannot_be_meant_is_a_usage_error() {
    for line in [
        &["pay", "R-1", "0"][..],
        &["pay", "R-1", "-5"],
        &["pay", "R-1", "399.00"],
        &["pay", "R-1", "1", "--wait", "301"],
        &["refund", "R-2"],
        &["refund", "R-2", "--of", "R-1", "--operation", "01JD"],
        &["resolve", "01JD", "--verdict", "approved"],
        &["resolve", "01JD", "--verdict", "maybe", "--by", "Kari", "--reason", "slip"],
        &["acknowledge", "7"],
        &["pushes", "resend"],
        &["pushes", "resend", "42", "--all"],
        &["pushes", "resend", "R-1"],
        &[],
    ] {
        let error = Arguments::try_parse_from([&["pos-bridge"], line].concat()).expect_err("refused");
        assert_eq!(error.exit_code(), 2, "{line:?}");
    }
}

#[test]
fn a_key_in_the_command_line_is_not_shown() {
    let arguments = Arguments::try_parse_from(["pos-bridge", "pay", "R-1", "1", "--till-key", KEY]).unwrap();
    assert!(!format!("{arguments:?}").contains(KEY));
}

/// What is said of a command line that is not understood.
fn usage_error(line: &[&str]) -> String {
    Arguments::try_parse_from([&["pos-bridge"], line].concat()).expect_err("refused").to_string()
}

#[test]
fn an_amount_with_a_decimal_mark_is_told_in_minor_units() {
    for (typed, meant) in [("399.00", "39900"), ("399,00", "39900"), ("399.5", "39950"), ("0.05", "5")] {
        let error = usage_error(&["pay", "R-1", typed]);
        assert!(error.contains(&format!("give minor units: {meant} for {typed}")), "{error}");
    }
    for typed in ["0", "0.00", "1.234", "ten", ".", "1.2.3", "99999999999999999999", "99999999999999999999.00"] {
        let error = usage_error(&["refund", "B-1", "--of", "R-1", "--amount", typed]);
        assert!(error.contains("a whole number of minor units, more than 0"), "{error}");
    }
}

#[test]
fn an_address_without_its_scheme_is_told_so() {
    for url in ["127.0.0.1:7117", "localhost:7117", "bridge", "ftp://bridge"] {
        let error = usage_error(&["health", "--url", url]);
        assert!(error.contains("must begin with http://"), "{error}");
    }
}

#[test]
fn a_certificate_is_for_a_name_or_an_address() {
    let error = usage_error(&["tls", "init"]);
    assert!(error.contains("<--name <NAME>|--address <ADDRESS>>"), "{error}");
    for (name, words) in [("*.shop.local", "give each name"), ("*", "give each name"), ("192.168.1.10", "--address")] {
        let error = usage_error(&["tls", "init", "--name", name]);
        assert!(error.contains(words), "{error}");
    }
}

#[tokio::test]
async fn what_was_given_back_is_told_as_money() {
    let answer = json!({"status": "approved", "amount": 39900, "amount_refunded": 10000, "currency": "NOK"});
    let url = Listener::answering(200, &answer).on_network().await;
    let (_, printed) = run(&["status", "R-1", "--url", &url]).await.unwrap();
    assert!(printed.contains("given back: 100.00 NOK"), "{printed}");
}

#[tokio::test]
async fn terminals_are_told_in_words() {
    let holder = json!({"till": "till-2", "kind": "sale", "reference": "R-7", "since": "2026-11-20T10:15:02Z"});
    let answer = json!({"terminals": [
        {"name": "front", "store": "oslo", "provider": "dintero", "free": true,
         "last_approved_at": "2026-11-20T10:15:11Z", "enrolment": {"status": "ACTIVE"}},
        {"name": "back", "store": "oslo", "provider": "dintero", "free": false, "holder": holder},
        {"name": "bar", "store": "oslo", "provider": "dintero", "free": false, "frozen": "two payments",
         "enrolment": {"status": "INACTIVE", "reason": "returned"}},
    ]});
    let url = Listener::answering(200, &answer).on_network().await;
    let (_, printed) = run(&["terminals", "--url", &url]).await.unwrap();
    assert_eq!(
        printed,
        "front  free  oslo, dintero\n  last approval: 2026-11-20T10:15:11Z\n  at the provider: ACTIVE\n\
         back  held by sale R-7 of till-2 since 2026-11-20T10:15:02Z  oslo, dintero\n\
         bar  frozen  oslo, dintero\n  frozen: two payments\n  at the provider: INACTIVE (returned)\n"
    );
}
