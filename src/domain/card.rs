//! What may be known of a card, and the guard that keeps full card numbers out of everything else.

mod characters;

use std::ops::{Range, RangeInclusive};

use serde::{Deserialize, Serialize};

pub(crate) use characters::separates;

use characters::{SEPARATORS, digit};

/// How many digits a card number has.
const DIGITS: RangeInclusive<usize> = 13..=19;

/// What the provider tells of the card, already truncated by it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// `Visa`, as the provider spells it.
    pub brand: Option<String>,
    /// `476173******0416`.
    pub masked_pan: Option<String>,
    /// `chip`, `contactless`, `magstripe`, or a word that is newer than this program.
    pub entry_method: Option<String>,
}

/// The texts to print, as the provider made them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The copy for the customer.
    pub customer: Option<String>,
    /// The copy for the shop.
    pub merchant: Option<String>,
}

/// Whether the text holds a run of 13 to 19 digits that is a card number: the first digits belong to a card scheme and the
/// last digit passes the Luhn check. Up to three spaces, dashes, dots, slashes or signs such as `_` and `:` may stand
/// between two digits, and the digits may be of any script. A comma may not: prices are written with it.
///
/// The scheme is part of the test because one in ten of all long numbers passes the Luhn check, and receipt numbers made
/// of a date and a time (`20261120101502`) and the bar codes of goods are common: refusing those would refuse sales.
#[must_use]
pub fn holds_card_number(text: &str) -> bool {
    !card_numbers(text).is_empty()
}

/// The text with every card number reduced to its first six and last four digits, or to fewer: what is left of one may read
/// as another together with what stands beside it.
#[must_use]
pub fn without_card_numbers(text: &str) -> String {
    let mut clean = text.to_owned();
    loop {
        let found = card_numbers(&clean);
        if found.is_empty() {
            return clean;
        }
        clean = with_hidden(&clean, &found);
    }
}

fn with_hidden(text: &str, found: &[Vec<usize>]) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for digits in found {
        for &position in &digits[6..digits.len() - 4] {
            characters[position] = '*';
        }
    }
    characters.into_iter().collect()
}

/// The positions of the digits of each card number in the text. A number may be written in groups, and may stand beside
/// other numbers, so every sequence of neighbouring groups is tried.
fn card_numbers(text: &str) -> Vec<Vec<usize>> {
    // Every line of the log comes here, and hardly any has so many digits in a row.
    if most_digits_in_a_row(text) < *DIGITS.start() {
        return Vec::new();
    }
    let characters: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    for groups in neighbouring_groups(&characters) {
        for first in 0..groups.len() {
            let mut digits: Vec<usize> = Vec::new();
            for group in &groups[first..] {
                digits.extend(group);
                if digits.len() > *DIGITS.end() {
                    break;
                }
                if is_card_number(&characters, &digits) {
                    found.push(digits.clone());
                }
            }
        }
    }
    found
}

/// The most digits that neighbouring groups have together.
fn most_digits_in_a_row(text: &str) -> usize {
    let (mut most, mut digits, mut apart) = (0, 0, 0);
    for character in text.chars() {
        if digit(character).is_some() {
            (digits, apart) = (digits + 1, 0);
            most = most.max(digits);
        } else {
            apart += 1;
            digits = if separates(character) && apart <= SEPARATORS { digits } else { 0 };
        }
    }
    most
}

/// Groups of digits that are kept apart by separators only; each as the positions of its digits.
fn neighbouring_groups(characters: &[char]) -> Vec<Vec<Vec<usize>>> {
    let (mut all, mut groups, mut group, mut apart) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for (position, &character) in characters.iter().enumerate() {
        if digit(character).is_some() {
            group.push(position);
            apart = 0;
            continue;
        }
        apart += 1;
        if !group.is_empty() {
            groups.push(std::mem::take(&mut group));
        }
        if !groups.is_empty() && (!separates(character) || apart > SEPARATORS) {
            all.push(std::mem::take(&mut groups));
        }
    }
    groups.push(group);
    all.push(groups);
    all
}

fn is_card_number(characters: &[char], run: &[usize]) -> bool {
    if !DIGITS.contains(&run.len()) {
        return false;
    }
    let digits: Vec<u32> = run.iter().filter_map(|&position| digit(characters[position])).collect();
    is_of_a_scheme(&digits) && passes_luhn(&digits) && !is_article_number(&digits) && !is_date_and_time(run, &digits)
}

/// Whether a card scheme gives out numbers of this length that begin so (ISO/IEC 7812, and the schemes' own ranges).
fn is_of_a_scheme(digits: &[u32]) -> bool {
    let first_four = number(&digits[..4]);
    let is_maestro = matches!(first_four, 5018 | 5020 | 5038 | 5893 | 6304 | 6759 | 6761..=6763);
    match digits.len() {
        13 => is_maestro || matches!(first_four, 4000..=4999),
        14 => is_maestro || matches!(first_four, 3000..=3059 | 3600..=3699 | 3800..=3999),
        15 => is_maestro || matches!(first_four, 3400..=3499 | 3700..=3799),
        16 => matches!(first_four, 2200..=2204 | 2221..=2720 | 3000..=6999 | 8100..=8171),
        _ => matches!(first_four, 4000..=6999 | 8100..=8171),
    }
}

