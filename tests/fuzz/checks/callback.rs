//! Bytes as a request to the callback listener: what was not signed with the secret is never genuine, and what was is, as
//! long as nobody has touched what the signature covers.

use std::sync::LazyLock;

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use pos_bridge::ports::{CallbackRequest, CallbackVerifier};
use pos_bridge::provider::{dintero, dojo};
use sha2::Sha256;
use url::Url;

use super::Verdict;
use super::bytes::Bytes;
use super::{dintero_orders, dojo_orders};

const SECRET: &str = "the-secret-of-the-signature";
const ADDRESS: &str = "https://pos.example.com/shop";
const NOW: i64 = 1_795_000_000;

static DINTERO: LazyLock<dintero::CallbackSignature> = LazyLock::new(|| {
    let settings = dintero::Settings {
        callback_secret: Some(SECRET.into()),
        public_url: Some(Url::parse(ADDRESS).unwrap()),
        ..dintero_orders::settings("https://api.example.com", "https://checkout.example.com")
    };
    dintero::CallbackSignature::new(&settings).unwrap()
});

static DOJO: LazyLock<dojo::WebhookSignature> = LazyLock::new(|| {
    let settings = dojo::Settings {
        webhook_secrets: vec!["an-older-one".into(), SECRET.into()],
        ..dojo_orders::settings("https://api.example.com")
    };
    dojo::WebhookSignature::new(&settings).unwrap()
});

pub(crate) fn check(bytes: &[u8]) -> Verdict {
    let mut bytes = Bytes::new(bytes);
    let is_dintero = bytes.flag();
    let tampering = bytes.below(8);
    let parts = [bytes.part(), bytes.part()];
    let [signature, rest] = parts.map(|part| String::from_utf8_lossy(part).into_owned());
    if is_dintero { of_dintero(&signature, &rest, tampering) } else { of_dojo(&signature, parts[1], tampering) }
}

fn of_dintero(forged: &str, query: &str, tampering: usize) -> Verdict {
    let signed = |request: CallbackRequest, header: &str| CallbackRequest {
        headers: vec![("dintero-signature".to_owned(), header.to_owned())],
        ..request
    };
    let request = request("/callbacks/dintero", query, Vec::new());
    let now = Timestamp::from_second(NOW).unwrap();
    assert!(DINTERO.verify(&signed(request.clone(), forged), now).is_err(), "nobody signs without the secret");

    let at = NOW + [0, 300, -300, 301, -301, 0, 0, 0][tampering];
    let payload = format!("{at}\nT12345678\nGET\npos.example.com\n{}\n{}", request.path, sorted(query));
    let right = format!("t={at},v0-hmac-sha256={}", hex(&hmac(payload.as_bytes()), ""));
    let (genuine, is_genuine) = match tampering {
        0..=2 => (signed(request, &right), true),
        3 | 4 => (signed(request, &right), false),
        5 => (signed(CallbackRequest { method: "POST".to_owned(), ..request }, &right), false),
        6 => (signed(CallbackRequest { query: format!("{query}&amount=1"), ..request }, &right), false),
        _ => (signed(request, &spoiled(&right, forged.len())), false),
    };
    let verified = DINTERO.verify(&genuine, now);
    assert_eq!(verified.is_ok(), is_genuine, "{verified:?}");
    Verdict::taken_if(verified.is_ok())
}

fn of_dojo(forged: &str, body: &[u8], tampering: usize) -> Verdict {
    let signed = |header: &str, body: &[u8]| CallbackRequest {
        headers: vec![("dojo-signature".to_owned(), header.to_owned())],
        ..request("/callbacks/dojo", "", body.to_owned())
    };
    let now = Timestamp::from_second(NOW).unwrap();
    assert!(DOJO.verify(&signed(forged, body), now).is_err(), "nobody signs without the secret");

    let right = format!("sha256={}", hex(&hmac(body), "-"));
    assert!(DOJO.verify(&signed(&spoiled(&right, tampering), body), now).is_err(), "a spoiled signature");
    assert!(DOJO.verify(&signed(&right, &[body, b" "].concat()), now).is_err(), "another body");
    let verified = DOJO.verify(&signed(&right, body), now);
    // What is not read of it need not be a text.
    let read = String::from_utf8_lossy(body);
    let is_event = serde_json::from_str::<serde_json::Value>(&read).is_ok_and(|event| event["id"].is_string());
    assert!(is_event || verified.is_err(), "what is no event is none, whoever signed it");
    Verdict::taken_if(verified.is_ok())
}

fn request(path: &str, query: &str, body: Vec<u8>) -> CallbackRequest {
    CallbackRequest {
        method: "GET".to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: Vec::new(),
        body: body.into(),
    }
}

fn hmac(payload: &[u8]) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.chain_update(payload).finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8], between: &str) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(between)
}

/// One digit of the signature is another.
fn spoiled(signature: &str, which: usize) -> String {
    let mut spoiled = signature.to_owned().into_bytes();
    let digits = spoiled.len() - 1 - 3 * (which % 20);
    spoiled[digits] = if spoiled[digits] == b'0' { b'1' } else { b'0' };
    String::from_utf8(spoiled).unwrap()
}

/// The query as Dintero signs it: by name, in the order of UTF-16, written anew.
fn sorted(query: &str) -> String {
    let mut pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    pairs.sort_by_cached_key(|(name, _)| name.encode_utf16().collect::<Vec<_>>());
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}
