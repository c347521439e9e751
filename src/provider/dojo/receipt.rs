//! Card and receipt, as far as Dojo tells: they decide nothing.

use super::wire::{self, PaymentDetails, Session};
use crate::domain::card::{Card, Receipt, without_card_numbers};

/// The card behind a payment.
pub(super) fn card(details: Option<&PaymentDetails>) -> Option<Card> {
    let card = details?.card.as_ref()?;
    let masked = card.card_number.as_deref().map(without_card_numbers);
    Some(Card {
        brand: card.card_type.clone(),
        masked_pan: masked.or_else(|| card.last_four.as_ref().map(|digits| format!("************{digits}"))),
        entry_method: card.entry_mode.as_deref().map(entry_method),
    })
}

/// The texts to print, in whichever of the three places Dojo put them.
pub(super) fn receipt(session: &Session) -> Option<Receipt> {
    let customer = session.customer_receipt.as_ref().or(session.receipt.as_ref()).and_then(text);
    let merchant = session.merchant_receipt.as_ref().and_then(text);
    (customer.is_some() || merchant.is_some()).then_some(Receipt { customer, merchant })
}

fn entry_method(word: &str) -> String {
    match word {
        "Contactless" => "contactless".to_owned(),
        "ContactChip" => "chip".to_owned(),
        "Magstripe" => "magstripe".to_owned(),
        "ManualEntry" => "manual".to_owned(),
        other => other.to_owned(),
    }
}

/// Plain lines; sizes, bold print and logos are for Dojo's own printer.
fn text(receipt: &wire::Receipt) -> Option<String> {
    let lines: Vec<String> = receipt.lines.iter().filter_map(line).collect();
    let text = lines.join("\n").trim_matches('\n').to_owned();
    (!text.trim().is_empty()).then(|| without_card_numbers(&text))
}

fn line(line: &wire::ReceiptLine) -> Option<String> {
    match line.line_type.as_str() {
        "Text" => line.text.as_ref().map(|text| text.value.clone()),
        "NewLine" => Some(String::new()),
        // Dojo spells it so.
        "SingleLineSeperator" | "SingleLineSeparator" => Some("-".repeat(SEPARATOR)),
        "DoubleLineSeperator" | "DoubleLineSeparator" => Some("=".repeat(SEPARATOR)),
        _ => None,
    }
}

/// As wide as Dojo's own lines.
const SEPARATOR: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn lines(text: &str) -> Value {
        json!({"lines": [
            {"lineType": "LogoImage", "imageLogo": {"value": "x", "align": "AlignCenter"}},
            {"lineType": "Text", "text": {"value": text, "size": "SizeBody", "align": "AlignLeft", "emphasisBold": false}},
            {"lineType": "NewLine"},
            {"lineType": "SingleLineSeperator"},
            {"lineType": "SomethingNew"},
        ]})
    }

    fn session(more: &Value) -> Session {
        let mut session = json!({"id": "ts_1"});
        for (name, value) in more.as_object().unwrap() {
            session[name] = value.clone();
        }
        serde_json::from_value(session).unwrap()
    }

    #[test]
    fn a_receipt_is_found_in_each_of_its_places() {
        let printed = |text: &str| Some(format!("{text}\n\n{}", "-".repeat(24)));
        let found = receipt(&session(&json!({"receipt": lines("ONE")}))).unwrap();
        assert_eq!((found.customer, found.merchant), (printed("ONE"), None));
        let both = json!({"customerReceipt": lines("CUSTOMER COPY"), "merchantReceipt": lines("MERCHANT COPY")});
        let found = receipt(&session(&both)).unwrap();
        assert_eq!((found.customer, found.merchant), (printed("CUSTOMER COPY"), printed("MERCHANT COPY")));
        assert_eq!(receipt(&session(&json!({}))), None);
        assert_eq!(receipt(&session(&json!({"receipt": {"lines": "none"}}))), None, "it never hides a payment");
    }

    #[test]
    fn a_card_is_told_truncated() {
        let card = |card: Value| card_of(&json!({"card": card}));
        let told = card(json!({"cardNumber": "************6717", "cardType": "Visa", "entryMode": "ContactChip"}));
        assert_eq!(told.unwrap().entry_method.as_deref(), Some("chip"));
        let last_four = card(json!({"last4PAN": "6717"})).unwrap();
        assert_eq!(last_four.masked_pan.as_deref(), Some("************6717"));
        let slip = card(json!({"cardNumber": "4761739001010416"})).unwrap();
        assert_eq!(slip.masked_pan.as_deref(), Some("476173******0416"), "should Dojo ever send a whole one");
    }

    fn card_of(details: &Value) -> Option<Card> {
        card(Some(&serde_json::from_value(details.clone()).unwrap()))
    }
}
