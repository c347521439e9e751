//! Why nothing moved, as advice to the cashier.
//!
//! What is shown here is read where the customer hears it. So a card that is lost, stolen, closed or suspected reads as
//! any other decline, and so do too little money and a limit; the provider's own words are in `reason`.
//!
//! Dintero passes on the bank's response code where it has one (`51`, the field 39 of ISO 8583), else a word of its own
//! (`INSUFFICIENT_FUNDS`), in older records with the acquirer's prefix (`REJECTED_BY_ACQUIRER_INSUFFICIENT_FUNDS`).

use super::Text;
use crate::domain::attempt::{Kind, Reason};

/// What Dintero put before its words until 2025.
const OLD_PREFIX: &str = "REJECTED_BY_ACQUIRER_";

/// A proven no.
pub(super) fn declined(kind: Kind, reason: &Reason) -> Text {
    let word = reason.code.to_ascii_uppercase();
    let word = word.strip_prefix(OLD_PREFIX).unwrap_or(&word);
    let advice = BY_CODE.iter().find(|(codes, _)| codes.contains(&word)).map(|(_, advice)| *advice);
    match (kind, advice) {
        (Kind::Sale, Some(Advice { sale, .. })) => sale,
        (Kind::Sale, None) => CARD_DECLINED,
        (Kind::Refund, Some(Advice { refund: Some(refund), .. })) => refund,
        (Kind::Refund, _) => REFUND_DECLINED,
    }
}

/// A proven "it never started": our own words for why, else Dintero's.
pub(super) fn failed(reason: &Reason) -> Text {
    match reason.code.as_str() {
        "not_sent" | "provider_unreachable" => NOT_REACHED,
        "unknown_store" | "no_transaction" | "http_401" | "http_403" => SET_UP,
        "storage_unavailable" => NO_STORAGE,
        "not_captured" | "provider_behind" => NOT_YET,
        "refund_exceeds" => NOTHING_LEFT,
        "earlier_refund" | "lost_refund" => PERHAPS_PAID_BACK,
        _ => NOT_STARTED,
    }
}

/// What to do about a decline; a refund has advice of its own only where it differs from the usual one.
#[derive(Debug, Clone, Copy)]
struct Advice {
    sale: Text,
    refund: Option<Text>,
}

const fn for_sales(sale: Text) -> Advice {
    Advice { sale, refund: None }
}

const fn for_both(text: Text) -> Advice {
    Advice { sale: text, refund: Some(text) }
}

/// The codes that more can be said of than "declined". `65` and `1A` are what banks answer when they want the PIN.
const BY_CODE: &[(&[&str], Advice)] = &[
    (
        &["51", "61", "INSUFFICIENT_FUNDS", "EXCEEDS_APPROVAL_LIMIT", "EXCEEDS_WITHDRAWAL_FREQUENCY_LIMIT"],
        for_sales(AMOUNT_DECLINED),
    ),
    (&["55", "INCORRECT_PIN", "WRONG_PIN"], for_both(WRONG_PIN)),
    (&["65", "70", "1A", "PIN_REQUIRED", "ADDITIONAL_VERIFICATION_REQUIRED"], for_both(INSERT_CARD)),
    (&["33", "54", "EXPIRED_CARD"], for_sales(EXPIRED)),
    (&["14", "15", "31", "40", "57", "NOT_SUPPORTED", "CARD_NOT_SUPPORTED"], for_sales(NOT_ACCEPTED)),
    (&["17", "CANCELLED", "CANCELED", "ABORTED", "USER_CANCELLED"], for_both(CUSTOMER_STOPPED)),
    (&["TIMEOUT", "TIMED_OUT", "CARD_TIMEOUT"], for_both(NO_CARD)),
    (&["68", "91", "92", "96", "ISSUER_ERROR"], for_both(BANK_SILENT)),
    (&["TERMINAL_OFFLINE", "TERMINAL_UNREACHABLE", "TERMINAL_NOT_CONNECTED"], for_both(TERMINAL_SILENT)),
    (&["01", "02", "60", "66"], for_sales(BANK_DECLINED)),
    (&["03", "12", "13", "58", "INVALID_MERCHANT", "INVALID_TRANSACTION", "INVALID_AMOUNT"], for_both(SET_UP)),
    (&["NOT_CAPTURED"], for_both(NOT_YET)),
    (&["REFUND_EXCEEDS"], for_both(NOTHING_LEFT)),
];

