use proptest::prelude::*;

use super::*;
use crate::domain::attempt::{Phase, Reason};
use crate::domain::card::{self, Card, holds_card_number};
use crate::domain::evidence::Approval;
use crate::domain::identifiers::{AttemptReference, Reference, TransactionId, is_printable};
use crate::domain::money::{AMOUNT_MAX, Amount, Currency, Money};
use crate::domain::specimen::operation;

const WIDTHS: [u8; 4] = [24, 32, 40, 48];

fn paper(columns: u8, language: Language) -> Paper<'static> {
    Paper { columns, language, time_zone: "Europe/Oslo" }
}

/// An approved sale with this receipt of the provider's.
fn approved(provided: Option<&str>) -> Operation {
    let text = provided.map(str::to_owned);
    operation(Phase::Approved {
        approval: Approval {
            transaction: Some(TransactionId::new("T12345678.465UfBENeLpkBvwmqfTC4k").unwrap()),
            amount: Amount::new(39900).unwrap(),
            captured: true,
            card: Some(Card {
                brand: Some("Visa".into()),
                masked_pan: Some("476173******0416".into()),
                entry_method: Some("contactless".into()),
            }),
            receipt: text.map(|text| card::Receipt { customer: Some(text), merchant: None }),
            several: false,
        },
        late: false,
        resolution: None,
    })
}

fn declined() -> Operation {
    operation(Phase::Declined { reason: Reason::new("51", "Insufficient funds") })
}

fn customers(operation: &Operation, columns: u8, language: Language) -> String {
    receipt(operation, Recipient::Customer, Edition::Original, paper(columns, language)).unwrap()
}

/// The lines of a golden text: what stands between the bars.
fn golden(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter_map(|line| Some(line.split('|').nth(1)?.trim_end())).collect();
    lines.join("\n")
}

#[test]
fn an_approved_sale_on_the_narrowest_paper() {
    let expected = golden(
        "
        |          oslo          |
        |    CUSTOMER RECEIPT    |
        |                        |
        |Date    2026-11-20 11:15|
        |Till              till-1|
        |Terminal           front|
        |Reference         R-1001|
        |------------------------|
        |SALE          399.00 NOK|
        |------------------------|
        |Card                Visa|
        |Number  476173******0416|
        |Read by      Contactless|
        |Transaction             |
        |T12345678.465UfBENeLpkBv|
        |wmqfTC4k                |
        |                        |
        |        APPROVED        |
        ",
    );
    assert_eq!(customers(&approved(None), 24, Language::English), expected);
}

/// Declined in the evening and paid the next morning: that is the day of the payment.
#[test]
fn a_sale_that_was_tried_again_is_dated_with_the_last_time() {
    let mut again = approved(None);
    let next_day = again.created_at.saturating_add(jiff::SignedDuration::from_hours(22)).unwrap();
    again.attempt.number = 2;
    let milliseconds = u64::try_from(next_day.as_millisecond()).unwrap();
    again.attempt.order.reference = AttemptReference::new(ulid::Ulid::from_parts(milliseconds, 1));
    assert!(customers(&again, 40, Language::English).contains("2026-11-21 09:15"));
}

#[test]
fn what_the_customer_added_stands_beside_what_was_asked_and_the_sum() {
    let mut sale = approved(None);
    if let Phase::Approved { approval, .. } = &mut sale.attempt.phase {
        approval.amount = approval.amount.plus(4_000).unwrap();
    }
    let printed = customers(&sale, 24, Language::Danish);
    let amounts = golden(
        "
        |------------------------|
        |KØB           399,00 NOK|
        |Tillæg         40,00 NOK|
        |I ALT         439,00 NOK|
        |------------------------|
        ",
    );
    assert!(printed.contains(&amounts), "{printed}");
}

