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
