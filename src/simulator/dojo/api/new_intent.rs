//! The request that makes a payment intent: a closed list of members, and what each may be.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use super::json_body::unreadable;
use super::money::{Mistakes, Money};
use super::problem::Problem;
use crate::simulator::dojo::ledger::{AutoExpiry, NewIntent};

/// How long an intent waits that does not say.
const DEFAULT_LIFE: SignedDuration = SignedDuration::from_hours(30 * 24);
const LONGEST_REFERENCE: usize = 60;
const LONGEST_DESCRIPTION: usize = 4_096;
const THIRTY_SECONDS: u64 = 30_000;
const SEVEN_DAYS: u64 = 7 * 24 * 3_600_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum CaptureMode {
    Auto,
    Manual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum AutoExpireAction {
    Release,
    Capture,
}

/// Online members are known, and not looked into.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(dead_code, reason = "known, so that others are refused")]
struct Request {
    capture_mode: Option<CaptureMode>,
    amount: Option<Money>,
    tips_amount: Option<Money>,
    cashback_amount: Option<Money>,
    service_charge_amount: Option<Money>,
    reference: Option<String>,
    description: Option<String>,
    card_holder_not_present: Option<bool>,
    item_lines: Option<Vec<ItemLine>>,
    tax_lines: Option<Vec<TaxLine>>,
    payment_methods: Option<Vec<String>>,
    expire_at: Option<Timestamp>,
    auto_expire_in: Option<String>,
    auto_expire_action: Option<AutoExpireAction>,
    metadata: Option<BTreeMap<String, String>>,
    customer: Option<Value>,
    billing_address: Option<Value>,
    shipping_details: Option<Value>,
    config: Option<Value>,
    request_security: Option<Value>,
    action_link: Option<Value>,
    setup_intent_id: Option<String>,
    order_details: Option<Value>,
    generate_remote_token: Option<bool>,
    is_not_online_checkout: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(dead_code, reason = "known, so that others are refused")]
struct ItemLine {
    id: Option<String>,
    quantity: Option<i32>,
    name: Option<String>,
    category: Option<String>,
    modifiers: Option<Vec<Modifier>>,
    amount_total: Money,
    plu: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "all four are required")]
struct Modifier {
    id: String,
    name: String,
    quantity: i32,
    amount_per_modifier: Money,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(dead_code, reason = "known, so that others are refused")]
struct TaxLine {
    id: Option<String>,
    caption: Option<String>,
    sub_caption: Option<String>,
    amount_total: Money,
    affected_plu: Option<String>,
}

/// A checked create request.
pub(super) fn check(body: Value, now: Timestamp) -> Result<NewIntent, Problem> {
    let request: Request = serde_json::from_value(body.clone()).map_err(unreadable)?;
    let mut mistakes = Mistakes::default();
    match &request.amount {
        None => mistakes.missing("Amount"),
        Some(amount) => mistakes.amount("Amount", amount),
    }
    match request.reference.as_deref() {
        None | Some("") => mistakes.missing("Reference"),
        reference => mistakes.no_longer_than("Reference", reference, LONGEST_REFERENCE),
    }
    mistakes.no_longer_than("Description", request.description.as_deref(), LONGEST_DESCRIPTION);
    check_lines(&request, &mut mistakes);
    let currency = request.amount.as_ref().map(|amount| amount.currency_code.clone()).unwrap_or_default();
    let mut extra = |member: &'static str, money: &Option<Money>| {
        let Some(money) = money else { return 0 };
        mistakes.at_least(member, money.value, 0);
        if money.currency_code != currency {
            mistakes.add(member, "The currency must be the amount's.");
        }
        money.value
    };
    let tips = extra("TipsAmount", &request.tips_amount);
    let cashback = extra("CashbackAmount", &request.cashback_amount);
    let service_charge = extra("ServiceChargeAmount", &request.service_charge_amount);
    let auto_expiry = auto_expiry(&request, &mut mistakes);
    let expire_at = request.expire_at.unwrap_or_else(|| now.checked_add(DEFAULT_LIFE).unwrap_or(now));
    if expire_at <= now {
        mistakes.add("ExpireAt", "The ExpireAt field must lie ahead.");
    }
    mistakes.done()?;
    Ok(NewIntent {
        reference: request.reference.unwrap_or_default(),
        amount: request.amount.map_or(0, |amount| amount.value),
        currency,
        tips,
        cashback,
        service_charge,
        auto_expiry,
        expire_at,
        body,
    })
}

fn check_lines(request: &Request, mistakes: &mut Mistakes) {
    for line in request.item_lines.iter().flatten() {
        mistakes.no_longer_than("ItemLines", line.id.as_deref(), 60);
        mistakes.no_longer_than("ItemLines", line.name.as_deref(), 100);
        mistakes.no_longer_than("ItemLines", line.plu.as_deref(), 200);
    }
    for line in request.tax_lines.iter().flatten() {
        mistakes.no_longer_than("TaxLines", line.id.as_deref(), 60);
        mistakes.no_longer_than("TaxLines", line.caption.as_deref(), 100);
    }
}

/// `Manual` needs both members; a time that is given is checked in either mode.
fn auto_expiry(request: &Request, mistakes: &mut Mistakes) -> Option<AutoExpiry> {
    let is_manual = request.capture_mode == Some(CaptureMode::Manual);
    let milliseconds = request.auto_expire_in.as_deref().map(timespan);
    match milliseconds {
        None if is_manual => mistakes.missing("AutoExpireIn"),
        Some(Some(length)) if length > THIRTY_SECONDS && length < SEVEN_DAYS => {}
        Some(_) => mistakes.add("AutoExpireIn", "AutoExpireIn must be more than 30 seconds and less than 7 days."),
        None => {}
    }
    if is_manual && request.auto_expire_action.is_none() {
        mistakes.missing("AutoExpireAction");
    }
    let captures = request.auto_expire_action == Some(AutoExpireAction::Capture);
    is_manual.then(|| AutoExpiry { milliseconds: milliseconds.flatten().unwrap_or_default(), captures })
}

/// .NET's `[d.]hh:mm:ss`, in milliseconds. ISO 8601 durations are refused.
fn timespan(text: &str) -> Option<u64> {
    let (days, clock) = text.split_once('.').map_or((Some(0), text), |(days, clock)| (days.parse().ok(), clock));
    let parts: Vec<u64> = clock.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let [hours @ 0..=23, minutes @ 0..=59, seconds @ 0..=59] = parts[..] else { return None };
    let days: u64 = days.filter(|days| *days <= 365)?;
    Some((((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_span_is_dot_nets() {
        assert_eq!(timespan("00:00:55"), Some(55_000));
        assert_eq!(timespan("6.23:59:59"), Some(SEVEN_DAYS - 1_000));
        for wrong in ["PT55S", "55", "1:2", "00:60:00", "x.00:00:00", "400.00:00:00", ""] {
            assert_eq!(timespan(wrong), None, "{wrong}");
        }
    }
}
