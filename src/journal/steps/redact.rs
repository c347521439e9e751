//! What never reaches the disk: full card numbers anywhere, and receipts in the event log.

use serde::Serialize;
use serde_json::Value;

use crate::domain::attempt::Phase;
use crate::domain::card::{Card, Receipt, holds_card_number, without_card_numbers};
use crate::journal::error::{Result, unreadable};

/// The JSON of an event or of details. It is masked text by text, so that it stays valid JSON.
pub(super) fn clean_json(event: &impl Serialize) -> Result<String> {
    let mut value = serde_json::to_value(event).map_err(unreadable)?;
    mask(&mut value);
    Ok(value.to_string())
}

fn mask(value: &mut Value) {
    match value {
        Value::String(text) => *text = without_card_numbers(text),
        Value::Number(number) if holds_card_number(&number.to_string()) => {
            *value = without_card_numbers(&number.to_string()).into();
        }
        Value::Array(values) => values.iter_mut().for_each(mask),
        Value::Object(fields) => {
            // The attempt keeps the receipt; the log would only repeat it.
            fields.remove("receipt");
            fields.values_mut().for_each(mask);
        }
        _ => {}
    }
}

/// The phase with what a provider tells of a card and prints on a receipt masked. The provider truncates these itself;
/// this is the second lock. Identifiers are left alone: a masked one would find nothing any more.
pub(super) fn masked(mut phase: Phase) -> Phase {
    if let Phase::Approved { approval, .. } = &mut phase {
        if let Some(Receipt { customer, merchant }) = &mut approval.receipt {
            mask_each([customer, merchant]);
        }
        if let Some(Card { brand, masked_pan, entry_method }) = &mut approval.card {
            mask_each([brand, masked_pan, entry_method]);
        }
    }
    phase
}

fn mask_each<const N: usize>(texts: [&mut Option<String>; N]) {
    for text in texts.into_iter().flatten() {
        *text = without_card_numbers(text);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_event_log_keeps_valid_json_without_card_numbers_and_receipts() {
        let event = json!({
            "cause": "PAN 4111 1111 1111 1111", "found": 4_111_111_111_111_111_i64, "amount": 39900,
            "finding": {"receipt": {"customer": "long"}, "items": ["5500000000000004"]},
        });
        let logged: Value = serde_json::from_str(&clean_json(&event).unwrap()).unwrap();
        assert_eq!(
            logged,
            json!({
                "cause": "PAN 4111 11** **** 1111", "found": "411111******1111", "amount": 39900,
                "finding": {"items": ["550000******0004"]},
            })
        );
    }
}
