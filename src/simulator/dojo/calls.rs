//! Which call of Dojo's a request is, and counting those that ask for money.

use axum::http::Method;
use axum::http::request::Parts;
use serde_json::Value;

use super::ledger::Asked;
use crate::simulator::faults::CallKind;
use crate::simulator::world::World;

/// `None` for paths that are not Dojo's.
pub(crate) fn kind(method: &Method, path: &str) -> Option<CallKind> {
    let path: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
    match (method.as_str(), path.as_slice()) {
        ("POST", ["payment-intents"]) => Some(CallKind::CreateIntent),
        ("POST", ["payment-intents", "search"]) => Some(CallKind::SearchIntents),
        ("GET", ["payment-intents", "refunds", _]) => Some(CallKind::ReadRefund),
        ("GET", ["payment-intents", _]) => Some(CallKind::ReadIntent),
        ("DELETE", ["payment-intents", _]) => Some(CallKind::CancelIntent),
        ("POST", ["payment-intents", _, "captures"]) => Some(CallKind::CaptureIntent),
        ("POST", ["payment-intents", _, "refunds"]) => Some(CallKind::RefundIntent),
        ("POST", ["payment-intents", _, "reversal"]) => Some(CallKind::ReverseIntent),
        ("GET", ["terminals"]) => Some(CallKind::ListTerminals),
        ("GET", ["terminals", _]) => Some(CallKind::ReadTerminal),
        ("POST", ["terminal-sessions"]) => Some(CallKind::CreateTerminalSession),
        ("GET", ["terminal-sessions", _]) => Some(CallKind::ReadTerminalSession),
        ("PUT", ["terminal-sessions", _, "cancel"]) => Some(CallKind::CancelTerminalSession),
        ("PUT", ["terminal-sessions", _, "signature"]) => Some(CallKind::AnswerSignature),
        (_, ["webhooks", ..]) => Some(CallKind::Subscriptions),
        _ => None,
    }
}

/// Counts what was asked for before any fault can lose it: a lost request was still sent.
pub(crate) fn count(world: &World, call: CallKind, parts: &Parts, body: &[u8]) {
    let document = || serde_json::from_slice::<Value>(body).unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let asked = match call {
        CallKind::CreateIntent => Asked::Intent(text(&document()["reference"])),
        CallKind::CreateTerminalSession => {
            let details = &document()["details"];
            let intent =
                ["sale", "matchedRefund"].iter().find_map(|member| details[*member]["paymentIntentId"].as_str());
            Asked::Session(intent.unwrap_or("unlinked").to_owned())
        }
        CallKind::RefundIntent => {
            let key = parts.headers.get("idempotencykey").and_then(|key| key.to_str().ok());
            Asked::Refund(key.unwrap_or_default().to_owned())
        }
        CallKind::ReverseIntent => Asked::Reversal(parts.uri.path().split('/').nth(2).unwrap_or_default().to_owned()),
        _ => return,
    };
    world.dojo.ledger().saw(asked);
}
