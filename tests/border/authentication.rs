//! Who may call.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::support::*;

fn basic(user: &str, key: &str) -> String {
    format!("Authorization: Basic {}\r\n", STANDARD.encode(format!("{user}:{key}")))
}

#[tokio::test]
async fn a_till_shows_its_key_in_any_of_three_ways() {
    let border = border().await;
    for headers in [
        format!("Authorization: Bearer {KEY}\r\n"),
        format!("authorization: bearer {OTHER_KEY}\r\n"),
        format!("X-Api-Key: {KEY}\r\n"),
        basic("till-1", KEY),
        basic("till-2", OTHER_KEY),
    ] {
        assert!(border.bare_call("GET", "/last", &headers, "").await.reached_the_engine(), "{headers}");
    }
}

#[tokio::test]
async fn a_till_may_show_its_old_key_while_it_changes_over() {
    let border = border().await;
    assert!(border.bare_call("GET", "/last", &format!("X-Api-Key: old-{KEY}\r\n"), "").await.reached_the_engine());
    assert_eq!(border.bare_call("GET", "/last", &basic("till-2", &format!("old-{KEY}")), "").await.status, 401);
}

#[tokio::test]
async fn nobody_else_gets_past() {
    for headers in [
        String::new(),
        "Authorization: Bearer wrong\r\n".into(),
        "Authorization: Bearer \r\n".into(),
        format!("Authorization: {KEY}\r\n"),
        format!("Authorization: Digest {KEY}\r\n"),
        "X-Api-Key: \r\n".into(),
        "X-Api-Key: \u{ff}\r\n".into(),
        basic("till-1", OTHER_KEY),
        basic("till-2", KEY),
        basic("keyless", ""),
        basic("nobody", KEY),
        "Authorization: Basic !!!\r\n".into(),
        format!("X-Api-Key: {KEY}\r\nX-Api-Key: {KEY}\r\n"),
        format!("X-Api-Key: {KEY}\r\nAuthorization: Bearer {OTHER_KEY}\r\n"),
    ] {
        // Ten wrong keys lock an address out; see callers.rs.
        let border = border().await;
        for (method, path) in [("POST", "/pay"), ("POST", "/refund"), ("GET", "/last"), ("POST", "/pay/R-1/cancel")] {
            let reply = border.bare_call(method, path, &headers, "").await;
            assert_eq!((reply.status, reply.code().as_str()), (401, "unauthorized"), "{method} {path} {headers}");
            assert_eq!(reply.header("Www-Authenticate"), Some("Bearer realm=\"pos-bridge\""));
            assert!(!reply.body.contains(KEY));
        }
    }
}

#[tokio::test]
async fn a_trusted_address_needs_no_key() {
    let border = border_with(Default::default(), &["keyless"]).await;
    assert!(border.bare_call("GET", "/last", "", "").await.reached_the_engine());
    let wrong_key = border.bare_call("GET", "/last", "X-Api-Key: wrong\r\n", "").await;
    assert_eq!(wrong_key.status, 401, "a wrong key is not made good by an address");
}

#[tokio::test]
async fn an_address_that_two_tills_trust_tells_nothing() {
    let border = border_with(Default::default(), &["keyless", "till-2"]).await;
    assert_eq!(border.bare_call("GET", "/last", "", "").await.status, 401);
    assert!(border.call("GET", "/last", "", "").await.reached_the_engine());
}

#[tokio::test]
async fn health_readiness_and_metrics_need_no_key() {
    let border = border().await;
    let health = border.bare_call("GET", "/health", "", "").await;
    assert_eq!((health.status, health.json()["status"].as_str()), (200, Some("ok")));
    assert!(health.json()["version"].is_string());
    let ready = border.bare_call("GET", "/ready", "", "").await;
    assert!([200, 503].contains(&ready.status) && ready.json()["reasons"].is_array());
    assert_eq!(border.bare_call("GET", "/metrics", "", "").await.body, "pos_bridge_up 1\n");
}
