//! Identifiers that look like the providers'.
//!
//! They come from the thread's random source, not from the seed: two runs over one bridge database must never repeat one.

use rand::RngExt;

const BASE58: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// `T12345678.465UfBENeLpkBvwmqfTC4k`: the form of session and transaction identifiers.
pub(crate) fn checkout_id(account_id: &str) -> String {
    format!("{account_id}.{}", base58(22))
}

/// Random base58 characters.
pub(crate) fn base58(length: usize) -> String {
    let mut random = rand::rng();
    (0..length).map(|_| char::from(BASE58[random.random_range(0..BASE58.len())])).collect()
}

/// `pi_sandbox_G_FeegU8WESxtY_Nct8jqw`: the form of Dojo's identifiers.
pub(crate) fn dojo_id(kind: &str) -> String {
    format!("{kind}_sandbox_{}", base58(22))
}

/// Random decimal digits.
pub(crate) fn digits(length: usize) -> String {
    let mut random = rand::rng();
    (0..length).map(|_| char::from(b'0' + random.random_range(0..10_u8))).collect()
}

/// A version 4 UUID, as the providers use for events, requests and transactions.
pub(crate) fn uuid() -> String {
    let bits: u128 = rand::rng().random();
    let versioned = (bits & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let digits = format!("{versioned:032x}");
    format!("{}-{}-{}-{}-{}", &digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_are_version_four() {
        let id = uuid();
        assert_eq!(id.len(), 36);
        assert_eq!(&id[14..15], "4");
        assert!("89ab".contains(&id[19..20]));
    }
}
