//! Amounts as they are typed.

/// A whole number of minor units. An amount with a decimal mark is never guessed; the error tells what it would be.
pub(super) fn minor_units(text: &str) -> Result<i64, String> {
    match text.parse() {
        Ok(amount) if amount > 0 => Ok(amount),
        _ => Err(match with_two_decimals(text) {
            Some(minor) => format!("give minor units: {minor} for {text}"),
            None => "give a whole number of minor units, more than 0: 39900 is 399.00".to_owned(),
        }),
    }
}

/// `39900` for `399.00`, `399,00` and `399.0`.
fn with_two_decimals(text: &str) -> Option<i64> {
    let (whole, decimals) = text.split_once(['.', ','])?;
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let two = format!("{decimals:0<2}");
    let readable = digits(whole) && digits(decimals) && two.len() == 2;
    readable.then(|| format!("{whole}{two}").parse().ok()).flatten().filter(|minor| *minor > 0)
}
