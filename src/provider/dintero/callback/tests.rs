use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::domain::refund::RefundRoute;
use crate::provider::dintero::StartRule;

const VECTOR: &str = "t=1582236537,v0-hmac-sha256=6bed2ab1b919d460ef7465a20dc6c97260dca73fab6647106ca525f0908df64a";

fn settings(secret: &str, public_url: &str) -> Settings {
    let elsewhere = Url::parse("https://dintero.example").unwrap();
    Settings {
        account_id: "P00000000".into(),
        client_id: "client".into(),
        client_secret: "secret-of-the-client".into(),
        profile_id: "P00000000.profile".into(),
        checkout_url: elsewhere.clone(),
        api_url: elsewhere,
        callback_secret: Some(secret.into()),
        public_url: Some(Url::parse(public_url).unwrap()),
        start: StartRule::Session,
        refund: RefundRoute::Terminal,
        session_ttl: SignedDuration::ZERO,
        prompt: SignedDuration::ZERO,
        in_flight: SignedDuration::ZERO,
        refund_patience: SignedDuration::ZERO,
        request_timeout: Duration::ZERO,
    }
}

fn verifier(secret: &str, public_url: &str) -> CallbackSignature {
    CallbackSignature::new(&settings(secret, public_url)).unwrap()
}

fn request(path: &str, query: &str, headers: &[(&str, &str)]) -> CallbackRequest {
    CallbackRequest {
        method: "GET".into(),
        path: path.into(),
        query: query.into(),
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        body: bytes::Bytes::new(),
    }
}

