use proptest::prelude::*;

use super::*;
use crate::till::fields::{Fields, Value};

const FORMATS: [AmountFormat; 3] = [AmountFormat::Minor, AmountFormat::Decimal, AmountFormat::GroupedDecimal];
/// A currency with each number of decimals that there is.
const CURRENCIES: [(&str, u32); 4] = [("JPY", 0), ("NOK", 2), ("KWD", 3), ("CLF", 4)];

fn read(format: AmountFormat, currency: &str, value: Value) -> Result<Option<i64>, Invalid> {
    let fields = Fields::new(vec![("amount".to_owned(), value)]).unwrap();
    Amounts::new(format, Currency::from_code(currency).unwrap()).read(Reader::new(&fields), "amount")
}

fn untyped(format: AmountFormat, currency: &str, text: &str) -> Option<i64> {
    read(format, currency, Value::Untyped(text.to_owned())).ok().flatten()
}

#[test]
fn each_spelling_means_what_it_says() {
    use AmountFormat::{Decimal, GroupedDecimal, Minor};
    for (format, currency, text, minor) in [
        (Minor, "NOK", "39900", 39900),
        (Minor, "NOK", "-39900", -39900),
        (Minor, "NOK", "0", 0),
        (Decimal, "NOK", "399.00", 39900),
        (Decimal, "NOK", "399,00", 39900),
        (Decimal, "NOK", "0,05", 5),
        (Decimal, "NOK", "-12,50", -1250),
        (Decimal, "JPY", "1500", 1500),
        (Decimal, "KWD", "1.234", 1234),
        (GroupedDecimal, "NOK", "1 234,50", 123_450),
        (GroupedDecimal, "NOK", "1 234.50", 123_450),
        (GroupedDecimal, "NOK", "1.234,50", 123_450),
        (GroupedDecimal, "NOK", "1,234.50", 123_450),
        (GroupedDecimal, "NOK", "1\u{a0}234\u{a0}567,00", 123_456_700),
        (GroupedDecimal, "NOK", "1\u{202f}234,50", 123_450),
        (GroupedDecimal, "NOK", "1\u{2009}234,50", 123_450),
        (GroupedDecimal, "NOK", "1234,50", 123_450),
        (GroupedDecimal, "NOK", "99,90", 9990),
        (GroupedDecimal, "JPY", "1 234", 1234),
        (GroupedDecimal, "KWD", "1,234.500", 1_234_500),
    ] {
        assert_eq!(untyped(format, currency, text), Some(minor), "{format:?} {currency} {text}");
    }
}

#[test]
fn what_could_mean_something_else_is_refused_with_the_spelling_that_is_wanted() {
    use AmountFormat::{Decimal, GroupedDecimal, Minor};
    for (format, currency, text, wanted) in [
        (Minor, "NOK", "399.00", "39900 for 399.00"),
        (Minor, "NOK", "1 234", "39900 for 399.00"),
        (Minor, "NOK", "039900", "39900 for 399.00"),
        (Minor, "NOK", "-039900", "39900 for 399.00"),
        (Minor, "NOK", "+39900", "39900 for 399.00"),
        (Minor, "NOK", "--39900", "39900 for 399.00"),
        (Minor, "NOK", "-", "39900 for 399.00"),
        (Minor, "NOK", "", "39900 for 399.00"),
        (Decimal, "NOK", "399", "399.00 or 399,00"),
        (Decimal, "NOK", "399.0", "2 decimals"),
        (Decimal, "NOK", "1.234", "2 decimals (NOK)"),
        (Decimal, "NOK", "1,234", "2 decimals"),
        (Decimal, "NOK", "1 234,50", "399.00"),
        (Decimal, "NOK", "1.234,50", "399.00"),
        (Decimal, "NOK", "0399.00", "399.00"),
        (Decimal, "NOK", "+399.00", "399.00"),
        (Decimal, "NOK", ".50", "399.00"),
        (Decimal, "NOK", "399.00 ", "399.00"),
        (Decimal, "NOK", "399.00 kr", "399.00"),
        (Decimal, "NOK", "4e2", "399.00"),
        (Decimal, "NOK", "٣٩٩.٠٠", "399.00"),
        (Decimal, "NOK", "", "399.00"),
        (Decimal, "JPY", "1500.00", "399, without decimals (JPY)"),
        (Decimal, "JPY", "1.500", "without decimals"),
        (Decimal, "KWD", "1.23", "399.000 or 399,000"),
        (GroupedDecimal, "NOK", "1.234", "1 234,00"),
        (GroupedDecimal, "NOK", "1,234", "1 234,00"),
        (GroupedDecimal, "NOK", "1 234", "1 234,00"),
        (GroupedDecimal, "NOK", "1.234.50", "1 234,00"),
        (GroupedDecimal, "NOK", "1,234,50", "1 234,00"),
        (GroupedDecimal, "NOK", "12 34,50", "1 234,00"),
        (GroupedDecimal, "NOK", "1234 567,50", "1 234,00"),
        (GroupedDecimal, "NOK", "1 234.567,50", "1 234,00"),
        (GroupedDecimal, "NOK", "0 234,50", "1 234,00"),
        (GroupedDecimal, "NOK", " 234,50", "1 234,00"),
        (GroupedDecimal, "NOK", "1  234,50", "1 234,00"),
        (GroupedDecimal, "JPY", "1,234", "1 234"),
        (GroupedDecimal, "JPY", "1.234", "1 234"),
        (GroupedDecimal, "JPY", "1.234.567", "1 234"),
    ] {
        let refused = read(format, currency, Value::Untyped(text.to_owned())).expect_err(text);
        assert_eq!(refused.field, "amount");
        assert!(refused.detail.contains(wanted), "{text}: {}", refused.detail);
    }
}

