//! Names and numbers that identify things, each a type of its own that is valid once it exists.

use std::fmt;

use serde::{Deserialize, Serialize};
use ulid::Ulid;

/// A text that is not a valid identifier, with the rule it breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidIdentifier(&'static str);

/// Declares a text identifier whose value satisfies `$valid`.
macro_rules! text_identifier {
    ($(#[$documentation:meta])* $name:ident, $valid:expr, $rule:literal) => {
        $(#[$documentation])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The identifier with this text.
            ///
            /// # Errors
            /// [`InvalidIdentifier`] with the rule that the text breaks.
            pub fn new(text: impl Into<String>) -> Result<Self, InvalidIdentifier> {
                let text = text.into();
                let valid: fn(&str) -> bool = $valid;
                if valid(&text) { Ok(Self(text)) } else { Err(InvalidIdentifier($rule)) }
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidIdentifier;
            fn try_from(text: String) -> Result<Self, InvalidIdentifier> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(identifier: $name) -> Self {
                identifier.0
            }
        }
    };
}

/// Local names are typed by people and stand in logs and addresses: a small alphabet.
fn is_local_name(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

/// What a provider calls its own things is opaque to us: any printable ASCII of a sane length.
fn is_provider_text(text: &str) -> bool {
    (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

text_identifier!(
    /// A cash register, by the id that the configuration gives it.
    TillId,
    is_local_name,
    "must be 1 to 64 letters, digits, dots, dashes or underscores"
);
text_identifier!(
    /// A card terminal, by its local name (`front`).
    TerminalName,
    is_local_name,
    "must be 1 to 64 letters, digits, dots, dashes or underscores"
);
text_identifier!(
    /// A shop, by the id that the merchant gave it at the provider.
    StoreId,
    is_provider_text,
    "must be 1 to 255 printable characters without spaces"
);
text_identifier!(
    /// A card terminal, by the id that the provider gave it (`T0292`).
    ProviderTerminalId,
    is_provider_text,
    "must be 1 to 255 printable characters without spaces"
);
text_identifier!(
    /// What a provider calls an attempt while it runs: a Dintero session, the request id of a Dintero refund.
    Handle,
    is_provider_text,
    "must be 1 to 255 printable characters without spaces"
);
text_identifier!(
    /// A payment in the provider's books.
    TransactionId,
    is_provider_text,
    "must be 1 to 255 printable characters without spaces"
);
text_identifier!(
    /// The till's own number for an operation, and its idempotency key.
    Reference,
    |text| (1..=40).contains(&text.chars().count())
        && !text.chars().any(char::is_control)
        && text.trim() == text,
    "must be 1 to 40 printable characters, without a space at either end"
);

/// One operation of one till: a sale or a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperationId(pub Ulid);

impl OperationId {
    /// The operation with this number, as the till's reply shows it.
    ///
    /// # Errors
    /// [`InvalidIdentifier`] when the text is no ULID.
    pub fn parse(text: &str) -> Result<Self, InvalidIdentifier> {
        Ulid::from_string(text)
            .map(Self)
            .map_err(|_| InvalidIdentifier("must be an operation_id of 26 letters and digits"))
    }
}

impl fmt::Display for OperationId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// The bridge's own name for one attempt, unique for ever: the provider's `merchant_reference` of a sale, its
/// `refund_reference` of a refund. It is the only thing known before anything is sent, so everything is found by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(into = "String")]
pub struct AttemptReference(Ulid);

impl AttemptReference {
    /// What marks a reference in the provider's books as one of ours.
    pub const PREFIX: &str = "PB-";

    /// The reference with this number.
    #[must_use]
    pub const fn new(number: Ulid) -> Self {
        Self(number)
    }

    /// Reads a reference back; `None` when it is not one of ours.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.strip_prefix(Self::PREFIX).and_then(|number| Ulid::from_string(number).ok()).map(Self)
    }
}

impl fmt::Display for AttemptReference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}", Self::PREFIX, self.0)
    }
}

impl From<AttemptReference> for String {
    fn from(reference: AttemptReference) -> Self {
        reference.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_one_to_forty_printable_characters() {
        for good in ["R-1001", "7", "Kasse 1/Bon 42", "kvittering-æøå", &"x".repeat(40)] {
            assert!(Reference::new(good).is_ok(), "{good:?}");
        }
        for bad in ["", " ", "a\nb", "tab\t", " R-1", "R-1 ", &"x".repeat(41)] {
            assert!(Reference::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_attempt_reference_is_recognised_as_ours() {
        let reference = AttemptReference::new(Ulid::from_parts(1, 2));
        assert_eq!(AttemptReference::parse(&reference.to_string()), Some(reference));
        assert_eq!(AttemptReference::parse("order-12345"), None);
        assert_eq!(AttemptReference::parse("PB-short"), None);
        assert_eq!(reference.to_string().len(), 29);
    }
}
