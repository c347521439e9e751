//! Dojo's webhooks: the signature covers the body.

use jiff::Timestamp;
use serde_json::json;

use super::letter::{Letter, hmac};
use crate::dice::Dice;

/// More than any body may have.
pub(super) const HUGE: usize = 70_000;

/// What Dojo can tell of an intent.
const EVENTS: [(&str, &str); 5] = [
    ("payment_intent.created", "Created"),
    ("payment_intent.status_updated", "Authorized"),
    ("payment_intent.status_updated", "Captured"),
    ("payment_intent.status_updated", "Canceled"),
    ("payment_intent.status_updated", "Refunded"),
];

fn body(intent: &str, event: usize, delivery: &str) -> String {
    let (event, status) = EVENTS[event];
    json!({
        "id": delivery,
        "event": event,
        "accountId": "acc_test",
        "createdAt": Timestamp::now().to_string(),
        "data": { "paymentIntentId": intent, "paymentStatus": status, "captureMode": "Auto" },
    })
    .to_string()
}

fn signature(secret: &str, body: &str) -> String {
    let pairs: Vec<String> = hmac(secret, body.as_bytes()).iter().map(|byte| format!("{byte:02X}")).collect();
    format!("sha256={}", pairs.join("-"))
}

fn letter(body: String, signature: Option<String>) -> Letter {
    let headers = [("content-type", "application/json".to_owned())].into_iter();
    let headers = headers.chain(signature.map(|signature| ("dojo-signature", signature))).collect();
    Letter { method: "POST", target: "/callbacks/dojo".to_owned(), headers, body }
}

pub(super) fn genuine(secret: &str, intent: &str, event: usize, delivery: &str) -> Letter {
    let body = body(intent, event, delivery);
    let signature = signature(secret, &body);
    letter(body, Some(signature))
}

/// One that Dojo did not send, and what is wrong with it.
pub(super) fn forged(secret: &str, intents: &[String], delivery: &str, dice: &mut Dice) -> (&'static str, Letter) {
    let intent = dice.pick(intents).unwrap().clone();
    let mut body = body(&intent, dice.below(EVENTS.len()), delivery);
    let honest = signature(secret, &body);
    let kind = KINDS[dice.below(KINDS.len())];
    let signature = match kind {
        "Dojo, no signature" => None,
        "Dojo, empty signature" => Some("sha256=".to_owned()),
        "Dojo, another key" => Some(signature(&format!("not {secret}"), &body)),
        "Dojo, no key" => Some(signature("", &body)),
        "Dojo, another body" => {
            body.push(' ');
            Some(honest)
        }
        "Dojo, another event" => {
            body = body.replacen("evt_", "evt-", 1);
            Some(honest)
        }
        "Dojo, half a signature" => Some(honest[..50].to_owned()),
        "Dojo, without its prefix" => Some(honest["sha256=".len()..].to_owned()),
        "Dojo, nothing but zeros" => Some(format!("sha256={}", vec!["00"; 32].join("-"))),
        "Dojo, one digit changed" => {
            let last = if honest.ends_with('0') { '1' } else { '0' };
            Some(format!("{}{last}", &honest[..honest.len() - 1]))
        }
        "Dojo, a long word for a signature" => Some("x".repeat(1 + dice.below(9_000))),
        // Few of them, since each is as long as hundreds of others.
        _ => {
            if dice.percent(1) {
                body.push_str(&" ".repeat(HUGE));
            }
            Some(honest.to_lowercase().replace('-', ":"))
        }
    };
    (kind, letter(body, signature))
}

pub(super) const KINDS: [&str; 12] = [
    "Dojo, no signature",
    "Dojo, empty signature",
    "Dojo, another key",
    "Dojo, no key",
    "Dojo, another body",
    "Dojo, another event",
    "Dojo, half a signature",
    "Dojo, without its prefix",
    "Dojo, nothing but zeros",
    "Dojo, one digit changed",
    "Dojo, a long word for a signature",
    "Dojo, in another notation, some of them huge",
];
