//! What Dojo says, for the scripted server.

use serde_json::{Value, json};

use crate::orders::reference;

pub(crate) use crate::scripted_server::{Act, Request, Server, dead_url, reply, reply_with};

pub(crate) const INTENTS: &str = "/payment-intents";
pub(crate) const SEARCH: &str = "/payment-intents/search";
pub(crate) const INTENT: &str = "/payment-intents/pi_1";
pub(crate) const REFUNDS: &str = "/payment-intents/pi_1/refunds";
pub(crate) const SESSIONS: &str = "/terminal-sessions";
pub(crate) const SESSION: &str = "/terminal-sessions/ts_1";
pub(crate) const CANCEL: &str = "/terminal-sessions/ts_1/cancel";
pub(crate) const TERMINAL: &str = "/terminals/tm_1";

/// What a row of a table has Dojo do.
pub(crate) type Doing = fn() -> Act;

/// What Dojo says when it refuses.
pub(crate) fn problem(status: u16) -> Act {
    reply(status, json!({"code": "REFUSED", "title": "Refused", "status": status, "traceId": "x"}))
}

/// Our intent in this state, with what more it says.
pub(crate) fn intent(status: &str, more: Value) -> Value {
    let mut intent = json!({
        "id": "pi_1", "status": status, "reference": reference().to_string(),
        "amount": {"value": 39900, "currencyCode": "GBP"}, "refundedAmount": 0, "terminalSessionHistory": [],
    });
    intent.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    intent
}

/// Our session in this state.
pub(crate) fn session(status: &str) -> Value {
    json!({"id": "ts_1", "terminalId": "tm_1", "status": status})
}

/// A history of one session.
pub(crate) fn history(session: Value) -> Value {
    json!({"terminalSessionHistory": [{"terminalSession": session}]})
}

/// The record: our session, our intent.
pub(crate) async fn record(session: Value, intent: Value) -> Server {
    Server::start(move |request| match (request.method.as_str(), request.path()) {
        ("GET", SESSION) => reply(200, session.clone()),
        ("GET", INTENT) => reply(200, intent.clone()),
        ("GET", TERMINAL) => reply(200, json!({"id": "tm_1", "status": "Available"})),
        ("PUT" | "DELETE", _) => reply(200, json!({})),
        _ => problem(404),
    })
    .await
}

/// What was asked, as `METHOD target`.
pub(crate) fn asked(server: &Server) -> Vec<String> {
    server.requests().iter().map(|request| format!("{} {}", request.method, request.target)).collect()
}
