//! Amounts of money: whole minor units and a currency, never a float.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The largest amount of one operation, in minor units: Dintero's `order.amount` is a 32-bit integer.
pub const AMOUNT_MAX: i64 = i32::MAX as i64;

/// A positive amount in minor units of some currency (39900 is 399.00 NOK).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Amount(i64);

/// Why a number is not an [`Amount`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Zero and negative amounts are never paid or refunded.
    #[error("must be more than 0")]
    NotPositive,
    /// Above [`AMOUNT_MAX`].
    #[error("must be at most {AMOUNT_MAX} minor units")]
    TooLarge,
}

impl Amount {
    /// The amount of `minor` minor units.
    ///
    /// # Errors
    /// [`AmountError`] when it is not between 1 and [`AMOUNT_MAX`].
    pub fn new(minor: i64) -> Result<Self, AmountError> {
        match minor {
            ..=0 => Err(AmountError::NotPositive),
            1..=AMOUNT_MAX => Ok(Self(minor)),
            _ => Err(AmountError::TooLarge),
        }
    }

    /// The number of minor units.
    #[must_use]
    pub const fn minor(self) -> i64 {
        self.0
    }

    /// So much more; `None` when that is no amount.
    #[must_use]
    pub fn plus(self, minor: i64) -> Option<Self> {
        self.0.checked_add(minor).and_then(|sum| Self::new(sum).ok())
    }
}

impl TryFrom<i64> for Amount {
    type Error = AmountError;
    fn try_from(minor: i64) -> Result<Self, AmountError> {
        Self::new(minor)
    }
}

impl From<Amount> for i64 {
    fn from(amount: Amount) -> Self {
        amount.0
    }
}

/// An ISO 4217 currency.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(into = "String")]
pub struct Currency(iso_currency::Currency);

/// The text is no ISO 4217 code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be a currency code of three capital letters, such as NOK")]
pub struct UnknownCurrency;

impl Currency {
    /// The currency with this three-letter code.
    ///
    /// # Errors
    /// [`UnknownCurrency`] when ISO 4217 has no such code.
    pub fn from_code(code: &str) -> Result<Self, UnknownCurrency> {
        iso_currency::Currency::from_code(code).map(Self).ok_or(UnknownCurrency)
    }

    /// The three-letter code.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// How many of the last digits are decimals: JPY 0, NOK 2, KWD 3.
    #[must_use]
    pub fn exponent(self) -> u32 {
        self.0.exponent().map_or(0, u32::from)
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.code().to_owned()
    }
}

/// An amount and its currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct Money {
    /// How much, in minor units.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
}

impl fmt::Display for Money {
    /// `399.00 NOK`, for people.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exponent = self.currency.exponent();
        let minor = self.amount.minor();
        if exponent == 0 {
            return write!(formatter, "{minor} {}", self.currency);
        }
        let unit = 10_i64.pow(exponent);
        let width = exponent as usize;
        write!(formatter, "{}.{:0width$} {}", minor / unit, minor % unit, self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_positive_and_fit_the_provider() {
        assert_eq!(Amount::new(0), Err(AmountError::NotPositive));
        assert_eq!(Amount::new(-1), Err(AmountError::NotPositive));
        assert_eq!(Amount::new(AMOUNT_MAX).map(Amount::minor), Ok(2_147_483_647));
        assert_eq!(Amount::new(AMOUNT_MAX + 1), Err(AmountError::TooLarge));
    }

    #[test]
    fn money_is_shown_with_its_currencys_decimals() {
        let show = |minor, code| {
            Money { amount: Amount::new(minor).unwrap(), currency: Currency::from_code(code).unwrap() }.to_string()
        };
        assert_eq!(show(39900, "NOK"), "399.00 NOK");
        assert_eq!(show(5, "NOK"), "0.05 NOK");
        assert_eq!(show(1500, "JPY"), "1500 JPY");
        assert_eq!(show(1234, "KWD"), "1.234 KWD");
    }
}
