//! Which call of Dintero's a request is, and counting those that ask for money.

use axum::http::Method;
use serde_json::Value;

use crate::simulator::faults::CallKind;
use crate::simulator::world::World;

/// `None` for paths that are not Dintero's.
pub(crate) fn kind(method: &Method, path: &str) -> Option<CallKind> {
    let path: Vec<&str> = path.strip_prefix("/v1/")?.split('/').collect();
    let post = method == Method::POST;
    match path.as_slice() {
        ["accounts", _, "auth", "token"] => Some(CallKind::Token),
        ["accounts", _, "stores", ..] => Some(CallKind::Stores),
        ["accounts", _, "terminals", ..] => Some(CallKind::Terminals),
        ["admin", "terminals", "operations"] => Some(CallKind::Operations),
        ["sessions-profile"] => Some(CallKind::CreateSession),
        ["sessions"] => Some(CallKind::ListSessions),
        ["sessions", _] => Some(CallKind::ReadSession),
        ["sessions", _, "cancel"] if post => Some(CallKind::CancelSession),
        ["transactions"] => Some(CallKind::ListTransactions),
        ["transactions", _] => Some(CallKind::ReadTransaction),
        ["transactions", _, "refund"] if post => Some(CallKind::Refund),
        ["transactions", _, "capture"] if post => Some(CallKind::Capture),
        ["transactions", _, "void"] if post => Some(CallKind::Void),
        _ => None,
    }
}

/// Counts what was asked for before any fault can lose it: a lost request was still sent.
pub(crate) fn count(world: &World, call: CallKind, body: &[u8]) {
    let named = |pointer: &str| -> Option<String> {
        let document: Value = serde_json::from_slice(body).ok()?;
        Some(document.pointer(pointer)?.as_str()?.to_owned())
    };
    match call {
        CallKind::CreateSession => {
            let reference = named("/order/merchant_reference").unwrap_or_default();
            world.dintero.ledger().saw_create(&reference);
        }
        CallKind::Refund => {
            let reference = named("/refund_reference").unwrap_or_default();
            world.dintero.ledger().saw_refund(&reference);
        }
        _ => {}
    }
}
