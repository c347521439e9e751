//! Reads raw values as what they should be; anything else is refused by name.

use super::fields::{Fields, Invalid, Value};
use crate::domain::card::holds_card_number;
use crate::domain::identifiers::is_printable;

/// Reads the fields of one object.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    fields: &'a Fields,
    place: &'a str,
}

impl<'a> Reader<'a> {
    /// Reads the fields of a request.
    #[must_use]
    pub(super) const fn new(fields: &'a Fields) -> Self {
        Self { fields, place: "" }
    }

    /// Reads the fields of an object inside a request; `place` (`items[2].`) goes before every name in errors.
    #[must_use]
    pub(super) const fn within(fields: &'a Fields, place: &'a str) -> Self {
        Self { fields, place }
    }

    /// What is wanted of a field.
    #[must_use]
    pub(super) fn invalid(&self, name: &str, detail: impl Into<String>) -> Invalid {
        Invalid::new(format!("{}{name}", self.place), detail)
    }

    /// The raw value of a field. `null` is no value and no absence: it is refused.
    ///
    /// # Errors
    /// [`Invalid`] for `null`.
    pub(super) fn value(&self, name: &str) -> Result<Option<&'a Value>, Invalid> {
        match self.fields.get(name) {
            Some(Value::Null) => Err(self.invalid(name, "must not be null; leave it out")),
            value => Ok(value),
        }
    }

    /// A field that must be there.
    ///
    /// # Errors
    /// [`Invalid`] when it is not.
    pub(super) fn required<T>(&self, name: &str, value: Option<T>) -> Result<T, Invalid> {
        value.ok_or_else(|| self.invalid(name, "is required"))
    }

    /// A text of 1 to `longest` printable characters.
    ///
    /// # Errors
    /// [`Invalid`] for anything else, and for a text that holds a card number.
    pub(super) fn text(&self, name: &str, longest: usize) -> Result<Option<&'a str>, Invalid> {
        let Some(text) = self.any_text(name)? else { return Ok(None) };
        check_text(text, longest).map_err(|detail| self.invalid(name, detail))?;
        Ok(Some(text))
    }

    fn any_text(&self, name: &str) -> Result<Option<&'a str>, Invalid> {
        match self.value(name)? {
            None => Ok(None),
            Some(Value::Text(text) | Value::Untyped(text)) => Ok(Some(text)),
            Some(_) => Err(self.invalid(name, "must be a text")),
        }
    }

    /// A text that `parse` understands, such as an identifier; its error tells what is wanted.
    ///
    /// # Errors
    /// [`Invalid`] for anything else, and for a text that holds a card number.
    pub(super) fn parsed<T, E: ToString>(
        &self,
        name: &str,
        parse: impl FnOnce(&'a str) -> Result<T, E>,
    ) -> Result<Option<T>, Invalid> {
        let Some(text) = self.any_text(name)? else { return Ok(None) };
        identifier(text, parse).map(Some).map_err(|detail| self.invalid(name, detail))
    }

    /// A whole number, written with digits alone.
    ///
    /// # Errors
    /// [`Invalid`] with `wanted` for any other spelling, and for a number beyond 64 bits.
    pub(super) fn whole_number(&self, name: &str, wanted: &str) -> Result<Option<i64>, Invalid> {
        let number = match self.value(name)? {
            None => return Ok(None),
            Some(Value::Number(text) | Value::Untyped(text)) => plain_integer(text),
            Some(_) => None,
        };
        number.map(Some).ok_or_else(|| self.invalid(name, wanted))
    }

    /// A number, exactly as it was written.
    ///
    /// # Errors
    /// [`Invalid`] for anything that is no number.
    pub(super) fn number_text(&self, name: &str) -> Result<Option<&'a str>, Invalid> {
        match self.value(name)? {
            None => Ok(None),
            Some(Value::Number(text) | Value::Untyped(text)) => Ok(Some(text)),
            Some(_) => Err(self.invalid(name, "must be a number")),
        }
    }

    /// A number, exactly as it was written, as a number or as a text.
    ///
    /// # Errors
    /// [`Invalid`] with `wanted` for anything else.
    pub(super) fn number_or_text(&self, name: &str, wanted: &str) -> Result<Option<&'a str>, Invalid> {
        match self.value(name)? {
            None => Ok(None),
            Some(Value::Number(text) | Value::Text(text) | Value::Untyped(text)) => Ok(Some(text)),
            Some(_) => Err(self.invalid(name, wanted)),
        }
    }

    /// `true` or `false`.
    ///
    /// # Errors
    /// [`Invalid`] for anything else.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, Invalid> {
        match self.value(name)? {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(Value::Untyped(text)) if text == "true" => Ok(Some(true)),
            Some(Value::Untyped(text)) if text == "false" => Ok(Some(false)),
            Some(_) => Err(self.invalid(name, "must be true or false")),
        }
    }
}

/// Checks a text that somebody else chose before it is kept, sent on or printed.
///
/// # Errors
/// What is wanted.
pub(super) fn check_text(text: &str, longest: usize) -> Result<(), String> {
    if text.is_empty() || text.chars().count() > longest || !text.chars().all(is_printable) {
        return Err(format!("must be 1 to {longest} printable characters"));
    }
    without_card_number(text)
}

/// Reads a text by a rule of its own. What keeps the rule may be a card number still, and that is never kept.
///
/// # Errors
/// What is wanted.
pub(super) fn identifier<'a, T, E: ToString>(
    text: &'a str,
    parse: impl FnOnce(&'a str) -> Result<T, E>,
) -> Result<T, String> {
    let parsed = parse(text).map_err(|error| error.to_string())?;
    without_card_number(text)?;
    Ok(parsed)
}

fn without_card_number(text: &str) -> Result<(), String> {
    if holds_card_number(text) { Err("must not hold a card number".to_owned()) } else { Ok(()) }
}

fn plain_integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let leading_zero = digits.len() > 1 && digits.starts_with('0');
    let plain = !digits.is_empty() && !leading_zero && digits.bytes().all(|byte| byte.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}
