//! What a page of an allowed origin is told.

use super::support::*;

fn preflight(extra: &str) -> String {
    format!(
        "Origin: {PAGE}\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: \
         authorization,content-type\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: cors\r\n{extra}"
    )
}

fn has(reply: &Reply, name: &str, word: &str) -> bool {
    let mut words = reply.header(name).unwrap_or_default().split(',').map(str::trim);
    words.any(|found| found.eq_ignore_ascii_case(word))
}

#[tokio::test]
async fn a_preflight_tells_what_may_be_sent() {
    let border = border().await;
    for path in ["/pay", "/refund", "/pay/R-1", "/pay/R-1/cancel", "/operations", "/last"] {
        let reply = border.bare_call("OPTIONS", path, &preflight(""), "").await;
        assert_eq!(reply.status, 200, "{path}: {reply:?}");
        assert_eq!(reply.header("Access-Control-Allow-Origin"), Some(PAGE));
        for method in ["GET", "POST"] {
            assert!(has(&reply, "Access-Control-Allow-Methods", method), "{reply:?}");
        }
        for name in ["authorization", "x-api-key", "content-type", "idempotency-key", "prefer", "accept-language"] {
            assert!(has(&reply, "Access-Control-Allow-Headers", name), "{name}: {reply:?}");
        }
        assert!(has(&reply, "Vary", "origin"));
        assert_eq!(reply.header("Access-Control-Allow-Credentials"), None, "keys travel in headers of their own");
        assert_eq!(reply.header("Access-Control-Allow-Private-Network"), None, "nobody asked");
        assert!(!reply.head.contains("X-Api-Key: *"));
    }
}

#[tokio::test]
async fn only_an_allowed_page_is_let_into_a_private_network() {
    let border = border().await;
    let asks = "Access-Control-Request-Private-Network: true\r\n";
    let allowed = border.bare_call("OPTIONS", "/pay", &preflight(asks), "").await;
    assert_eq!(allowed.header("Access-Control-Allow-Private-Network"), Some("true"));
    let foreign = preflight(asks).replace(PAGE, "https://evil.example");
    let refused = border.bare_call("OPTIONS", "/pay", &foreign, "").await;
    assert_eq!(refused.status, 403);
    assert!(!refused.head.to_ascii_lowercase().contains("access-control"), "{}", refused.head);
}

#[tokio::test]
async fn an_allowed_page_may_read_every_answer() {
    let border = border().await;
    let origin = format!("Origin: {PAGE}\r\nSec-Fetch-Site: cross-site\r\n");
    for (method, path, body, status) in [
        ("POST", "/pay", r#"{"reference":"R-1","amount":100}"#, 503),
        ("POST", "/pay", "{", 400),
        ("GET", "/no-such-thing", "", 404),
        ("GET", "/pay", "", 405),
        ("GET", "/health", "", 200),
    ] {
        let reply = border.call(method, path, &origin, body).await;
        assert_eq!(reply.status, status, "{method} {path}: {reply:?}");
        assert_eq!(reply.header("Access-Control-Allow-Origin"), Some(PAGE), "{method} {path}");
        assert!(has(&reply, "Access-Control-Expose-Headers", "location"));
        assert!(has(&reply, "Access-Control-Expose-Headers", "retry-after"));
        assert!(has(&reply, "Vary", "origin"));
        assert_eq!(reply.header("Access-Control-Allow-Credentials"), None);
    }
    let without_key = border.bare_call("POST", "/pay", &origin, "").await;
    assert_eq!((without_key.status, without_key.header("Access-Control-Allow-Origin")), (401, Some(PAGE)));
}

#[tokio::test]
async fn a_till_that_is_no_page_is_told_nothing_of_pages() {
    let border = border().await;
    let reply = border.call("GET", "/last", "", "").await;
    assert_eq!(reply.header("Access-Control-Allow-Origin"), None);
    assert!(has(&reply, "Vary", "origin"), "a cache must not give it to a page");
}
