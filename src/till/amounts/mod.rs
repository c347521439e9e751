//! Amounts as a till spells them. Each spelling means one number or is refused; nothing is ever rounded or guessed.

use std::borrow::Cow;

use super::fields::Invalid;
use super::reader::Reader;
use crate::domain::directory::AmountFormat;
use crate::domain::money::Currency;

/// What may stand between groups of three digits, besides the one of `.` and `,` that is not the decimal mark.
const SPACES: [char; 4] = [' ', '\u{a0}', '\u{2009}', '\u{202f}'];

/// How amounts of one currency are spelt.
#[derive(Debug, Clone, Copy)]
pub(super) struct Amounts {
    format: AmountFormat,
    currency: Currency,
}

impl Amounts {
    #[must_use]
    pub(super) const fn new(format: AmountFormat, currency: Currency) -> Self {
        Self { format, currency }
    }

    /// The amount in a field, in minor units.
    ///
    /// # Errors
    /// [`Invalid`] with the spelling that is wanted.
    pub(super) fn read(self, reader: Reader<'_>, name: &str) -> Result<Option<i64>, Invalid> {
        if self.format == AmountFormat::Minor {
            return reader.whole_number(name, &self.wanted());
        }
        let Some(text) = reader.number_or_text(name, &self.wanted())? else { return Ok(None) };
        self.parse(text).map(Some).ok_or_else(|| reader.invalid(name, self.wanted()))
    }

    /// The currency whose decimals were counted. An amount in minor units needs none to be read.
    #[must_use]
    pub(super) fn assumed_currency(self) -> Option<Currency> {
        (self.format != AmountFormat::Minor).then_some(self.currency)
    }

    /// The minor units that a decimal spelling means. All decimals of the currency stand behind the mark, so that
    /// `1.234` is never both one and a bit and more than a thousand.
    fn parse(self, text: &str) -> Option<i64> {
        let (sign, unsigned) = if let Some(unsigned) = text.strip_prefix('-') { (-1, unsigned) } else { (1, text) };
        let (whole, mark, decimals) = split(unsigned, self.currency.exponent() as usize)?;
        let whole = if self.format == AmountFormat::GroupedDecimal { ungrouped(whole, mark)? } else { whole.into() };
        let plain = is_digits(&whole) && is_digits_or_empty(decimals) && !(whole.len() > 1 && whole.starts_with('0'));
        let minor: i64 = if plain { format!("{whole}{decimals}").parse().ok()? } else { return None };
        Some(sign * minor)
    }

    fn wanted(self) -> String {
        let exponent = self.currency.exponent() as usize;
        let zeros = "0".repeat(exponent);
        match (self.format, exponent) {
            (AmountFormat::Minor, _) => "must be a whole number of minor units, such as 39900 for 399.00".to_owned(),
            (AmountFormat::Decimal, 0) => format!("must be written as 399, without decimals ({})", self.currency),
            (AmountFormat::Decimal, _) => {
                format!("must be written as 399.{zeros} or 399,{zeros}, with {exponent} decimals ({})", self.currency)
            }
            (AmountFormat::GroupedDecimal, 0) => {
                format!("must be written as 1234 or 1 234, without decimals ({})", self.currency)
            }
            (AmountFormat::GroupedDecimal, _) => format!(
                "must be written as 1234,{zeros} or 1 234,{zeros} or 1.234,{zeros} or 1,234.{zeros}, with {exponent} \
                 decimals ({})",
                self.currency
            ),
        }
    }
}

/// What stands before the decimal mark, the mark, and the decimals.
fn split(text: &str, exponent: usize) -> Option<(&str, Option<char>, &str)> {
    if exponent == 0 {
        return Some((text, None, ""));
    }
    let at = text.rfind(['.', ','])?;
    let (whole, rest) = text.split_at(at);
    let mark = rest.chars().next();
    let decimals = &rest[1..];
    (decimals.len() == exponent).then_some((whole, mark, decimals))
}

/// The digits of groups of three, which one and the same separator keeps apart. Without a decimal mark a point or a
/// comma could be one, so then only spaces separate.
fn ungrouped(whole: &str, mark: Option<char>) -> Option<Cow<'_, str>> {
    let Some(separator) = whole.chars().find(|character| !character.is_ascii_digit()) else {
        return Some(whole.into());
    };
    let other_mark = mark.map(|mark| if mark == '.' { ',' } else { '.' });
    let may_separate = SPACES.contains(&separator) || other_mark == Some(separator);
    let mut groups = whole.split(separator);
    let first = groups.next().is_some_and(|group| is_digits(group) && group.len() <= 3);
    let others = groups.all(|group| is_digits(group) && group.len() == 3);
    (may_separate && first && others).then(|| whole.replace(separator, "").into())
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && is_digits_or_empty(text)
}

fn is_digits_or_empty(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests;