fn seconds(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// What Dintero would send for this address at second 1000.
fn signed(path: &str, query: &str) -> String {
    let payload = format!("1000\nP00000000\nGET\npos.example.com\n{path}\n{query}");
    let mac = Hmac::<Sha256>::new_from_slice(b"123").unwrap().chain_update(payload);
    format!("t=1000,v0-hmac-sha256={}", encode_hex(&mac.finalize().into_bytes()))
}

fn verify(path: &str, query: &str, signature: &str, now: i64) -> Result<Callback, NotGenuine> {
    verifier("123", "https://pos.example.com:8443/shop/")
        .verify(&request(path, query, &[("dintero-signature", signature)]), seconds(now))
}

#[test]
fn the_official_vector_is_genuine() {
    let verifier = verifier("123", "https://example.com");
    let headers = [("dintero-signature", VECTOR), ("event-delivery", "d-1")];
    for query in ["B=123&A=992", "A=992&B=123"] {
        let callback = verifier.verify(&request("/callback", query, &headers), seconds(1_582_236_537)).unwrap();
        assert_eq!(callback.delivery, "d-1");
        assert_eq!(callback.query, format!("/callback?{query}"));
        assert_eq!(callback.about, None);
    }
}

#[test]
fn without_a_secret_or_a_public_address_nothing_is_checked() {
    let complete = settings("123", "https://example.com");
    assert!(CallbackSignature::new(&Settings { callback_secret: None, ..complete.clone() }).is_none());
    assert!(CallbackSignature::new(&Settings { public_url: None, ..complete }).is_none());
}

#[test]
fn a_wrong_secret_path_query_or_method_is_not_genuine() {
    let headers = [("dintero-signature", VECTOR)];
    let now = seconds(1_582_236_537);
    let good = request("/callback", "B=123&A=992", &headers);
    let refuses = |verifier: CallbackSignature, request: &CallbackRequest| verifier.verify(request, now).is_err();
    assert!(refuses(verifier("124", "https://example.com"), &good));
    assert!(refuses(verifier("123", "https://example.org"), &good));
    let verifier = || verifier("123", "https://example.com");
    assert!(refuses(verifier(), &request("/callback/", "B=123&A=992", &headers)));
    assert!(refuses(verifier(), &request("/callback", "B=123&A=993", &headers)));
    assert!(refuses(verifier(), &request("/callback", "B=123&A=992&C=1", &headers)));
    assert!(refuses(verifier(), &CallbackRequest { method: "POST".into(), ..good }));
}

#[test]
fn the_time_of_signing_may_be_five_minutes_away_either_way() {
    let signature = signed("/shop/callbacks/dintero", "a=1");
    for (now, genuine) in [(700, true), (1000, true), (1300, true), (699, false), (1301, false), (90_000, false)] {
        assert_eq!(verify("/callbacks/dintero", "a=1", &signature, now).is_ok(), genuine, "{now}");
    }
}

#[test]
fn missing_and_malformed_signatures_are_refused() {
    let good = signed("/shop/callbacks/dintero", "a=1");
    let hex = good.rsplit('=').next().unwrap();
    let bad = [
        String::new(),
        "t=1000".into(),
        format!("v0-hmac-sha256={hex}"),
        format!("t=,v0-hmac-sha256={hex}"),
        format!("t=1000,v1-hmac-sha256={hex}"),
        format!("t=1000,v0-hmac-sha256={}", &hex[1..]),
        format!("t=1000,v0-hmac-sha256={}", &hex[2..]),
        "t=1000,v0-hmac-sha256=".into(),
        "t=1000,v0-hmac-sha256=zz".into(),
        format!("t=1001,v0-hmac-sha256={hex}"),
    ];
    for signature in bad {
        assert!(verify("/callbacks/dintero", "a=1", &signature, 1000).is_err(), "{signature}");
    }
    let unsigned = request("/callbacks/dintero", "a=1", &[]);
    assert!(verifier("123", "https://pos.example.com").verify(&unsigned, seconds(1000)).is_err());
    assert!(verify("/callbacks/dintero", "a=1", &good, 1000).is_ok());
    assert!(verify("/callbacks/dintero", "a=1", &good.replace(',', " , "), 1000).is_ok(), "spaces around the comma");
}

#[test]
fn a_tunnel_may_strip_the_prefix_of_the_public_address() {
    let signature = signed("/shop/callbacks/dintero", "a=1");
    assert!(verify("/shop/callbacks/dintero", "a=1", &signature, 1000).is_ok());
    assert!(verify("/callbacks/dintero", "a=1", &signature, 1000).is_ok());
    assert!(verify("/other/callbacks/dintero", "a=1", &signature, 1000).is_err());
}

#[test]
fn spaces_are_signed_as_plus_however_they_come() {
    let signature = signed("/shop/callbacks/dintero", "error=too+late&merchant_reference=x");
    for query in ["error=too%20late&merchant_reference=x", "merchant_reference=x&error=too+late"] {
        assert!(verify("/callbacks/dintero", query, &signature, 1000).is_ok(), "{query}");
    }
}

#[test]
fn the_attempt_is_read_from_the_query_and_a_delivery_without_a_number_gets_one() {
    let reference = AttemptReference::new(ulid::Ulid::from_parts(1, 2));
    let query = format!("merchant_reference={reference}&report_event=CAPTURE&report_event=REFUND");
    let signature = signed("/shop/callbacks/dintero", &query);
    let callback = || verify("/callbacks/dintero", &query, &signature, 1000).unwrap();
    assert_eq!(callback().about, Some(Subject::Attempt(reference)));
    assert_eq!(callback().delivery.len(), 64);
    assert_eq!(callback().delivery, callback().delivery);
}

#[test]
fn a_number_of_a_delivery_is_kept_when_it_can_be() {
    let signature = signed("/shop/callbacks/dintero", "a=1");
    let delivery = |number: &str| {
        let headers = [("dintero-signature", signature.as_str()), ("event-delivery", number)];
        let verifier = verifier("123", "https://pos.example.com/shop");
        verifier.verify(&request("/callbacks/dintero", "a=1", &headers), seconds(1000)).unwrap().delivery
    };
    let longest = "d".repeat(DELIVERY_MAX);
    for number in ["d", "0195-a_b:c!~", &longest] {
        assert_eq!(delivery(number), number);
    }
    let digest = "17a6d16c8de23e0fa0f700696f6e1b5df49d08bf2f70c453bbbef40ebcc66dbb";
    for number in ["", "d 1", "d\n", "dél", &format!("{longest}d")] {
        assert_eq!(delivery(number), digest, "{number:?}");
    }
}

#[test]
fn names_are_sorted_as_whatwg_sorts_them() {
    // The last one is outside the basic plane: in UTF-16 it begins with a surrogate and sorts before U+FB03.
    assert_eq!(canonical_query("\u{fb03}=&\u{1f308}="), "%F0%9F%8C%88=&%EF%AC%83=");
    assert_eq!(canonical_query("b=2&a=1&b=1&a"), "a=1&a=&b=2&b=1");
    assert_eq!(canonical_query("time=2026-11-20T10%3A15%3A02Z&x=a*b~c"), "time=2026-11-20T10%3A15%3A02Z&x=a*b%7Ec");
}

proptest! {
    #[test]
    fn canonical_queries_lose_nothing_and_stay_as_they_are(
        pairs in proptest::collection::vec((".{0,6}", ".{0,6}"), 0..8)
    ) {
        let written = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
        let canonical = canonical_query(&written);
        prop_assert_eq!(&canonical_query(&canonical), &canonical);
        let read = |query: &str| form_urlencoded::parse(query.as_bytes()).into_owned().collect::<Vec<_>>();
        let (mut before, mut after) = (read(&written), read(&canonical));
        before.sort();
        after.sort();
        prop_assert_eq!(before, after);
    }

    #[test]
    fn the_order_of_different_names_does_not_matter(
        pairs in proptest::collection::btree_map(".{1,6}", ".{0,6}", 0..8).prop_map(|map| map.into_iter().collect::<Vec<_>>())
    ) {
        let write = |pairs: &[(String, String)]| form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let reversed: Vec<_> = pairs.iter().rev().cloned().collect();
        prop_assert_eq!(canonical_query(&write(&pairs)), canonical_query(&write(&reversed)));
    }

    #[test]
    fn nothing_that_anybody_sends_is_genuine_or_makes_us_panic(
        path in ".{0,20}", query in ".{0,40}", header in "(t=[0-9]{0,20},v0-hmac-sha256=)?.{0,80}"
    ) {
        prop_assert!(verify(&path, &query, &header, 1000).is_err());
    }
}
