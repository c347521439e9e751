//! Callers that call too often, guess keys, or ask for what they may not.

use axum::body::Body;
use axum::http::Request;
use pos_bridge::domain::directory::{Profile, Scopes};
use pos_bridge::http::{Limits, Peer};
use tower::ServiceExt;

use super::support::*;

const SALE: &str = r#"{"reference":"R-1","amount":100}"#;

fn is_rate_limited(reply: &Reply) -> bool {
    let wait: u64 = reply.header("Retry-After").unwrap_or("0").parse().unwrap();
    (reply.status, reply.code().as_str()) == (429, "rate_limited") && (1..=60).contains(&wait)
}

#[tokio::test]
async fn a_till_is_held_to_its_requests_and_can_still_follow_its_sale() {
    let border = border_with_profile(&Profile { requests_per_minute: Some(2), ..Profile::default() }).await;
    for _ in 0..2 {
        assert!(border.call("POST", "/pay", "", SALE).await.reached_the_engine());
    }
    for (method, path) in [("POST", "/pay"), ("POST", "/refund"), ("GET", "/operations"), ("GET", "/last")] {
        let reply = border.call(method, path, "", "").await;
        assert!(is_rate_limited(&reply), "{method} {path}: {reply:?}");
        assert_eq!(reply.json()["retry"], "same_reference");
    }
    for (method, path, why) in [("GET", "/pay/R-1?wait=2", "it follows"), ("POST", "/pay/R-1/cancel", "it stops")] {
        for _ in 0..2 {
            assert!(border.call(method, path, "", "").await.reached_the_engine(), "{method} {path}: {why} its sale");
        }
        assert!(is_rate_limited(&border.call(method, path, "", "").await), "{method} {path}: these have an end too");
    }

    let other = format!("Host: {}\r\nX-Api-Key: {OTHER_KEY}\r\n", border.address);
    assert!(border.send(request("POST", "/pay", &other, SALE)).await.reached_the_engine(), "another till");
}

#[tokio::test]
async fn an_address_is_held_to_its_requests_whoever_it_says_that_it_is() {
    let limits = Limits { requests_per_minute_per_address: Some(3), ..Limits::default() };
    let border = border_with(limits, &[]).await;
    assert!(border.call("POST", "/pay", "", SALE).await.reached_the_engine());
    assert_eq!(border.bare_call("POST", "/pay", "", SALE).await.status, 401);
    assert_eq!(border.bare_call("POST", "/pay", "X-Api-Key: wrong\r\n", SALE).await.status, 401);
    for headers in [String::new(), "X-Api-Key: wrong\r\n".into(), format!("X-Api-Key: {KEY}\r\n")] {
        assert!(is_rate_limited(&border.bare_call("POST", "/pay", &headers, SALE).await), "{headers}");
    }
    assert!(border.call("GET", "/pay/R-1", "", "").await.reached_the_engine(), "a sale can be followed");
    assert_eq!(border.bare_call("GET", "/health", "", "").await.status, 200, "so can the bridge itself");
}

/// A shop's tills stand in one network.
#[tokio::test]
async fn every_address_of_a_network_has_its_own_requests() {
    let router = router(Limits { requests_per_minute_per_address: Some(1), ..Limits::default() });
    for (address, status) in [
        ("[2001:db8::1]:1000", 503),
        ("[2001:db8::1]:1001", 429),
        ("[2001:db8::2]:1000", 503),
        ("[::ffff:10.0.0.1]:1000", 503),
        ("10.0.0.1:1000", 429),
    ] {
        let peer = Peer { remote: Some(address.parse().unwrap()), local: None };
        let request = Request::get("/last").header("Host", NAME).header("X-Api-Key", KEY).extension(peer);
        let response = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{address}");
    }
}

#[tokio::test]
async fn who_guesses_keys_is_locked_out_and_a_right_key_is_taken_at_any_time() {
    let border = border().await;
    let guess = |number| {
        let border = &border;
        async move { border.bare_call("POST", "/pay", &format!("X-Api-Key: guess-{number}\r\n"), SALE).await }
    };
    for number in 0..10 {
        assert_eq!(guess(number).await.status, 401, "{number}");
    }
    for number in 10..15 {
        let reply = guess(number).await;
        assert!(is_rate_limited(&reply), "{reply:?}");
    }
    assert!(border.call("POST", "/pay", "", SALE).await.reached_the_engine(), "many tills stand behind one address");
    assert!(is_rate_limited(&guess(15).await), "a right key unlocks nothing");
    assert_eq!(border.bare_call("POST", "/pay", "", SALE).await.status, 401, "no key is no guess");
}

#[tokio::test]
async fn a_till_without_the_scope_is_told_which_one() {
    let none = Scopes { pay: false, refund: false, status: false, unlinked_refund: false };
    for (scopes, method, path, missing) in [
        (Scopes { refund: true, ..none }, "POST", "/pay", "pay"),
        (Scopes { refund: true, ..none }, "GET", "/pay/R-1", "pay"),
        (Scopes { pay: true, ..none }, "POST", "/refund", "refund"),
        (Scopes { pay: true, status: true, ..none }, "POST", "/refund/B-1/cancel", "refund"),
        (Scopes { status: true, ..none }, "POST", "/pay/R-1/ack", "pay"),
        (Scopes { pay: true, refund: true, ..none }, "GET", "/operations", "status"),
        (Scopes { pay: true, refund: true, ..none }, "GET", "/last", "status"),
    ] {
        let border = border_with_profile(&Profile { scopes, ..Profile::default() }).await;
        let reply = border.call(method, path, "", "").await;
        assert_eq!((reply.status, reply.code().as_str()), (403, "forbidden"), "{method} {path}");
        let detail = reply.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(&format!("\"{missing}\"")), "{detail}");
    }
    let border = border_with_profile(&Profile { scopes: Scopes { pay: true, ..none }, ..Profile::default() }).await;
    for (method, path, body) in [("POST", "/pay", SALE), ("GET", "/pay/R-1", ""), ("POST", "/pay/R-1/cancel", "")] {
        assert!(border.call(method, path, "", body).await.reached_the_engine(), "{method} {path}");
    }
}
