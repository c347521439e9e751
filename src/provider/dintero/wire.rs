//! What Dintero reads and writes: the fields that matter here, under Dintero's names.
//!
//! Replies are read tolerantly: words are open (new ones come), and a part that decides nothing (`card`, receipts) is
//! dropped when it cannot be understood, so that it never hides a payment.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use serde_json::{Number, Value};

use crate::domain::request::{Decimal, Item};
use crate::provider::record::tolerant;

/// So many digits of a number with a fraction are exactly as they were written.
const EXACT_DIGITS: usize = 15;

// ── Requests ────────────────────────────────────────────────────────────────────────────────────────────────────────

/// `POST …/auth/token`.
#[derive(Debug, Serialize)]
pub(super) struct TokenRequest<'a> {
    pub(super) grant_type: &'static str,
    pub(super) audience: &'a str,
}

/// `POST /sessions-profile`.
#[derive(Debug, Serialize)]
pub(super) struct SessionRequest<'a> {
    pub(super) url: UrlRequest,
    pub(super) order: OrderRequest<'a>,
    pub(super) profile_id: &'a str,
    pub(super) expires_at: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) metadata: BTreeMap<String, &'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) configuration: Option<ConfigurationRequest>,
}

/// Where a browser and the callbacks go.
#[derive(Debug, Serialize)]
pub(super) struct UrlRequest {
    pub(super) return_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) callback_url: Option<String>,
}

/// What is to be paid, and where.
#[derive(Debug, Serialize)]
pub(super) struct OrderRequest<'a> {
    pub(super) amount: i64,
    pub(super) currency: &'static str,
    pub(super) merchant_reference: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) merchant_reference_2: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) items: Vec<ItemRequest<'a>>,
    pub(super) store: StoreRequest<'a>,
}

/// The three identifiers that route a payment to a terminal.
#[derive(Debug, Serialize)]
pub(super) struct StoreRequest<'a> {
    pub(super) id: &'a str,
    pub(super) terminal_id: &'a str,
    pub(super) payout_destination_id: &'a str,
}

/// A line of goods. Dintero refuses empty strings, so what is empty is left out.
#[derive(Debug, Serialize)]
pub(super) struct ItemRequest<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    line_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity: Option<Box<RawValue>>,
    amount: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    vat_amount: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vat: Option<Box<RawValue>>,
}

impl<'a> From<&'a Item> for ItemRequest<'a> {
    fn from(item: &'a Item) -> Self {
        Self {
            id: &item.id,
            line_id: &item.line_id,
            description: item.description.as_deref().filter(|text| !text.is_empty()),
            quantity: item.quantity.as_ref().and_then(number),
            amount: item.amount,
            vat_amount: item.vat_amount,
            vat: item.vat.as_ref().and_then(number),
        }
    }
}

/// The number as it was written, so that no float rounds it on the way.
fn number(decimal: &Decimal) -> Option<Box<RawValue>> {
    RawValue::from_string(decimal.as_str().to_owned()).ok()
}

/// What the session asks for beside its profile.
#[derive(Debug, Serialize)]
pub(super) struct ConfigurationRequest {
    pub(super) publish: [PublishRequest; 1],
}

/// How the session reaches the customer.
#[derive(Debug, Serialize)]
pub(super) struct PublishRequest {
    pub(super) channel: &'static str,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
}

/// `POST /transactions/{id}/refund`.
#[derive(Debug, Serialize)]
pub(super) struct RefundRequest<'a> {
    pub(super) amount: i64,
    pub(super) refund_reference: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) items: Vec<ItemRequest<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) terminal_id: Option<&'a str>,
}

// ── Replies ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/// The access token.
#[derive(Debug, Deserialize)]
pub(super) struct TokenReply {
    pub(super) access_token: SecretString,
    pub(super) expires_in: u32,
}

/// Every refusal.
#[derive(Debug, Deserialize)]
pub(super) struct ErrorReply {
    pub(super) error: ErrorBody,
}

/// Why something was refused. Dintero leaves the code out at times.
#[derive(Debug, Deserialize)]
pub(super) struct ErrorBody {
    #[serde(default, deserialize_with = "tolerant")]
    pub(super) code: Option<String>,
    #[serde(default, deserialize_with = "tolerant")]
    message: Option<String>,
    #[serde(default, deserialize_with = "tolerant")]
    errors: Vec<Value>,
}

impl ErrorBody {
    /// The words of the refusal; `None` when it has neither words nor a code, so that it is no error of Dintero's.
    pub(super) fn text(&self) -> Option<String> {
        let details = self.errors.iter().filter_map(|error| error.get("description")?.as_str());
        let texts: Vec<&str> = self.message.as_deref().into_iter().chain(details).collect();
        (!texts.is_empty() || self.code.is_some()).then(|| texts.join("; "))
    }
}

/// The reply to a new session.
#[derive(Debug, Deserialize)]
pub(super) struct SessionCreated {
    pub(super) id: String,
    #[serde(default, deserialize_with = "tolerant")]
    pub(super) publish: Vec<Published>,
}

/// Whether the session reached the terminal.
#[derive(Debug, Deserialize)]
pub(super) struct Published {
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) status: Option<String>,
}

/// A session.
#[derive(Debug, Deserialize)]
pub(super) struct Session {
    pub(super) id: String,
    pub(super) order: SessionOrder,
    pub(super) transaction_id: Option<String>,
    pub(super) cancelled_at: Option<String>,
    #[serde(default)]
    pub(super) events: Vec<SessionEvent>,
}

/// What a session was made for.
#[derive(Debug, Deserialize)]
pub(super) struct SessionOrder {
    pub(super) amount: i64,
    pub(super) currency: String,
    #[serde(default)]
    pub(super) merchant_reference: String,
    pub(super) store: Option<Store>,
}