#[test]
fn a_number_of_json_is_read_from_its_text_and_a_text_only_where_decimals_are_wanted() {
    let number = |text: &str| Value::Number(text.to_owned());
    let text = |text: &str| Value::Text(text.to_owned());
    assert_eq!(read(AmountFormat::Decimal, "NOK", number("0.10")), Ok(Some(10)));
    assert_eq!(read(AmountFormat::Decimal, "NOK", number("90071992547409.93")), Ok(Some(9_007_199_254_740_993)));
    assert_eq!(read(AmountFormat::Decimal, "NOK", text("399,00")), Ok(Some(39900)));
    for value in [number("399"), number("3.99e2"), number("399.000000000001"), Value::Bool(true), Value::Null] {
        assert!(read(AmountFormat::Decimal, "NOK", value).is_err());
    }
    assert!(read(AmountFormat::Minor, "NOK", text("39900")).is_err());
}

#[test]
fn the_currencies_of_these_tests_have_every_number_of_decimals() {
    for (code, exponent) in CURRENCIES {
        assert_eq!(Currency::from_code(code).unwrap().exponent(), exponent);
    }
}

/// Every way of writing an amount in a format, made without the reader's help.
fn spellings(format: AmountFormat, exponent: u32, minor: i64) -> Vec<String> {
    if format == AmountFormat::Minor {
        return vec![minor.to_string()];
    }
    let sign = if minor < 0 { "-" } else { "" };
    let unit = 10_u64.pow(exponent);
    let (whole, rest) = ((minor.unsigned_abs() / unit).to_string(), minor.unsigned_abs() % unit);
    let marks: &[&str] = if exponent == 0 { &[""] } else { &[".", ","] };
    let separators: &[&str] = match format {
        AmountFormat::GroupedDecimal => &["", " ", "\u{a0}", "\u{2009}", "\u{202f}", ".", ","],
        _ => &[""],
    };
    let mut spellings = Vec::new();
    for mark in marks {
        for separator in separators.iter().filter(|separator| separator.is_empty() || *separator != mark) {
            if exponent == 0 && matches!(*separator, "." | ",") {
                continue;
            }
            let decimals =
                if exponent == 0 { String::new() } else { format!("{rest:0width$}", width = exponent as usize) };
            spellings.push(format!("{sign}{}{mark}{decimals}", grouped(&whole, separator)));
        }
    }
    spellings
}

fn grouped(whole: &str, separator: &str) -> String {
    let first = whole.len() % 3;
    let (head, tail) = whole.split_at(first);
    let threes = tail.as_bytes().chunks(3).map(|group| std::str::from_utf8(group).unwrap().to_owned());
    let groups = (!head.is_empty()).then(|| head.to_owned()).into_iter().chain(threes);
    groups.collect::<Vec<_>>().join(separator)
}

/// What each format that accepts a text takes it for.
fn readings(currency: &str, text: &str) -> Vec<(AmountFormat, i64)> {
    FORMATS.into_iter().filter_map(|format| Some((format, untyped(format, currency, text)?))).collect()
}

proptest! {
    #[test]
    fn every_way_of_writing_an_amount_is_read_as_that_amount(minor in -3_000_000_000_i64..3_000_000_000, small in -9999..9999_i64) {
        for (currency, exponent) in CURRENCIES {
            for minor in [minor, small] {
                for format in FORMATS {
                    for text in spellings(format, exponent, minor) {
                        prop_assert_eq!(untyped(format, currency, &text), Some(minor), "{:?} {} {}", format, currency, text);
                    }
                }
            }
        }
    }

    #[test]
    fn no_accepted_spelling_can_be_read_two_ways(text in "-?[0-9]{1,4}([., \u{a0}\u{2009}\u{202f}'][0-9]{2,4}){0,3}([.,][0-9]{0,4})?") {
        for (currency, exponent) in CURRENCIES {
            let readings = readings(currency, &text);
            for (format, minor) in &readings {
                prop_assert_eq!(*minor, readings[0].1, "{} {}", currency, text);
                // Nothing with a minus sign is nothing all the same; no request may have such an amount.
                let spelt = if *minor == 0 { text.trim_start_matches('-') } else { &text };
                let known = spellings(*format, exponent, *minor).iter().any(|spelling| spelling == spelt);
                prop_assert!(known, "{:?} {} {} is {}", format, currency, text, minor);
            }
        }
    }

    #[test]
    fn no_text_is_too_strange(text in "\\PC{0,16}") {
        for (currency, _) in CURRENCIES {
            let _ = readings(currency, &text);
        }
    }
}
