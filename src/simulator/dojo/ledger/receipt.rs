//! The lines of a receipt, as a terminal prints them.

use serde_json::{Value, json};

use super::session::Payment;

pub(super) struct Receipt<'a> {
    pub(super) tid: &'a str,
    pub(super) kind: &'static str,
    pub(super) payment: &'a Payment,
}

impl Receipt<'_> {
    /// For the customer or the merchant.
    pub(super) fn copy(&self, whose: &str) -> Value {
        let card = &self.payment.card;
        let mut lines = vec![
            text("SIMULATED LTD", "SizeHeader1", "AlignCenter", true),
            text(&format!("TID:{}", self.tid), "SizeBody", "AlignLeft", false),
            text(&self.payment.at.strftime("%d/%m/%Y %H:%M:%S").to_string(), "SizeBody", "AlignLeft", false),
            json!({ "lineType": "SingleLineSeperator" }),
            text(card.scheme, "SizeHeader1", "AlignLeft", true),
            text(card.masked_number, "SizeBody", "AlignLeft", false),
            text(&format!("AID: {}", card.application_identifier), "SizeBody", "AlignLeft", false),
            text(card.entry_mode, "SizeBody", "AlignLeft", false),
            text(&format!("{} {}", self.word(), self.amount()), "SizeHeader2", "AlignLeft", true),
            text(self.verdict(), "SizeBody", "AlignCenter", true),
        ];
        if self.payment.approved {
            lines.push(text(&format!("AUTH CODE: {}", self.payment.auth_code), "SizeBody", "AlignLeft", false));
        }
        lines.push(json!({ "lineType": "NewLine" }));
        lines.push(text(whose, "SizeBody", "AlignCenter", true));
        json!({ "lines": lines })
    }

    fn word(&self) -> &'static str {
        if self.kind == "Sale" { "SALE" } else { "REFUND" }
    }

    fn verdict(&self) -> &'static str {
        match (self.payment.approved, self.payment.card.verification) {
            (false, _) => "DECLINED",
            (true, "Signature") => "SIGNATURE VERIFIED",
            (true, "Pin") => "PIN VERIFIED",
            (true, _) => "APPROVED",
        }
    }

    fn amount(&self) -> String {
        let sign = match self.payment.currency.as_str() {
            "GBP" => "£",
            "EUR" => "€",
            _ => "",
        };
        format!("{sign}{}.{:02}", self.payment.amount / 100, self.payment.amount % 100)
    }
}

fn text(value: &str, size: &str, align: &str, bold: bool) -> Value {
    json!({ "lineType": "Text", "text": { "value": value, "size": size, "align": align, "emphasisBold": bold } })
}
