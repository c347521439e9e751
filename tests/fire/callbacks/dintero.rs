//! Dintero's callbacks: the signature covers time, account, method, address and query; a body it would not.

use std::fmt::Write;

use jiff::Timestamp;

use super::letter::{Letter, hmac};
use crate::dice::Dice;

const SECRET: &str = "simulated-signature-secret";
const PATH: &str = "/callbacks/dintero";
const AN_HOUR: i64 = 3_600;

/// What Dintero can tell of a session, beside which it is.
const EVENTS: [(&str, &str); 5] = [
    ("event", "CAPTURE"),
    ("error", "cancelled"),
    ("error", "authorization"),
    ("error", "failed"),
    ("event", "REFUND"),
];

/// What is signed.
struct Signed<'a> {
    secret: &'a str,
    account: &'a str,
    method: &'a str,
    host: &'a str,
    query: &'a str,
    time: i64,
}

impl Signed<'_> {
    fn header(&self) -> String {
        let Self { secret, account, method, host, query, time } = self;
        let payload = format!("{time}\n{account}\n{method}\n{host}\n{PATH}\n{query}");
        let digest = hmac(secret, payload.as_bytes()).iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        format!("t={time},v0-hmac-sha256={digest}")
    }
}

fn as_dintero(query: &str, now: Timestamp) -> Signed<'_> {
    let time = now.as_second();
    Signed { secret: SECRET, account: "T12345678", method: "GET", host: "127.0.0.1", query, time }
}

/// Its names are in the order in which they are signed.
fn query(reference: &str, event: usize, now: Timestamp) -> String {
    let (name, value) = EVENTS[event];
    let pairs = [
        (name, value),
        ("merchant_reference", reference),
        ("session_id", "T12345678.claimed"),
        ("time", &now.to_string()),
        ("transaction_id", "T12345678.claimed"),
    ];
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn letter(query: &str, delivery: &str, signature: Option<String>) -> Letter {
    let headers = [("event-delivery", delivery.to_owned())].into_iter();
    let headers = headers.chain(signature.map(|signature| ("dintero-signature", signature))).collect();
    Letter { method: "GET", target: format!("{PATH}?{query}"), headers, body: String::new() }
}

pub(super) fn genuine(reference: &str, event: usize, delivery: &str, now: Timestamp) -> Letter {
    let query = query(reference, event, now);
    letter(&query, delivery, Some(as_dintero(&query, now).header()))
}

/// One that Dintero did not send, and what is wrong with it.
pub(super) fn forged(references: &[String], delivery: &str, dice: &mut Dice) -> (&'static str, Letter) {
    let reference = dice.pick(references).unwrap().clone();
    let now = Timestamp::now();
    let query = query(&reference, dice.below(EVENTS.len()), now);
    let honest = as_dintero(&query, now);
    let kind = KINDS[dice.below(KINDS.len())];
    let signature = match kind {
        "Dintero, no signature" => None,
        "Dintero, empty signature" => Some(String::new()),
        "Dintero, another key" => Some(Signed { secret: "simulated-signature-secre", ..honest }.header()),
        "Dintero, no key" => Some(Signed { secret: "", ..honest }.header()),
        "Dintero, an hour old" => Some(Signed { time: honest.time - AN_HOUR, ..honest }.header()),
        "Dintero, an hour ahead" => Some(Signed { time: honest.time + AN_HOUR, ..honest }.header()),
        "Dintero, another method" => Some(Signed { method: "POST", ..honest }.header()),
        "Dintero, another account" => Some(Signed { account: "T87654321", ..honest }.header()),
        "Dintero, another host" => Some(Signed { host: "pos.example.com", ..honest }.header()),
        "Dintero, another query" => Some(Signed { query: &query.replace("merchant", "manager"), ..honest }.header()),
        "Dintero, another time than was signed" => {
            let header = honest.header();
            Some(header.replacen(&format!("t={}", honest.time), &format!("t={}", honest.time - 1), 1))
        }
        "Dintero, half a signature" => honest.header().get(..40).map(str::to_owned),
        "Dintero, one digit changed" => {
            let mut header = honest.header();
            let last = if header.pop() == Some('0') { '1' } else { '0' };
            header.push(last);
            Some(header)
        }
        _ => Some("x".repeat(1 + dice.below(9_000))),
    };
    let mut letter = letter(&query, delivery, signature);
    if kind == "Dintero, no signature" {
        letter.method = "POST";
        letter.body = r#"{"status":"CAPTURED","amount":39900}"#.to_owned();
    }
    (kind, letter)
}

pub(super) const KINDS: [&str; 14] = [
    "Dintero, no signature",
    "Dintero, empty signature",
    "Dintero, another key",
    "Dintero, no key",
    "Dintero, an hour old",
    "Dintero, an hour ahead",
    "Dintero, another method",
    "Dintero, another account",
    "Dintero, another host",
    "Dintero, another query",
    "Dintero, another time than was signed",
    "Dintero, half a signature",
    "Dintero, one digit changed",
    "Dintero, a long word for a signature",
];
