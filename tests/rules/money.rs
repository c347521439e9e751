//! Amounts and currencies, as they go in and out.

use pos_bridge::domain::money::{AMOUNT_MAX, Amount, AmountError, Currency, UnknownCurrency};

#[test]
fn an_amount_goes_in_and_out_as_its_minor_units() {
    for minor in [1, 2, 39_900, AMOUNT_MAX] {
        let amount = Amount::try_from(minor).unwrap();
        assert_eq!((amount.minor(), i64::from(amount)), (minor, minor));
    }
    for (minor, error) in [
        (0, AmountError::NotPositive),
        (i64::MIN, AmountError::NotPositive),
        (AMOUNT_MAX + 1, AmountError::TooLarge),
        (i64::MAX, AmountError::TooLarge),
    ] {
        assert_eq!(Amount::try_from(minor), Err(error));
    }
}

#[test]
fn what_is_added_gives_an_amount_or_none() {
    let amount = Amount::new(39_900).unwrap();
    for (added, sum) in [
        (0, Some(39_900)),
        (100, Some(40_000)),
        (-39_899, Some(1)),
        (-39_900, None),
        (AMOUNT_MAX - 39_900, Some(AMOUNT_MAX)),
        (AMOUNT_MAX, None),
        (i64::MAX, None),
        (i64::MIN, None),
    ] {
        assert_eq!(amount.plus(added).map(Amount::minor), sum, "{added}");
    }
}

#[test]
fn a_currency_is_its_code_everywhere() {
    for (code, decimals) in [("NOK", 2), ("GBP", 2), ("JPY", 0), ("KWD", 3)] {
        let currency = Currency::from_code(code).unwrap();
        assert_eq!((currency.code(), currency.exponent()), (code, decimals));
        assert_eq!((currency.to_string(), format!("{currency:?}")), (code.to_owned(), code.to_owned()));
        assert_eq!(String::from(currency), code);
    }
    for code in ["", "nok", "NO", "NOKK", "XYZ"] {
        assert_eq!(Currency::from_code(code), Err(UnknownCurrency), "{code}");
    }
}
