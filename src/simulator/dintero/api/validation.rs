//! What a request must hold before the ledger sees it. Every fault is found, not just the first.

use std::collections::HashSet;

use axum::http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use url::Url;

use super::ApiError;
use crate::simulator::dintero::ledger::{NewSession, RefundRequest};
use crate::simulator::options::SimulatorOptions;

/// Dintero documents no default; half an hour is the simulator's choice.
const DEFAULT_LIFE: SignedDuration = SignedDuration::from_mins(30);
const LARGEST_AMOUNT: i64 = i32::MAX as i64;
const MOST_ITEMS: usize = 100;
const MOST_METADATA: usize = 10;
const LONGEST_PAYOUT_DESTINATION: usize = 40;

/// A checked create request.
pub(super) fn new_session(
    body: Value,
    headers: &HeaderMap,
    options: &SimulatorOptions,
    now: Timestamp,
) -> Result<NewSession, ApiError> {
    let mut check = Check { body: &body, faults: Vec::new() };
    check.no_empty_strings();
    check.url("/url/return_url", true);
    let callback_url = check.url("/url/callback_url", false);
    let amount = check.amount("/order/amount");
    let currency = check.currency();
    let merchant_reference = check.text("/order/merchant_reference");
    check.profile(&options.profile_id);
    let store_id = check.text("/order/store/id");
    let terminal_id = check.text("/order/store/terminal_id");
    let payout_destination_id = check.text("/order/store/payout_destination_id");
    if payout_destination_id.len() > LONGEST_PAYOUT_DESTINATION {
        check.fault("/order/store/payout_destination_id is longer than 40 characters");
    }
    let expires_at = check.expires_at(now);
    check.items(amount, strict_amounts(headers));
    check.metadata();
    check.done()?;
    Ok(NewSession {
        amount,
        currency,
        merchant_reference,
        merchant_reference_2: optional_text(&body, "/order/merchant_reference_2"),
        store_id,
        terminal_id,
        payout_destination_id,
        expires_at,
        callback_url,
        auto_capture: body.pointer("/configuration/auto_capture") != Some(&Value::Bool(false)),
        asks_for_terminal: asks_for_terminal(&body),
        system_headers: Value::Null,
        body,
    })
}

/// A checked refund request.
pub(super) fn refund(body: &Value) -> Result<RefundRequest, ApiError> {
    let mut check = Check { body, faults: Vec::new() };
    check.no_empty_strings();
    let amount = check.amount("/amount");
    check.lines();
    check.done()?;
    Ok(RefundRequest {
        amount,
        reference: optional_text(body, "/refund_reference"),
        items: body.get("items").cloned(),
        terminal_id: optional_text(body, "/terminal_id"),
    })
}

/// A checked capture request: amount and reference.
pub(super) fn capture(body: &Value) -> Result<(i64, Option<String>), ApiError> {
    let mut check = Check { body, faults: Vec::new() };
    check.no_empty_strings();
    let amount = check.amount("/amount");
    check.lines();
    check.done()?;
    Ok((amount, optional_text(body, "/capture_reference")))
}

fn strict_amounts(headers: &HeaderMap) -> bool {
    let toggles = headers.get("dintero-feature-toggles").and_then(|value| value.to_str().ok());
    toggles.is_some_and(|list| list.split(',').any(|one| one.trim() == "strict-session-amounts"))
}

fn asks_for_terminal(body: &Value) -> bool {
    let publish = body.pointer("/configuration/publish").and_then(Value::as_array);
    publish.is_some_and(|all| all.iter().any(|one| one["channel"] == "push" && one["type"] == "terminal"))
}

fn optional_text(body: &Value, pointer: &str) -> Option<String> {
    body.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
}

/// Collects what is wrong with a body.
struct Check<'a> {
    body: &'a Value,
    faults: Vec<String>,
}

