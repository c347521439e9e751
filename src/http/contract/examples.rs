//! Examples, as a till meets them. A test holds them against the schemas.

use serde_json::{Value, json};

use super::calls::Answer;
use crate::domain::operation::Status;
use crate::domain::refund::NotRefundable;
use crate::engine::Refusal;
use crate::http::capacity::{body, overload};
use crate::http::entrance::{authentication, guard};
use crate::http::{panics, respond};
use crate::till::problem::{Code, Problem};

/// What comes back, each with what it shows.
pub(super) fn of_answer(answer: Answer) -> Vec<(&'static str, Value)> {
    match answer {
        Answer::Operation => vec![("approved", approved()), ("declined", declined())],
        Answer::Operations => {
            vec![("a page", json!({ "operations": [approved()], "next": "01JD8X4S7R9M2E6K3T5V7W9Y1Z" }))]
        }
        Answer::Terminals => vec![("one free, one busy", terminals())],
        Answer::Health => vec![("it lives", json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }))],
        Answer::Readiness => vec![("ready", json!({ "status": "ready", "reasons": [] }))],
        Answer::Contract | Answer::Text { .. } => Vec::new(),
    }
}

/// An operation that is not final.
pub(super) fn open_operations() -> Vec<(&'static str, Value)> {
    vec![("pending", pending()), ("a signature to compare", signing()), ("unknown", unknown())]
}

/// A bridge that takes no payments now.
pub(super) fn not_ready() -> Value {
    json!({ "status": "not_ready", "reasons": ["the provider could not be asked what was paid since the last start"] })
}

/// A refusal, with what it would say.
pub(super) fn of_code(code: Code) -> Value {
    serde_json::to_value(Problem::new(code, detail(code))).unwrap_or_default()
}

fn detail(code: Code) -> String {
    let declined = NotRefundable::NotApproved { status: Status::Declined, is_abandoned: false };
    match code {
        Code::InvalidRequest => "amount: must be a whole number of minor units, such as 39900 for 399.00".into(),
        Code::Unauthorized => authentication::WRONG_KEY.into(),
        Code::Forbidden => guard::FOREIGN_ORIGIN.into(),
        Code::NotFound => Refusal::NotFound("sale").to_string(),
        Code::MethodNotAllowed => respond::OTHER_METHOD.into(),
        Code::RequestTimeout => body::TOO_SLOW.into(),
        Code::ReferenceConflict => "this reference was used for 399.00 NOK; use a new reference for a new sale".into(),
        Code::NotResolvable => Refusal::NothingToSign.to_string(),
        Code::PayloadTooLarge => "send at most 65536 bytes".into(),
        Code::UnsupportedMediaType => {
            "send application/json, application/x-www-form-urlencoded or application/xml".into()
        }
        Code::RefundExceeds => NotRefundable::Exceeds { left: 29900 }.to_string(),
        Code::NotRefundable => declined.to_string(),
        Code::UnknownTerminal => Refusal::UnknownTerminal("kiosk".into()).to_string(),
        Code::TerminalBusy => "terminal front is busy with sale R-1000 of till till-2".into(),
        Code::RateLimited => "too many requests of this till; wait 3 seconds".into(),
        Code::InternalError => panics::MESSAGE.into(),
        Code::Overloaded => overload::NO_PLACE.into(),
        Code::StorageUnavailable => Refusal::StorageUnavailable("the disk is full".into()).to_string(),
        Code::StorageStalled => Refusal::StorageStalled.to_string(),
        Code::ShuttingDown => Refusal::NotReady.to_string(),
    }
}

fn operation(status: &str, is_final: bool, retry: &str, message: &str) -> Value {
    json!({
        "operation_id": "01JD8X4S7R9M2E6K3T5V7W9Y1Z", "kind": "sale", "till": "till-1", "reference": "R-1001",
        "status": status, "final": is_final, "retry": retry, "message": message,
        "amount": 39900, "currency": "NOK", "amount_approved": 0, "amount_refunded": 0,
        "terminal": "front", "provider": "dintero", "attempt": 1,
        "replayed": false, "late": false, "simulated": false, "acknowledged": false,
        "created_at": "2026-11-20T10:15:02.120Z", "updated_at": "2026-11-20T10:15:11.870Z",
    })
}

fn approved() -> Value {
    let mut reply = operation("approved", true, "never", "Approved");
    reply["amount_approved"] = json!(39900);
    reply["transaction_id"] = json!("T12345678.465UfBENeLpkBvwmqfTC4k");
    reply["card"] = json!({ "brand": "Visa", "masked_pan": "476173******0416", "entry_method": "contactless" });
    reply["receipt"] = json!({ "customer": "KIOSK OSLO\nVisa contactless\n399.00 NOK\nAPPROVED",
                               "merchant": "KIOSK OSLO\nVisa contactless\n399.00 NOK\nAPPROVED" });
    reply
}

fn declined() -> Value {
    let mut reply = operation("declined", true, "new_attempt", "Not approved for this amount. Try another card");
    reply["reason"] = json!("Insufficient funds");
    reply
}

fn pending() -> Value {
    let mut reply = operation("pending", false, "same_reference", "Ask the customer to enter the PIN");
    reply["prompt"] = json!("enter_pin");
    reply
}

fn signing() -> Value {
    let message = "Compare the signature with the card. Answer on the till";
    let mut reply = operation("pending", false, "same_reference", message);
    reply["prompt"] = json!("sign");
    reply["action_required"] = json!({ "kind": "signature", "deadline": "2026-11-20T10:16:22.000Z" });
    reply
}

fn unknown() -> Value {
    operation("unknown", false, "operator", "Result not known. Keep the terminal's receipt and call the manager")
}

fn terminals() -> Value {
    json!({ "terminals": [
        { "name": "front", "provider": "dintero", "store": "oslo-center", "free": true, "available": true,
          "capabilities": { "signature": false, "prompts": false, "receipts": true, "unlinked_refund": false,
                            "currencies": ["NOK"] },
          "last_approved_at": "2026-11-20T10:15:11.870Z" },
        { "name": "back", "provider": "dintero", "store": "oslo-center", "free": false,
          "holder": { "till": "till-2", "kind": "sale", "reference": "R-2040", "since": "2026-11-20T10:15:02.120Z" } },
    ] })
}