#[test]
fn a_declined_sale_in_norwegian() {
    let expected = golden(
        "
        |              oslo              |
        |       KUNDENS KVITTERING       |
        |                                |
        |Dato            2026-11-20 11:15|
        |Kasse                     till-1|
        |Terminal                   front|
        |Referanse                 R-1001|
        |--------------------------------|
        |KJØP                  399,00 NOK|
        |--------------------------------|
        |             AVVIST             |
        ",
    );
    assert_eq!(customers(&declined(), 32, Language::Norwegian), expected);
}

#[test]
fn the_merchants_copy_of_a_simulated_refund_in_swedish() {
    let refund = Operation { kind: Kind::Refund, simulated: true, ..approved(None) };
    let expected = golden(
        "
        |           *** SIMULERAT ***            |
        |        Inga pengar har flyttats        |
        |         *** ÅTERBETALNING ***          |
        |             *** KOPIA ***              |
        |                                        |
        |                  oslo                  |
        |            BUTIKENS KVITTO             |
        |                                        |
        |Datum                   2026-11-20 11:15|
        |Kassa                             till-1|
        |Terminal                           front|
        |Referens                          R-1001|
        |----------------------------------------|
        |RETUR                         399,00 NOK|
        |----------------------------------------|
        |Kort                                Visa|
        |Nummer                  476173******0416|
        |Läst med                     Kontaktlöst|
        |Transaktion                             |
        |        T12345678.465UfBENeLpkBvwmqfTC4k|
        |                                        |
        |                GODKÄNT                 |
        ",
    );
    let printed = receipt(&refund, Recipient::Merchant, Edition::Copy, paper(40, Language::Swedish)).unwrap();
    assert_eq!(printed, expected);
}

#[test]
fn a_cancelled_sale_without_decimals_in_danish() {
    let yen = Money { amount: Amount::new(1500).unwrap(), currency: Currency::from_code("JPY").unwrap() };
    let cancelled = Operation { money: yen, ..operation(Phase::Cancelled { resolution: None }) };
    let expected = golden(
        "
        |                      oslo                      |
        |               KUNDENS KVITTERING               |
        |                                                |
        |Dato                            2026-11-20 11:15|
        |Kasse                                     till-1|
        |Terminal                                   front|
        |Reference                                 R-1001|
        |------------------------------------------------|
        |KØB                                     1500 JPY|
        |------------------------------------------------|
        |                    AFBRUDT                     |
        ",
    );
    assert_eq!(customers(&cancelled, 48, Language::Danish), expected);
}

#[test]
fn what_is_not_proven_has_no_receipt() {
    for phase in [
        Phase::Reserved,
        Phase::Sending,
        Phase::Unknown { handle: None, empty_since: None },
        Phase::Abandoned { handle: None },
    ] {
        for recipient in Recipient::ALL {
            let printed =
                receipt(&operation(phase.clone()), recipient, Edition::Original, paper(40, Language::English));
            assert_eq!(printed, None, "{phase:?}");
        }
    }
}

#[test]
fn the_providers_own_receipt_is_printed_as_it_is_and_the_missing_one_is_composed() {
    let text = "  SHOP\n\nTOTAL       399.00\n  thank you";
    let sale = approved(Some(text));
    assert_eq!(customers(&sale, 24, Language::Norwegian), text);
    let merchants = receipt(&sale, Recipient::Merchant, Edition::Original, paper(24, Language::Norwegian)).unwrap();
    assert!(merchants.contains("BUTIKKENS KVITTERING"), "{merchants}");
    assert!(customers(&approved(Some(" \n")), 24, Language::English).contains("CUSTOMER RECEIPT"));
}

#[test]
fn the_providers_own_receipt_is_marked_too() {
    let sale = Operation { simulated: true, ..approved(Some("SHOP")) };
    let printed = receipt(&sale, Recipient::Customer, Edition::Copy, paper(24, Language::English)).unwrap();
    let expected = "   *** SIMULATED ***\n   No money was moved\n      *** COPY ***\n\nSHOP";
    assert_eq!(printed, expected);
}