impl Check<'_> {
    fn fault(&mut self, description: impl Into<String>) {
        self.faults.push(description.into());
    }

    fn done(self) -> Result<(), ApiError> {
        if self.faults.is_empty() { Ok(()) } else { Err(ApiError::Invalid(self.faults)) }
    }

    fn text(&mut self, pointer: &str) -> String {
        optional_text(self.body, pointer).unwrap_or_else(|| {
            self.fault(format!("{pointer} is required and must be a string"));
            String::new()
        })
    }

    fn amount(&mut self, pointer: &str) -> i64 {
        match self.body.pointer(pointer).and_then(Value::as_i64) {
            Some(amount @ 1..=LARGEST_AMOUNT) => amount,
            _ => {
                self.fault(format!("{pointer} is required and must be a positive int32"));
                0
            }
        }
    }

    fn currency(&mut self) -> String {
        let currency = self.text("/order/currency");
        if currency.len() != 3 || !currency.bytes().all(|letter| letter.is_ascii_uppercase()) {
            self.fault("/order/currency must be an ISO 4217 code");
        }
        currency
    }

    /// Production calls back HTTPS and public addresses only; here loopback HTTP may listen too.
    fn url(&mut self, pointer: &str, required: bool) -> Option<Url> {
        if self.body.pointer(pointer).is_none() && !required {
            return None;
        }
        let url = Url::parse(&self.text(pointer)).ok();
        if !url.as_ref().is_some_and(|url| matches!(url.scheme(), "http" | "https")) {
            self.fault(format!("{pointer} must be an http or https URL"));
        }
        url
    }

    fn profile(&mut self, known: &str) {
        if self.text("/profile_id") != known {
            self.fault("/profile_id is not known");
        }
    }

    fn expires_at(&mut self, now: Timestamp) -> Timestamp {
        let default = now.checked_add(DEFAULT_LIFE).unwrap_or(now);
        let Some(given) = self.body.pointer("/expires_at") else {
            return default;
        };
        given.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| {
            self.fault("/expires_at must be an RFC 3339 date-time");
            default
        })
    }

    /// Sums are compared only where the feature toggle asks for it.
    fn items(&mut self, order_amount: i64, strict: bool) {
        let Some(items) = self.body.pointer("/order/items") else {
            return;
        };
        let Some(items) = items.as_array().filter(|items| items.len() <= MOST_ITEMS) else {
            return self.fault("/order/items must be an array of at most 100");
        };
        let mut line_ids = HashSet::new();
        let known = items.iter().filter_map(|item| item["line_id"].as_str());
        for line_id in known.filter(|line_id| !line_ids.insert(*line_id)) {
            self.fault(format!("line_id {line_id} is not unique"));
        }
        let sum = items.iter().filter_map(|item| item["amount"].as_i64()).fold(0_i64, i64::saturating_add);
        if strict && sum != order_amount {
            self.fault("/order/amount does not match the sum of the items");
        }
    }

    /// A refund's or capture's lines need `line_id` and `amount`.
    fn lines(&mut self) {
        let lines = self.body.get("items").map(|items| items.as_array().cloned().unwrap_or_default());
        for line in lines.into_iter().flatten() {
            if !line["line_id"].is_string() || !line["amount"].is_i64() {
                self.fault("items need line_id and amount");
            }
        }
    }

    fn metadata(&mut self) {
        let Some(metadata) = self.body.get("metadata") else {
            return;
        };
        let sound = metadata.as_object().is_some_and(|members| {
            members.len() <= MOST_METADATA && members.values().all(|value| value.is_string() || value.is_number())
        });
        if !sound {
            self.fault("/metadata must hold at most 10 strings or numbers");
        }
    }

    /// Dintero refuses empty strings; an unused field must be left out.
    fn no_empty_strings(&mut self) {
        if has_empty_string(self.body) {
            self.fault("empty strings are not allowed");
        }
    }
}

fn has_empty_string(value: &Value) -> bool {
    match value {
        Value::String(text) => text.is_empty(),
        Value::Array(elements) => elements.iter().any(has_empty_string),
        Value::Object(members) => members.values().any(has_empty_string),
        _ => false,
    }
}
