//! A decoded request: names and raw values in the order they came, whatever the dialect they came in.

use std::collections::HashSet;

use serde_json::value::RawValue;

use super::charset::Charset;
use super::form;
use crate::domain::card::without_card_numbers;
use crate::domain::identifiers::is_printable;

/// What errors call the request as a whole.
pub(super) const BODY: &str = "body";

/// As much of a name as an error shows, in characters.
const SHOWN_MAX: usize = 64;

/// What errors call a field whose name has nothing to be seen.
const NAMELESS: &str = "\"\"";

/// A value as the dialect tells it, before anybody has said what it should be.
#[derive(Debug, Clone)]
pub enum Value {
    /// A text.
    Text(String),
    /// A number, exactly as it was written.
    Number(String),
    /// Yes or no.
    Bool(bool),
    /// Explicitly nothing.
    Null,
    /// An object or an array, not yet read.
    Structured(Box<RawValue>),
    /// A value of a dialect without types (a query, a form): whatever its text can be read as.
    Untyped(String),
    /// A list of a dialect that is read as a whole.
    List(Vec<Value>),
    /// An object of such a dialect.
    Object(Fields),
}

/// Names and raw values, in the order they came, each name once.
#[derive(Debug, Clone, Default)]
pub struct Fields(Vec<(String, Value)>);

/// What is wrong with a request: which field, and what is wanted of it. Never holds the refused value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {detail}")]
pub struct Invalid {
    /// The field's name, with its place where it is in a list (`items[2].amount`).
    pub field: String,
    /// What is wanted.
    pub detail: String,
}

impl Invalid {
    /// What is wanted of a field. A card number that is spread over the names of a path is masked as any other.
    #[must_use]
    pub fn new(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { field: without_card_numbers(&field.into()), detail: detail.into() }
    }
}

impl Fields {
    /// The fields of a request.
    ///
    /// # Errors
    /// [`Invalid`] when a name comes twice: which of the two was meant is never guessed.
    pub fn new(fields: Vec<(String, Value)>) -> Result<Self, Invalid> {
        let mut seen = HashSet::with_capacity(fields.len());
        if let Some((name, _)) = fields.iter().find(|(name, _)| !seen.insert(name.as_str())) {
            return Err(Invalid::new(shown(name), "must be given once"));
        }
        Ok(Self(fields))
    }

    /// The fields of a query (`wait=10&open=true`), without its question mark.
    ///
    /// # Errors
    /// [`Invalid`] when a name comes twice or a text is no UTF-8.
    pub fn from_query(query: &str) -> Result<Self, Invalid> {
        form::decode_flat(query.as_bytes(), Charset::Utf8)
    }

    /// Refuses every field whose name is not among the known ones.
    ///
    /// # Errors
    /// [`Invalid`] with the first unknown name.
    pub fn only(self, known: &[&str]) -> Result<Self, Invalid> {
        match self.0.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            Some((name, _)) if known.is_empty() => Err(Invalid::new(shown(name), "is not known here; send no fields")),
            Some((name, _)) => {
                Err(Invalid::new(shown(name), format!("is not known here; known are {}", known.join(", "))))
            }
            None => Ok(self),
        }
    }

    /// The value of a field, when it was given.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, value)| value)
    }

    /// Every name and value, in the order they came.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// How many fields there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// There are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A name that somebody else chose, fit for an error: short, without control characters and card numbers, and there to be
/// seen even where nothing of it is.
#[must_use]
pub fn shown(name: &str) -> String {
    let printable: String = name.chars().filter(|character| is_printable(*character)).collect();
    // A card number that is cut first is none any more, and would show.
    let short: String = without_card_numbers(&printable).chars().take(SHOWN_MAX).collect();
    if short.trim().is_empty() { NAMELESS.to_owned() } else { short }
}
