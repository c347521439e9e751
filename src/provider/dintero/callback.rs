//! Tells Dintero's callbacks from anybody else's, by `Dintero-Signature`.
//!
//! The signature covers the account, the method and the whole public address, not the body: a callback is a hint to
//! look, and nothing that it says is believed.

use std::fmt::Write;

use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use url::Url;

use super::settings::Settings;
use crate::domain::identifiers::AttemptReference;
use crate::domain::operation::ProviderName;
use crate::ports::{Callback, CallbackRequest, CallbackVerifier, NotGenuine, Subject};

/// How far the time of signing may be away, either way.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);
/// The longest number of a delivery that is kept as it came.
const DELIVERY_MAX: usize = 128;

/// Checks callbacks against the account's signature secret.
#[derive(Debug, Clone)]
pub struct CallbackSignature {
    account_id: String,
    secret: SecretString,
    host: String,
    /// The path of the public address, without a slash at its end.
    prefix: String,
}

impl CallbackSignature {
    /// The check for this account; `None` without a public address or a secret, when no callback can be genuine.
    #[must_use]
    pub fn new(settings: &Settings) -> Option<Self> {
        let public_url: &Url = settings.public_url.as_ref()?;
        Some(Self {
            account_id: settings.account_id.clone(),
            secret: settings.callback_secret.clone()?,
            host: public_url.host_str()?.to_owned(),
            prefix: public_url.path().trim_end_matches('/').to_owned(),
        })
    }

    /// A tunnel may or may not strip the prefix of the public address, so both readings of the path are tried.
    fn is_signed(&self, request: &CallbackRequest, signed_at: &str, signature: &[u8]) -> bool {
        let with_prefix = format!("{}{}", self.prefix, request.path);
        let query = canonical_query(&request.query);
        [request.path.as_str(), &with_prefix].iter().any(|path| {
            let payload = [signed_at, &self.account_id, &request.method, &self.host, path, &query].join("\n");
            self.authenticates(payload.as_bytes(), signature)
        })
    }

    fn authenticates(&self, payload: &[u8], signature: &[u8]) -> bool {
        Hmac::<Sha256>::new_from_slice(self.secret.expose_secret().as_bytes())
            .is_ok_and(|mac| mac.chain_update(payload).verify_slice(signature).is_ok())
    }
}

impl CallbackVerifier for CallbackSignature {
    fn verify(&self, request: &CallbackRequest, now: Timestamp) -> Result<Callback, NotGenuine> {
        let header = request.header("dintero-signature").ok_or(NotGenuine("it has no Dintero-Signature"))?;
        let (signed_at, signature) = parse_signature(header).ok_or(NotGenuine("its Dintero-Signature is malformed"))?;
        if !self.is_signed(request, signed_at, &signature) {
            return Err(NotGenuine("its signature does not fit"));
        }
        if !is_recent(signed_at, now) {
            return Err(NotGenuine("it was signed more than five minutes away from now"));
        }
        Ok(Callback {
            provider: ProviderName::Dintero,
            delivery: delivery(request, signed_at),
            about: merchant_reference(&request.query).map(Subject::Attempt),
            query: format!("{}?{}", request.path, request.query),
            received_at: now,
        })
    }
}

/// The time of signing, as it was written, and the signature of the version that we know.
fn parse_signature(header: &str) -> Option<(&str, Vec<u8>)> {
    let part =
        |name: &str| header.split(',').find_map(|part| part.trim().split_once('=').filter(|(found, _)| *found == name));
    let (_, signed_at) = part("t")?;
    let (_, signature) = part("v0-hmac-sha256")?;
    Some((signed_at, decode_hex(signature)?))
}

fn is_recent(signed_at: &str, now: Timestamp) -> bool {
    let signed_at = signed_at.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    signed_at.is_some_and(|signed_at| now.duration_since(signed_at).abs() <= TOLERANCE)
}

/// The query as WHATWG's `URLSearchParams` writes it after `sort()`, which is how Dintero signs it: by name (in UTF-16
/// code units), in their order where names are the same, form-urlencoded anew.
fn canonical_query(query: &str) -> String {
    let mut pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    pairs.sort_by(|(one, _), (other, _)| one.encode_utf16().cmp(other.encode_utf16()));
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn merchant_reference(query: &str) -> Option<AttemptReference> {
    form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "merchant_reference")
        .and_then(|(_, reference)| AttemptReference::parse(&reference))
}

/// The number of the delivery; a digest of what was signed where there is none.
fn delivery(request: &CallbackRequest, signed_at: &str) -> String {
    let usable =
        |number: &&str| (1..=DELIVERY_MAX).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_graphic());
    match request.header("event-delivery").filter(usable) {
        Some(number) => number.to_owned(),
        None => encode_hex(&Sha256::digest(format!("{signed_at}\n{}", request.query))),
    }
}

fn encode_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn decode_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> =
        text.chars().map(|digit| digit.to_digit(16).map(|digit| digit as u8)).collect::<Option<_>>()?;
    let pairs = digits.chunks_exact(2);
    pairs.remainder().is_empty().then(|| pairs.map(|pair| pair[0] * 16 + pair[1]).collect())
}

#[cfg(test)]
mod tests;