#[test]
fn only_the_lines_that_are_too_long_are_set_anew() {
    let table = [
        ("TOTAL                          NOK 399.00", "TOTAL         NOK 399.00"),
        ("----------------------------------------", "------------------------"),
        ("=-=-=-=-=-=-=-=-=-=-=-=-=-=-=-", "=-=-=-=-=-=-=-=-=-=-=-=-\n=-=-=-"),
        ("              THE LITTLE SHOP", "    THE LITTLE SHOP"),
        ("Keep this receipt for your own records", "Keep this receipt for\nyour own records"),
        ("Card           Visa Debit Norge Contactless", "Card\nVisa Debit Norge\nContactless"),
        ("You have paid altogether NOK 399.00 to us", "You have paid altogether\nNOK 399.00 to us"),
        ("You have paid us today the 399.00 NOK due", "You have paid us today\nthe 399.00 NOK due"),
        ("a\tb", "a b"),
        ("cut\u{1b}i here\u{7}", "cuti here"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("no. 4111111111111111", "no. 411111******1111"),
        ("30.11.2026 08:00:09", "30.11.2026 08:00:09"),
        ("4111\u{200b}1111 1111\u{1}1111", "411111** ****1111"),
    ];
    for (text, printed) in table {
        assert_eq!(customers(&approved(Some(text)), 24, Language::English), printed, "{text:?}");
    }
}

fn languages() -> impl Strategy<Value = Language> {
    prop::sample::select(Language::ALL.to_vec())
}

fn widths() -> impl Strategy<Value = u8> {
    prop::sample::select(WIDTHS.to_vec())
}

fn assert_fits(printed: &str, columns: u8) {
    for line in printed.split('\n') {
        assert!(line.chars().count() <= usize::from(columns), "{line:?} on {columns}");
        assert!(line.chars().all(is_printable), "{line:?}");
        assert_eq!(line.trim_end(), line, "what is blank at the end costs ink and proves nothing");
    }
}

proptest! {
    #[test]
    fn a_composed_receipt_fits_its_paper_and_its_amount_stands_on_one_line(
        minor in 1..=AMOUNT_MAX,
        code in prop::sample::select(vec!["NOK", "JPY", "KWD", "SEK"]),
        reference in "[ -~æøåÄÖ]{1,40}",
        columns in widths(),
        language in languages(),
        refund in any::<bool>(),
        simulated in any::<bool>(),
    ) {
        let currency = Currency::from_code(code).unwrap();
        let money = Money { amount: Amount::new(minor).unwrap(), currency };
        let kind = if refund { Kind::Refund } else { Kind::Sale };
        let mut asked = Operation { money, kind, simulated, ..declined() };
        if let Ok(reference) = Reference::new(reference) {
            asked.reference = reference;
        }
        for recipient in Recipient::ALL {
            let printed = receipt(&asked, recipient, Edition::Copy, paper(columns, language)).unwrap();
            assert_fits(&printed, columns);
            let amount = money.to_string();
            let shown = if language == Language::English { amount } else { amount.replace('.', ",") };
            prop_assert!(printed.lines().any(|line| line.contains(&shown)), "{shown} is broken in\n{printed}");
        }
    }

    #[test]
    fn a_providers_receipt_fits_its_paper_whatever_is_in_it(
        text in any::<String>(),
        columns in widths(),
        language in languages(),
    ) {
        assert_fits(&customers(&approved(Some(&text)), columns, language), columns);
    }

    #[test]
    fn no_card_number_is_printed(before in "[A-Za-z ]{0,60}", after in "[A-Za-z ]{0,60}", columns in widths()) {
        let printed = customers(&approved(Some(&format!("{before}4111111111111111{after}"))), columns, Language::English);
        let in_one_line: String = printed.split_whitespace().collect();
        prop_assert!(!holds_card_number(&in_one_line), "{printed}");
    }
}
