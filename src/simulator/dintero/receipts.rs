//! The ready-made receipt text a terminal hands out with an event.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::outcomes::{Card, Reason};

/// What a terminal knows about one event.
pub(crate) struct Slip<'a> {
    pub(crate) account_id: &'a str,
    pub(crate) store_id: &'a str,
    pub(crate) terminal_id: &'a str,
    pub(crate) event_id: &'a str,
    pub(crate) receipt_number: usize,
    pub(crate) refund: bool,
    pub(crate) amount: i64,
    pub(crate) currency: &'a str,
    pub(crate) card: &'a Card,
    pub(crate) reason: Option<&'static Reason>,
    pub(crate) at: Timestamp,
}

impl Slip<'_> {
    /// The `seitatech:*` metadata of the event: all strings.
    pub(crate) fn metadata(&self) -> Value {
        let mut metadata = Map::new();
        for (name, value) in [
            ("customerReceipt", self.text("CUSTOMER COPY")),
            ("merchantReceipt", self.text("MERCHANT COPY")),
            ("uniqueId", self.event_id.to_owned()),
            ("receiptNumber", format!("{:06}", self.receipt_number)),
            ("transactionType", self.kind().to_owned()),
            ("saleAmount", self.amount.to_string()),
            ("outcome", self.outcome().to_owned()),
            ("responseCode", self.reason.map_or("00", |reason| reason.result_code).to_owned()),
            ("applicationIdentifier", self.card.application_identifier.to_owned()),
            ("field41", self.terminal_id.to_owned()),
            ("field42", self.account_id.to_owned()),
            ("acquirer", "SIMULATED".to_owned()),
        ] {
            metadata.insert(format!("seitatech:{name}"), json!(value));
        }
        if let Some(reason) = self.reason {
            metadata.insert("seitatech:outcomeReason".into(), json!(reason.message));
        }
        metadata.insert("payout_correlation_id".into(), json!(self.event_id));
        Value::Object(metadata)
    }

    fn text(&self, copy: &str) -> String {
        let verdict = self.reason.map_or("APPROVED", |reason| reason.message);
        [
            "SIMULATED TERMINAL".to_owned(),
            format!("{}  {}", self.store_id, self.terminal_id),
            self.at.strftime("%Y-%m-%d %H:%M:%S").to_string(),
            format!("{} {}", self.card.brand, self.card.entry_method),
            self.card.masked_pan.to_owned(),
            format!("AID {}", self.card.application_identifier),
            format!("{} {}", self.kind(), self.amount_text()),
            verdict.to_owned(),
            copy.to_owned(),
        ]
        .join("\n")
    }

    fn amount_text(&self) -> String {
        format!("{} {}.{:02}", self.currency, self.amount / 100, self.amount % 100)
    }

    fn kind(&self) -> &'static str {
        if self.refund { "REFUND" } else { "PURCHASE" }
    }

    fn outcome(&self) -> &'static str {
        if self.reason.is_some() { "declined" } else { "approved" }
    }
}
