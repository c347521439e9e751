//! Names and numbers that identify things, each a type of its own that is valid once it exists.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ulid::Ulid;

/// A text that is not a valid identifier, with the rule it breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidIdentifier(&'static str);

/// What a text must be to identify something.
struct Rule {
    holds: fn(&str) -> bool,
    wanted: &'static str,
}

/// Declares an identifier whose text keeps a [`Rule`].
macro_rules! text_identifier {
    ($(#[$documentation:meta])* $name:ident, $rule:ident) => {
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
                if ($rule.holds)(&text) { Ok(Self(text)) } else { Err(InvalidIdentifier($rule.wanted)) }
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
const LOCAL_NAME: Rule = Rule {
    holds: |text| {
        (1..=64).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    },
    wanted: "must be 1 to 64 letters, digits, dots, dashes or underscores",
};

/// What a provider calls its own things is opaque to us: any printable ASCII of a sane length.
const PROVIDERS_NAME: Rule = Rule {
    holds: |text| (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()),
    wanted: "must be 1 to 255 printable characters without spaces",
};

/// What a till writes on its receipts: any language, on one line.
const RECEIPT_NUMBER: Rule = Rule {
    holds: |text| (1..=40).contains(&text.chars().count()) && text.chars().all(is_printable) && text.trim() == text,
    wanted: "must be 1 to 40 printable characters, without a space at either end",
};

/// Whether people see that the character is there: it neither controls (line feed), nor formats (zero width space, right
/// to left override), nor fills. Two references must not look the same, and a text must not show as another one.
#[must_use]
pub fn is_printable(character: char) -> bool {
    let unseen = matches!(character,
        '\u{AD}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{180E}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}'
        | '\u{200B}'..='\u{200F}' // zero widths, directions
        | '\u{2028}'..='\u{202E}' // line and paragraph separators, embeddings, overrides
        | '\u{2060}'..='\u{206F}' // joiners, invisible operators, isolates
        | '\u{FFF9}'..='\u{FFFB}' // annotations
        | '\u{E0000}'..='\u{E007F}' // tags
    );
    !unseen && !character.is_control()
}

text_identifier!(
    /// A cash register, by the id that the configuration gives it.
    TillId,
    LOCAL_NAME
);
text_identifier!(
    /// A card terminal, by its local name (`front`).
    TerminalName,
    LOCAL_NAME
);
text_identifier!(
    /// A shop, by the id that the merchant gave it at the provider.
    StoreId,
    PROVIDERS_NAME
);
text_identifier!(
    /// A card terminal, by the id that the provider gave it (`T0292`).
    ProviderTerminalId,
    PROVIDERS_NAME
);
text_identifier!(
    /// What a provider calls an attempt while it runs: a Dintero session, the request id of a Dintero refund.
    Handle,
    PROVIDERS_NAME
);
text_identifier!(
    /// A payment in the provider's books.
    TransactionId,
    PROVIDERS_NAME
);
text_identifier!(
    /// The till's own number for an operation, and its idempotency key.
    Reference,
    RECEIPT_NUMBER
);

impl Reference {
    /// The number that the bridge makes for an operation whose till has none: the random end of its id (50 bits), short
    /// enough to be printed and typed.
    #[must_use]
    pub fn made_for(operation: OperationId) -> Self {
        let random: String = operation.to_string().chars().skip(MADE_SKIPS).collect();
        Self(format!("{MADE_PREFIX}{random}"))
    }

    /// It has the shape of one that the bridge made.
    #[must_use]
    pub fn looks_made(&self) -> bool {
        let random = self.0.strip_prefix(MADE_PREFIX);
        random.is_some_and(|random| Ulid::from_string(&format!("{}{random}", "0".repeat(MADE_SKIPS))).is_ok())
    }
}

const MADE_PREFIX: &str = "B-";
/// The characters of an operation's id that tell its time, and as many more as make the rest short.
const MADE_SKIPS: usize = 16;

/// One operation of one till: a sale or a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperationId(pub Ulid);

impl OperationId {
    /// The operation with this id, as the till's reply shows it.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AttemptReference(Ulid);

impl AttemptReference {
    /// What marks a reference in the provider's books as one of ours.
    pub const PREFIX: &str = "PB-";

    /// The reference with this number.
    #[must_use]
    pub const fn new(number: Ulid) -> Self {
        Self(number)
    }

    /// What every attempt that was made at this moment or later sorts behind: its number begins with the time.
    #[must_use]
    pub fn first_at(moment: Timestamp) -> Self {
        Self(Ulid::from_parts(u64::try_from(moment.as_millisecond()).unwrap_or_default(), 0))
    }

    /// When the attempt was made, by the clock of the machine that made it.
    #[must_use]
    pub fn made_at(self) -> Timestamp {
        i64::try_from(self.0.timestamp_ms())
            .ok()
            .and_then(|at| Timestamp::from_millisecond(at).ok())
            .unwrap_or_default()
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

impl TryFrom<String> for AttemptReference {
    type Error = NotOurs;
    fn try_from(text: String) -> Result<Self, NotOurs> {
        Self::parse(&text).ok_or(NotOurs)
    }
}

/// The text is no reference of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be the reference of one of our attempts")]
pub struct NotOurs;

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
    fn a_reference_holds_nothing_that_nobody_sees() {
        let unseen = ["200B..200F", "2028..2029", "202A..202E", "2060..2064", "2066..2069", "E0000..E007F"];
        let ranges = unseen.iter().map(|range| range.split_once("..").unwrap());
        for (first, last) in ranges.chain(["FEFF", "3164", "115F", "1160", "AD"].map(|one| (one, one))) {
            let number = |digits| u32::from_str_radix(digits, 16).unwrap();
            for character in (number(first)..=number(last)).filter_map(char::from_u32) {
                assert!(Reference::new(format!("R{character}1")).is_err(), "{character:?}");
            }
        }
        for seen in ["Bon 42", "Ærlig №7", "レシート", "إيصال", "☕️ 2×"] {
            assert!(Reference::new(seen).is_ok(), "{seen:?}");
        }
    }

    #[test]
    fn a_reference_that_the_bridge_makes_is_short_and_valid() {
        let made = Reference::made_for(OperationId(Ulid::from_parts(1_700_000_000_000, u128::MAX)));
        assert_eq!(made.as_str(), "B-ZZZZZZZZZZ");
        assert_eq!(Reference::new(made.as_str()).unwrap(), made);
        assert!(made.looks_made());
        for given in ["R-1001", "B-2", "B-ZZZZZZZZZZZ", "B-ZZZZZZZZ\u{e6}", "ZZZZZZZZZZ"] {
            assert!(!Reference::new(given).unwrap().looks_made(), "{given}");
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
