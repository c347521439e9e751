//! Answers as a person reads them.

use std::io::Write;

use serde_json::Value;

use super::client::{Answer, ClientError};
use crate::domain::money::{Amount, Currency, Money};

/// Prints an answer: as JSON, or a problem by its words, or what `show` makes of it.
pub(super) fn print(
    answer: &Answer,
    json: bool,
    output: &mut dyn Write,
    show: impl FnOnce(&Value) -> Vec<String>,
) -> Result<(), ClientError> {
    if json {
        writeln!(output, "{}", answer.body)?;
        return Ok(());
    }
    let lines = if answer.status.is_success() { show(&answer.body) } else { problem(answer) };
    for line in lines {
        writeln!(output, "{}", printable(&line))?;
    }
    Ok(())
}

/// `approved  399.00 NOK  R-1001 on front`, and below it what else matters.
pub(super) fn operation(operation: &Value) -> Vec<String> {
    let mut lines = vec![format!(
        "{}  {}  {} {} on {}",
        word(&operation["status"]),
        money(&operation["amount"], &operation["currency"]),
        word(&operation["kind"]),
        word(&operation["reference"]),
        word(&operation["terminal"]),
    )];
    let notes = [("", "message"), ("reason: ", "reason"), ("operation: ", "operation_id")];
    for (label, name) in notes.into_iter().chain([("transaction: ", "transaction_id")]) {
        let value = &operation[name];
        if !value.is_null() {
            lines.push(format!("  {label}{}", word(value)));
        }
    }
    let given_back = &operation["amount_refunded"];
    if given_back.as_i64().is_some_and(|amount| amount != 0) {
        lines.push(format!("  given back: {}", money(given_back, &operation["currency"])));
    }
    lines.extend(marks(operation));
    lines.extend(advice(&operation["retry"]).map(str::to_owned));
    lines
}

/// An operation, and below it what happened to it, a line each.
pub(super) fn with_history(answer: &Value) -> Vec<String> {
    let mut lines = operation(&answer["operation"]);
    lines.extend(elements(answer, "history").iter().map(|line| {
        format!(
            "  {}  attempt {}  {}  {}",
            word(&line["at"]),
            word(&line["attempt"]),
            word(&line["phase"]),
            word(&line["event"])
        )
    }));
    lines
}

/// What a person should not overlook.
fn marks(operation: &Value) -> Option<String> {
    let marks: Vec<&str> = [
        ("replayed", "an earlier result, nothing new was taken"),
        ("late", "came after the till was told otherwise"),
        ("simulated", "no real money"),
    ]
    .into_iter()
    .filter_map(|(name, meaning)| (operation[name] == true).then_some(meaning))
    .collect();
    (!marks.is_empty()).then(|| format!("  note: {}", marks.join("; ")))
}

fn advice(retry: &Value) -> Option<&'static str> {
    match retry.as_str() {
        Some("same_reference") => Some("  next: ask again with the same reference; it cannot charge twice"),
        Some("new_attempt") => Some("  next: nothing was taken; trying again is safe"),
        Some("operator") => {
            Some("  next: look at the terminal's receipt, then decide with `pos-bridge resolve`; do not pay again")
        }
        _ => None,
    }
}

fn problem(answer: &Answer) -> Vec<String> {
    let title = answer.body["title"].as_str().unwrap_or("the bridge refused");
    let mut lines = vec![format!("{title} ({} {})", answer.status.as_u16(), word(&answer.body["code"]))];
    lines.extend(answer.body["detail"].as_str().map(|detail| format!("  {detail}")));
    lines.extend(advice(&answer.body["retry"]).map(str::to_owned));
    lines
}

/// The elements of the list under this name; none when there is no such list.
pub(super) fn elements<'a>(answer: &'a Value, name: &str) -> &'a [Value] {
    answer[name].as_array().map_or(&[], Vec::as_slice)
}

/// A value without its quotes; a dash for none.
pub(super) fn word(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// `399.00 NOK`
fn money(amount: &Value, currency: &Value) -> String {
    let amount = amount.as_i64().and_then(|minor| Amount::new(minor).ok());
    let code = currency.as_str().and_then(|code| Currency::from_code(code).ok());
    match (amount, code) {
        (Some(amount), Some(currency)) => Money { amount, currency }.to_string(),
        _ => "-".to_owned(),
    }
}

/// What comes over the network must not move the cursor of whoever reads it.
pub(super) fn printable(line: &str) -> String {
    line.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}