texts! {
    CARD_DECLINED {
        en: "Card declined. Try another card",
        nb: "Kortet ble avvist. Prøv et annet kort",
        sv: "Kortet nekades. Prova ett annat kort",
        da: "Kortet blev afvist. Prøv et andet kort",
    }
    REFUND_DECLINED {
        en: "Refund declined. Nothing was paid back; try again or pay back in another way",
        nb: "Refusjonen ble avvist. Ingenting er betalt tilbake; prøv igjen eller på annen måte",
        sv: "Återbetalningen nekades. Inget har betalats tillbaka; försök igen eller på annat sätt",
        da: "Refunderingen blev afvist. Intet er betalt tilbage; prøv igen eller på anden måde",
    }
    AMOUNT_DECLINED {
        en: "Not approved for this amount. Try another card",
        nb: "Ikke godkjent for dette beløpet. Prøv et annet kort",
        sv: "Inte godkänt för det här beloppet. Prova ett annat kort",
        da: "Ikke godkendt til dette beløb. Prøv et andet kort",
    }
    WRONG_PIN {
        en: "The PIN was not right. Try again",
        nb: "PIN-koden var ikke riktig. Prøv igjen",
        sv: "PIN-koden var inte rätt. Försök igen",
        da: "PIN-koden var ikke rigtig. Prøv igen",
    }
    INSERT_CARD {
        en: "The bank wants the PIN. Insert the card and try again",
        nb: "Banken vil ha PIN-kode. Sett inn kortet og prøv igjen",
        sv: "Banken vill ha PIN-kod. Sätt in kortet och försök igen",
        da: "Banken vil have PIN-kode. Sæt kortet i og prøv igen",
    }
    EXPIRED {
        en: "The card has expired. Try another card",
        nb: "Kortet er utløpt. Prøv et annet kort",
        sv: "Kortet har gått ut. Prova ett annat kort",
        da: "Kortet er udløbet. Prøv et andet kort",
    }
    NOT_ACCEPTED {
        en: "This card is not accepted here. Try another card",
        nb: "Dette kortet kan ikke brukes her. Prøv et annet kort",
        sv: "Det här kortet kan inte användas här. Prova ett annat kort",
        da: "Dette kort kan ikke bruges her. Prøv et andet kort",
    }
    CUSTOMER_STOPPED {
        en: "Stopped at the terminal. Ask the customer and try again",
        nb: "Stoppet på terminalen. Spør kunden og prøv igjen",
        sv: "Avbrutet på terminalen. Fråga kunden och försök igen",
        da: "Stoppet på terminalen. Spørg kunden og prøv igen",
    }
    NO_CARD {
        en: "No card was shown in time. Try again",
        nb: "Ingen viste kort i tide. Prøv igjen",
        sv: "Inget kort visades i tid. Försök igen",
        da: "Intet kort blev vist i tide. Prøv igen",
    }
    BANK_SILENT {
        en: "The bank did not answer. Try again in a moment",
        nb: "Banken svarte ikke. Prøv igjen om litt",
        sv: "Banken svarade inte. Försök igen om en stund",
        da: "Banken svarede ikke. Prøv igen om lidt",
    }
    BANK_DECLINED {
        en: "Not approved by the bank. Try another card",
        nb: "Ikke godkjent av banken. Prøv et annet kort",
        sv: "Inte godkänt av banken. Prova ett annat kort",
        da: "Ikke godkendt af banken. Prøv et andet kort",
    }
    TERMINAL_SILENT {
        en: "The terminal is not connected. Check it and try again",
        nb: "Terminalen er ikke tilkoblet. Sjekk den og prøv igjen",
        sv: "Terminalen är inte ansluten. Kontrollera den och försök igen",
        da: "Terminalen er ikke tilsluttet. Tjek den og prøv igen",
    }
    SET_UP {
        en: "Not possible here, no money was moved. Call the manager",
        nb: "Ikke mulig her, ingen penger er flyttet. Tilkall leder",
        sv: "Inte möjligt här, inga pengar har flyttats. Kontakta chefen",
        da: "Ikke muligt her, ingen penge er flyttet. Tilkald lederen",
    }
    NOT_REACHED {
        en: "Payment service not reached, no money was moved. Try again",
        nb: "Ingen kontakt med betalingen, ingen penger er flyttet. Prøv igjen",
        sv: "Betaltjänsten nås inte, inga pengar har flyttats. Försök igen",
        da: "Ingen kontakt med betalingen, ingen penge er flyttet. Prøv igen",
    }
    NOT_STARTED {
        en: "Not started, no money was moved. Check the terminal and try again",
        nb: "Ikke startet, ingen penger er flyttet. Sjekk terminalen og prøv igjen",
        sv: "Inte startad, inga pengar har flyttats. Kontrollera terminalen och försök igen",
        da: "Ikke startet, ingen penge er flyttet. Tjek terminalen og prøv igen",
    }
    NO_STORAGE {
        en: "Not sent, no money was moved. Try again, else call the manager",
        nb: "Ikke sendt, ingen penger er flyttet. Prøv igjen, ellers tilkall leder",
        sv: "Inte skickad, inga pengar har flyttats. Försök igen, annars kontakta chefen",
        da: "Ikke sendt, ingen penge er flyttet. Prøv igen, ellers tilkald lederen",
    }
    NOT_YET {
        en: "The sale cannot be refunded yet. Try again later",
        nb: "Salget kan ikke refunderes ennå. Prøv igjen senere",
        sv: "Köpet kan inte återbetalas ännu. Försök igen senare",
        da: "Salget kan ikke refunderes endnu. Prøv igen senere",
    }
    PERHAPS_PAID_BACK {
        en: "Not paid back now: it may be paid back already. Call the manager",
        nb: "Ikke betalt tilbake nå: det kan være gjort allerede. Tilkall leder",
        sv: "Inget betalas tillbaka nu: det kan redan vara gjort. Kontakta chefen",
        da: "Ikke betalt tilbage nu: det kan være gjort allerede. Tilkald lederen",
    }
    NOTHING_LEFT {
        en: "More than is left of the sale, nothing was paid back. Call the manager",
        nb: "Mer enn resten av salget, ingenting ble betalt tilbake. Tilkall leder",
        sv: "Mer än resten av köpet, inget har betalats tillbaka. Kontakta chefen",
        da: "Mere end resten af salget, intet blev betalt tilbage. Tilkald lederen",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sale(code: &str) -> Text {
        declined(Kind::Sale, &Reason::new(code, "the provider's own words"))
    }

    #[test]
    fn known_codes_bring_advice_whatever_their_spelling() {
        let table = [
            ("51", AMOUNT_DECLINED),
            ("INSUFFICIENT_FUNDS", AMOUNT_DECLINED),
            ("REJECTED_BY_ACQUIRER_INSUFFICIENT_FUNDS", AMOUNT_DECLINED),
            ("insufficient_funds", AMOUNT_DECLINED),
            ("EXCEEDS_APPROVAL_LIMIT", AMOUNT_DECLINED),
            ("55", WRONG_PIN),
            ("PIN_REQUIRED", INSERT_CARD),
            ("54", EXPIRED),
            ("EXPIRED_CARD", EXPIRED),
            ("57", NOT_ACCEPTED),
            ("17", CUSTOMER_STOPPED),
            ("cancelled", CUSTOMER_STOPPED),
            ("timeout", NO_CARD),
            ("91", BANK_SILENT),
            ("ISSUER_ERROR", BANK_SILENT),
            ("TERMINAL_OFFLINE", TERMINAL_SILENT),
            ("01", BANK_DECLINED),
            ("INVALID_MERCHANT", SET_UP),
        ];
        for (code, text) in table {
            assert_eq!(sale(code), text, "{code}");
        }
    }

    #[test]
    fn a_lost_a_stolen_and_a_suspected_card_read_as_any_other_decline() {
        let silent = ["04", "07", "34", "35", "36", "37", "38", "41", "43", "46", "59", "62", "63", "75"];
        let words = ["PICK_UP_CARD", "RESTRICTED_CARD", "CLOSED_ACCOUNT", "FAILED_VERIFICATION", "LOST_CARD"];
        for code in silent.iter().chain(&words).chain(&["05", "DECLINED", "declined", "UNKNOWN", "a newer word", ""]) {
            assert_eq!(sale(code), CARD_DECLINED, "{code}");
        }
    }

    #[test]
    fn too_little_money_cannot_be_told_from_a_limit() {
        assert_eq!(sale("51"), sale("61"));
    }

    #[test]
    fn no_code_stands_in_two_rows() {
        let codes: Vec<&str> = BY_CODE.iter().flat_map(|(codes, _)| codes.iter().copied()).collect();
        for (position, code) in codes.iter().enumerate() {
            assert!(!codes[..position].contains(code), "{code}");
            assert_eq!(*code, code.to_ascii_uppercase());
        }
    }

    #[test]
    fn a_refund_is_never_told_to_try_another_card() {
        for (codes, _) in BY_CODE {
            let text = declined(Kind::Refund, &Reason::new(codes[0], ""));
            assert!(!text.en.contains("another card"), "{codes:?}: {}", text.en);
        }
        assert_eq!(declined(Kind::Refund, &Reason::new("51", "")), REFUND_DECLINED);
        assert_eq!(declined(Kind::Refund, &Reason::new("refund_exceeds", "")), NOTHING_LEFT);
    }

    /// "Nothing is paid" would read as if the sale were not.
    #[test]
    fn what_was_not_paid_back_is_told_so_in_every_language() {
        for text in [PERHAPS_PAID_BACK, NOTHING_LEFT] {
            for (told, back) in [(text.en, "back"), (text.nb, "tilbake"), (text.sv, "tillbaka"), (text.da, "tilbage")] {
                let (what_is_so, _) = told.split_once([':', '.']).unwrap();
                assert!(what_is_so.contains(back), "{told}");
            }
        }
    }

    #[test]
    fn what_never_started_says_what_to_do_about_it() {
        let table = [
            ("not_sent", NOT_REACHED),
            ("provider_unreachable", NOT_REACHED),
            ("http_403", SET_UP),
            ("storage_unavailable", NO_STORAGE),
            ("not_captured", NOT_YET),
            ("provider_behind", NOT_YET),
            ("refund_exceeds", NOTHING_LEFT),
            ("earlier_refund", PERHAPS_PAID_BACK),
            ("lost_refund", PERHAPS_PAID_BACK),
            ("INVALID_REQUEST_PARAMETER", NOT_STARTED),
        ];
        for (code, text) in table {
            assert_eq!(failed(&Reason::new(code, "")), text, "{code}");
        }
    }
}
