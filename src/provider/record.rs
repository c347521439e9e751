//! Reading any provider's record.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::client::Exchanged;
use crate::domain::card::without_card_numbers;
use crate::ports::ReadError;

/// As of when readings that belong together are, on the provider's clock: the first of them, because what came after it may
/// be missing.
#[derive(Debug, Default)]
pub(super) struct AsOf(Option<Timestamp>);

impl AsOf {
    /// Another reading, asked for at this moment by the provider's clock; its answer may say so more exactly.
    pub(super) fn note(&mut self, asked: Timestamp, answer: Option<&Exchanged>) {
        let date = match answer {
            Some(Exchanged::Replied(reply)) => reply.date.unwrap_or(asked),
            _ => asked,
        };
        self.0 = Some(self.0.map_or(date, |earliest| earliest.min(date)));
    }

    /// `None` before the first reading.
    pub(super) const fn earliest(&self) -> Option<Timestamp> {
        self.0
    }
}

/// Something in a list, as it came.
pub(super) fn understand<T: DeserializeOwned>(value: Value) -> Result<T, ReadError> {
    serde_json::from_value(value).map_err(|error| unusable(&format!("an answer that cannot be understood: {error}")))
}

/// An answer that tells nothing; the cause may quote what could not be understood.
pub(super) fn unusable(cause: &str) -> ReadError {
    ReadError::Unreachable { cause: without_card_numbers(cause), retry_after: None }
}

/// For a part that decides nothing: its default when it has another shape than expected, so that it never hides a payment.
pub(super) fn tolerant<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned + Default,
{
    Ok(serde_json::from_value(Value::deserialize(deserializer)?).unwrap_or_default())
}
