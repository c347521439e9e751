//! Card numbers are found however they are written.

use pos_bridge::domain::card::{holds_card_number, without_card_numbers};
use proptest::prelude::*;

const NUMBERS: [&str; 5] =
    ["4111111111111111", "5500000000000004", "378282246310005", "30569309025904", "6304000000000000"];
/// The zeros of some scripts; the other nine digits follow each.
const ZEROS: [char; 6] = ['0', '\u{660}', '\u{6f0}', '\u{966}', '\u{ff10}', '\u{1d7ce}'];
const SEPARATORS: [char; 14] = [
    ' ', '-', '.', '/', '\t', '\u{a0}', '\u{2009}', '\u{202f}', '\u{3000}', '\u{2013}', '\u{2212}', '\u{200b}',
    '\u{ad}', '\u{b7}',
];

/// A card number with each digit of some script, and up to three separators before it.
fn written() -> impl Strategy<Value = String> {
    let digit = (prop::sample::select(&ZEROS[..]), prop::collection::vec(prop::sample::select(&SEPARATORS[..]), 0..=3));
    (prop::sample::select(&NUMBERS[..]), prop::collection::vec(digit, 19)).prop_map(|(number, spelling)| {
        let digits = number.chars().zip(spelling).enumerate();
        digits.fold(String::new(), |mut text, (place, (digit, (zero, separators)))| {
            text.extend(separators.iter().filter(|_| place > 0));
            text.extend(char::from_u32(u32::from(zero) + digit.to_digit(10).unwrap()));
            text
        })
    })
}

proptest! {
    #[test]
    fn however_it_is_written(number in written(), before in "[a-z:,\n]{1,8}", after in "[a-z:,\n]{1,8}") {
        let text = format!("{before}{number}{after}");
        prop_assert!(holds_card_number(&text), "{text:?}");
        let clean = without_card_numbers(&text);
        prop_assert!(!holds_card_number(&clean), "{clean:?}");
        prop_assert_eq!(clean.chars().count(), text.chars().count());
        prop_assert!(clean.chars().zip(text.chars()).all(|(new, old)| new == old || new == '*' && old.is_numeric()));
    }

    #[test]
    fn nothing_that_was_masked_holds_one(text in "[0-9 ]{20,60}") {
        let clean = without_card_numbers(&text);
        prop_assert!(!holds_card_number(&clean), "{text:?} became {clean:?}");
    }

    #[test]
    fn a_date_with_a_time_and_a_bar_code_are_none(
        year in 2020..2100, month in 1..13, day in 1..29, hour in 0..24, minute in 0..60, second in 0..60,
        separator in prop::sample::select(&SEPARATORS[..]),
    ) {
        let parts = [format!("{year}")].into_iter().chain([month, day, hour, minute, second].map(|n| format!("{n:02}")));
        let text = parts.collect::<Vec<_>>().join(&separator.to_string());
        prop_assert!(!holds_card_number(&text), "{text:?}");
        let bar_code = "4006381333931".chars().map(String::from).collect::<Vec<_>>().join(&separator.to_string());
        prop_assert!(!holds_card_number(&bar_code), "{bar_code:?}");
    }
}

/// Which numbers the schemes give out: by length and first four digits. Every number here passes the Luhn check and is no
/// article's.
#[test]
fn a_card_number_is_of_a_scheme() {
    let cards = [
        "4000010000004",
        "4222222222222",
        "4999000000009",
        "30000000000004",
        "30590000000004",
        "36000000000008",
        "36990000000000",
        "38000000000006",
        "39990000000007",
        "340000000000009",
        "349900000000001",
        "370000000000002",
        "379900000000004",
        "2221000000000009",
        "2720000000000005",
        "3000000000000004",
        "3530111333300000",
        "6999000000000000",
        "8100000000000002",
        "8171000000000006",
        "40000100000000004",
        "69990000000000007",
        "81000000000000000",
        "81710000000000001",
        "4000010000000000004",
        "6999000000000000007",
        "8100000000000000000",
        "8171000000000000001",
    ];
    for number in cards {
        assert!(holds_card_number(number), "{number}");
    }
    let others = [
        "3999000000000",
        "5000010000003",
        "29991000000007",
        "30600000000001",
        "35990000000001",
        "37000000000007",
        "37990000000009",
        "40000000000002",
        "339900000000003",
        "350000000000006",
        "369900000000006",
        "380000000000000",
        "400001000000004",
        "2220000000000000",
        "2721000000000004",
        "2999100000000007",
        "7000000000000005",
        "8099000000000005",
        "8172000000000005",
        "39990000000000000",
        "70000100000000001",
        "80990000000000004",
        "81720000000000009",
        "3999000000000000000",
        "7000010000000000001",
        "8099000000000000004",
        "8172000000000000009",
    ];
    for number in others {
        assert!(!holds_card_number(number), "{number}");
    }
}

/// Bar codes have 13 or 14 digits. These begin as cards do and pass the Luhn check too.
#[test]
fn an_articles_number_is_none() {
    for number in ["4010050704175", "4010050724173", "4010050734172", "36100040941730", "36100042941738"] {
        assert!(!holds_card_number(number), "{number}");
    }
    assert!(holds_card_number("4111000000000065"), "no article has so many digits");
}

/// Four groups that stand together are one number, whatever other numbers the text has; kept further apart they are four.
#[test]
fn what_keeps_groups_apart_keeps_them_apart_in_a_text_of_many_digits() {
    for between in ["", " ", "-", " - "] {
        let number = ["4111", "1111", "1111", "1111"].join(between);
        assert!(holds_card_number(&format!("{number} of order 1234567890123")), "{between:?}");
    }
    for between in [",", "x", "\n", " , ", "    ", " -- ", " and "] {
        let numbers = ["4111", "1111", "1111", "1111"].join(between);
        for text in [format!("{numbers} of order 1234567890123"), format!("order 1234567890123, {numbers}")] {
            assert!(!holds_card_number(&text), "{text:?}");
            assert_eq!(without_card_numbers(&text), text);
        }
    }
}

/// What is left of one reads as another together with what stands beside it; libFuzzer wrote the second text.
#[test]
fn what_masking_leaves_is_no_card_number_either() {
    for (text, clean) in [
        ("5747219811 3631781946471915", "574721**** **3178******1915"),
        ("5797  0 444444444443   0 444444444543", "5797  0 4**********3   0 44******4543"),
    ] {
        assert_eq!(without_card_numbers(text), clean);
    }
}

/// A sign that means ten is no digit, so no number goes on with it.
#[test]
fn a_digit_is_less_than_ten_in_any_script() {
    assert!(holds_card_number("4000000000000010"));
    assert!(!holds_card_number("400000000000001\u{2469}"));
}
