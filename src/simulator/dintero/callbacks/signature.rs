//! `Dintero-Signature`, version `v0-hmac-sha256`.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use url::Url;

/// What is signed: time, account, method, host without port, path, and the query sorted by name.
pub(crate) struct Signed<'a> {
    pub(crate) account_id: &'a str,
    pub(crate) method: &'a str,
    pub(crate) url: &'a Url,
    /// Unix seconds.
    pub(crate) time: i64,
}

impl Signed<'_> {
    /// The header's value; the body is not covered.
    pub(crate) fn header(&self, secret: &str) -> Option<String> {
        let mut code = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
        code.update(self.payload().as_bytes());
        let digest = code.finalize().into_bytes();
        let hexadecimal: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        Some(format!("t={},v0-hmac-sha256={hexadecimal}", self.time))
    }

    fn payload(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        format!(
            "{}\n{}\n{}\n{host}\n{}\n{}",
            self.time,
            self.account_id,
            self.method,
            self.url.path(),
            self.sorted_query(),
        )
    }

    /// `URLSearchParams.sort()` and `.toString()`: stable, by UTF-16 code units, a space as `+`.
    fn sorted_query(&self) -> String {
        let mut pairs: Vec<_> = self.url.query_pairs().collect();
        pairs.sort_by(|(left, _), (right, _)| left.encode_utf16().cmp(right.encode_utf16()));
        form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sign(url: &str) -> String {
        let url = Url::parse(url).unwrap();
        let signed = Signed { account_id: "P00000000", method: "GET", url: &url, time: 1_582_236_537 };
        signed.header("123").unwrap()
    }

    /// The vector of Dintero's reference for `POST /v1/admin/signature`.
    #[test]
    fn agrees_with_the_official_vector() {
        assert_eq!(
            sign("https://example.com/callback?B=123&A=992"),
            "t=1582236537,v0-hmac-sha256=6bed2ab1b919d460ef7465a20dc6c97260dca73fab6647106ca525f0908df64a"
        );
    }

    #[test]
    fn port_and_spelling_of_spaces_do_not_matter() {
        assert_eq!(sign("https://example.com:8443/a?x=1%202&r=1&r=0"), sign("https://example.com/a?r=1&r=0&x=1+2"));
    }
}