/// Whether it is an article's number (GTIN-13 or GTIN-14, as on every bar code): those are as long as the oldest card
/// numbers, and one in ten passes the Luhn check too.
fn is_article_number(digits: &[u32]) -> bool {
    let weighted =
        digits.iter().rev().enumerate().map(|(place, digit)| if place % 2 == 0 { *digit } else { digit * 3 });
    digits.len() <= 14 && weighted.sum::<u32>().is_multiple_of(10)
}

/// Whether it is a date and a time: `30112026080009`, or with signs between day, month, year, hour and minute, whatever
/// follows. Each 30th begins as Diners' numbers do, and the 22nd to 27th as Mir's and Mastercard's. Of Diners' own 14 digits hardly
/// one number in six thousand of those that begin so reads as a date and a time.
fn is_date_and_time(run: &[usize], digits: &[u32]) -> bool {
    let within = |places: Range<usize>, values: RangeInclusive<u32>| values.contains(&number(&digits[places]));
    let is_apart = [2, 4, 8, 10].into_iter().all(|place| run[place] > run[place - 1] + 1);
    let is_stamp = digits.len() == 14 && within(12..14, 0..=59);
    within(0..2, 1..=31)
        && within(2..4, 1..=12)
        && within(4..8, 2000..=2099)
        && within(8..10, 0..=23)
        && within(10..12, 0..=59)
        && (is_apart || is_stamp)
}

fn number(digits: &[u32]) -> u32 {
    digits.iter().fold(0, |number, digit| number * 10 + digit)
}

fn passes_luhn(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, &digit)| match (place % 2, digit) {
            (0, digit) => digit,
            (_, digit @ 0..=4) => digit * 2,
            (_, digit) => digit * 2 - 9,
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn card_numbers_are_found_however_they_are_grouped() {
        for text in [
            "4111111111111111",
            "card 4111 1111 1111 1111.",
            "5500-0000-0000-0004",
            "378282246310005",
            "4111111111111111 39900",
            "4111111111111111 12/27",
            "ref 12 4111111111111111",
            "12-4111 1111 1111 1111-7",
            "30569309025904",
            "6304000000000000",
            "4111.1111.1111.1111",
            "5500/0000/0000/0004",
            "4111 - 1111 - 1111 - 1111",
            "4111\u{a0}1111\u{2009}1111\u{202f}1111",
            "4111\u{200b}1111\u{2013}1111\t1111",
            "４１１１　１１１１　１１１１　１１１１",
            "٤١١١١١١١١١١١١١١١",
            "4111_1111_1111_1111",
            "4111:1111;1111|1111",
            "4111 * 1111 # 1111 + 1111",
            "4111~1111=1111~1111",
            // Maestro of 13 to 15 digits, and Mir.
            "5018000000007",
            "6759649823460",
            "58930000000082",
            "630400000000125",
            "2200000000000004",
            "2204 0001 2345 6790",
            // Almost a date and a time: of a thirteenth month, at 24 o'clock, with a 60th minute, with a 66th second.
            "30.13.2026 08:00:07",
            "30112026240017",
            "30112026086006",
            "30112026080066",
        ] {
            assert!(holds_card_number(text), "{text}");
        }
        for text in [
            "4111111111111112",
            "476173******0416",
            "20261120101502",
            "5901234123457",
            "4006381333931",
            "R-1001",
            "411111111111111",
            "1234567890123",
            "4111\n1111\n1111\n1111",
            "4111    1111 1111 1111",
            "2026/11/20 10.15.02",
            "30.11.2026 08:00:09",
            "30112026080009",
            "30/11/2026 08.00.09",
            "24.12.2026 10:15 1003",
            "22.01.2026 08:00:09.02",
            "22.01.2026 08:00 1009",
            "4.006.381.333.931",
            // Prices in a description.
            "4.99, 5.49, 12.00, 35.03, 1.50",
            "41,11 11,11 11,11 11,11",
        ] {
            assert!(!holds_card_number(text), "{text}");
        }
    }

    #[test]
    fn a_card_number_in_a_receipt_is_masked_and_nothing_else_changes() {
        assert_eq!(without_card_numbers("PAN 4111 1111 1111 1111\nOK"), "PAN 4111 11** **** 1111\nOK");
        assert_eq!(without_card_numbers("４１１１.1111.1111.1111"), "４１１１.11**.****.1111");
        assert_eq!(without_card_numbers("TOTAL 399.00 æøå"), "TOTAL 399.00 æøå");
    }
}
