//! What a till can ask for, already parsed: every value here is valid.

use serde::Serialize;

use super::identifiers::{OperationId, Reference, TerminalName, TillId, TransactionId};
use super::money::{Amount, Currency, Money};
use super::repeat::KnownBy;

/// A sale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaleRequest {
    /// The till's own number for it, or that it has none.
    pub naming: Naming,
    /// How much of what.
    pub money: Money,
    /// On which terminal; the till's own when it does not say.
    pub terminal: Option<TerminalName>,
    /// What is kept and passed on.
    pub details: Details,
}

/// A refund of an approved sale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundRequest {
    /// The refund's own number, or that it has none.
    pub naming: Naming,
    /// Of which sale.
    pub original: Original,
    /// How much; all that is left when the till does not say.
    pub amount: Option<Amount>,
    /// Its currency, when the till says one.
    pub currency: Option<Currency>,
    /// On which terminal; the till's own when it does not say.
    pub terminal: Option<TerminalName>,
    /// What is kept and passed on.
    pub details: Details,
}

/// A refund of no sale: the money goes to whichever card is presented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnlinkedRefundRequest {
    /// Its own number.
    pub reference: Reference,
    /// How much of what.
    pub money: Money,
    /// On which terminal; the till's own when it does not say.
    pub terminal: Option<TerminalName>,
    /// What is kept and passed on; it names who gives the money back.
    pub details: Details,
}

/// What a till asks to have given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundWish {
    /// Something of a sale.
    OfSale(RefundRequest),
    /// Money without a sale.
    Unlinked(UnlinkedRefundRequest),
}

impl RefundWish {
    /// The till's own number for it, when it has one.
    #[must_use]
    pub const fn reference(&self) -> Option<&Reference> {
        match self {
            Self::OfSale(request) => request.naming.reference(),
            Self::Unlinked(request) => Some(&request.reference),
        }
    }
}

/// How a till names what it asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Naming {
    /// By a number of its own.
    Reference(Reference),
    /// Not at all; the bridge makes a number.
    Unnamed {
        /// It is a new one, however much it looks like the one before.
        force: bool,
    },
}

impl Naming {
    /// The till's own number, when it has one.
    #[must_use]
    pub const fn reference(&self) -> Option<&Reference> {
        match self {
            Self::Reference(reference) => Some(reference),
            Self::Unnamed { .. } => None,
        }
    }

    /// By what the request is known when it comes again.
    #[must_use]
    pub const fn known_by(&self) -> KnownBy {
        match self {
            Self::Reference(_) => KnownBy::Reference,
            Self::Unnamed { force: false } => KnownBy::Content,
            Self::Unnamed { force: true } => KnownBy::Nothing,
        }
    }
}

/// How a refund names its sale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Original {
    /// By the till's own number, and another till's id where that one took it.
    Reference {
        /// The sale's number.
        reference: Reference,
        /// The till that took it; the asking one when not said.
        till: Option<TillId>,
    },
    /// By the bridge's number.
    Operation(OperationId),
    /// By the provider's number.
    Transaction(TransactionId),
}

/// What is kept with an operation and passed on to the provider, without a meaning for the money.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Details {
    /// Who is at the till.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Why money is given back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The goods; their amounts add up to the operation's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<Item>,
    /// Words of the till's own, by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metadata: Vec<(String, String)>,
}

/// A line of goods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    /// The article.
    pub id: String,
    /// The line, unique within the operation.
    pub line_id: String,
    /// What it is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// How many, or how much of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Decimal>,
    /// The line's sum in minor units, with tax and rebate; negative for a line that lowers the sum.
    pub amount: i64,
    /// The tax in it, in minor units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vat_amount: Option<i64>,
    /// The tax rate in per cent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vat: Option<Decimal>,
}

/// A decimal number exactly as it was written (`2`, `0.375`), never a float.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub struct Decimal(String);

/// The text is no plain decimal number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a plain number such as 2 or 0.375")]
pub struct NotDecimal;

impl Decimal {
    /// The number that the text writes.
    ///
    /// # Errors
    /// [`NotDecimal`] unless it is up to nine digits, with up to six more behind a point.
    pub fn parse(text: &str) -> Result<Self, NotDecimal> {
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = match unsigned.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (unsigned, None),
        };
        let digits = |text: &str, most: usize| {
            (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        let leading_zero = whole.len() > 1 && whole.starts_with('0');
        if digits(whole, 9) && !leading_zero && fraction.is_none_or(|fraction| digits(fraction, 6)) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotDecimal)
        }
    }

    /// The number as it was written; it is a valid JSON number too.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Decimal> for String {
    fn from(decimal: Decimal) -> Self {
        decimal.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_plain() {
        for good in ["0", "2", "2.5", "0.375", "-1", "123456789.123456"] {
            assert!(Decimal::parse(good).is_ok(), "{good}");
        }
        for bad in ["", ".5", "5.", "1e3", "01", "1,5", "NaN", "+1", "--1", "1.2.3", "1234567890"] {
            assert!(Decimal::parse(bad).is_err(), "{bad}");
        }
    }
}