/// Something that happened to a session.
#[derive(Debug, Deserialize)]
pub(super) struct SessionEvent {
    #[serde(default)]
    pub(super) name: String,
}

/// Where it happened.
#[derive(Debug, Deserialize)]
pub(super) struct Store {
    pub(super) terminal_id: Option<String>,
}

/// A payment.
#[derive(Debug, Deserialize)]
pub(super) struct Transaction {
    pub(super) id: String,
    pub(super) amount: i64,
    pub(super) currency: String,
    #[serde(default)]
    pub(super) status: String,
    pub(super) session_id: Option<String>,
    #[serde(default)]
    pub(super) merchant_reference: String,
    pub(super) merchant_reference_2: Option<String>,
    pub(super) store: Option<Store>,
    #[serde(default, deserialize_with = "tolerant")]
    pub(super) card: Option<CardReply>,
    #[serde(default)]
    pub(super) events: Vec<TransactionEvent>,
    #[serde(default, deserialize_with = "tolerant")]
    pub(super) created_at: Option<String>,
}

/// What Dintero tells of a card, already truncated.
#[derive(Debug, Deserialize)]
pub(super) struct CardReply {
    pub(super) brand: Option<String>,
    pub(super) masked_pan: Option<String>,
    pub(super) entry_method: Option<String>,
}

/// Something that happened to a payment.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct TransactionEvent {
    pub(super) id: Option<String>,
    #[serde(default)]
    pub(super) event: String,
    /// Missing is not "failed": an operation that is under way may have none yet.
    pub(super) success: Option<bool>,
    /// `None` also where it is told and is no whole number: then there is no sum.
    #[serde(default, deserialize_with = "minor_units")]
    pub(super) amount: Option<i64>,
    pub(super) event_reference: Option<String>,
    pub(super) request_id: Option<String>,
    pub(super) correlation_request_id: Option<String>,
    pub(super) correction: Option<Correction>,
    #[serde(default, deserialize_with = "tolerant")]
    pub(super) error: Option<EventError>,
    #[serde(default, deserialize_with = "tolerant")]
    pub(super) metadata: BTreeMap<String, Value>,
}

/// What an event turned out to be, after all.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Correction {
    pub(super) status: String,
    /// The events that were added to put it right.
    #[serde(default)]
    pub(super) event_ids: Vec<String>,
    /// Minor units that could still be given back behind it.
    #[serde(default, deserialize_with = "tolerant")]
    pub(super) remaining_refund_amount: Option<i64>,
}

/// Why an event failed.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct EventError {
    #[serde(default, deserialize_with = "tolerant")]
    pub(super) code: Option<String>,
    #[serde(default, deserialize_with = "tolerant")]
    pub(super) message: Option<String>,
    /// A word until 2025, a list of words since.
    #[serde(default, rename = "type", deserialize_with = "words")]
    pub(super) kinds: Vec<String>,
}

/// A terminal's enrolment.
#[derive(Debug, Deserialize)]
pub(super) struct TerminalReply {
    pub(super) status: String,
    pub(super) status_reason: Option<String>,
}

fn words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let word = |value: &Value| value.as_str().map(str::to_owned);
    Ok(match Value::deserialize(deserializer)? {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(word).collect(),
        _ => Vec::new(),
    })
}

/// Dintero documents an event's amount as any number, so that a whole one may be written with a fraction.
fn minor_units<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(Value::deserialize(deserializer)?.as_number().and_then(whole))
}

/// By its digits: no amount is ever a float here.
fn whole(number: &Number) -> Option<i64> {
    let written = number.to_string();
    let digits = || written.strip_suffix(".0").filter(|digits| digits.len() <= EXACT_DIGITS);
    number.as_i64().or_else(|| digits()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_events_error_type_is_a_word_or_a_list() {
        let kinds = |json: &str| serde_json::from_str::<EventError>(json).unwrap().kinds;
        assert_eq!(kinds(r#"{"type":"REJECTED_BY_ACQUIRER"}"#), ["REJECTED_BY_ACQUIRER"]);
        assert_eq!(kinds(r#"{"type":["DECLINED","INSUFFICIENT_FUNDS"]}"#), ["DECLINED", "INSUFFICIENT_FUNDS"]);
        assert!(kinds(r#"{"type":7}"#).is_empty());
        assert!(kinds("{}").is_empty());
    }

    #[test]
    fn what_decides_nothing_never_hides_a_payment() {
        let json = r#"{"id":"T1.t","amount":100,"currency":"NOK","status":"CAPTURED","card":"odd","created_at":7,
            "events":[{"event":"CAPTURE","success":true,"amount":100,"metadata":[1],"error":"none","news":{}}]}"#;
        let transaction: Transaction = serde_json::from_str(json).unwrap();
        assert!(transaction.card.is_none());
        assert_eq!(transaction.events[0].amount, Some(100));
    }

    #[test]
    fn an_events_amount_is_a_whole_number_however_it_is_written() {
        let amount = |amount: &str| {
            let json = format!(
                r#"{{"id":"T1.t","amount":100,"currency":"NOK","events":[{{"event":"CAPTURE","amount":{amount}}}]}}"#
            );
            serde_json::from_str::<Transaction>(&json).unwrap().events[0].amount
        };
        for (written, expected) in
            [("39900", 39900), ("39900.0", 39900), ("3.99e4", 39900), ("-100.0", -100), ("0.0", 0)]
        {
            assert_eq!(amount(written), Some(expected), "{written}");
        }
        for written in ["39900.5", "0.1", "9007199254740992.0", "1e300", "\"39900\"", "null", "[39900]"] {
            assert_eq!(amount(written), None, "{written}");
        }
    }
}
