//! Everything that a web page can make a browser send, on every route, with a till that has a key and with one that is
//! known by its address: refused before anything else is looked at.

use super::support::*;

const ROUTES: [(&str, &str); 17] = [
    ("POST", "/pay"),
    ("POST", "/refund"),
    ("GET", "/pay/R-1"),
    ("GET", "/pay/R-1?wait=1"),
    ("POST", "/pay/R-1/cancel"),
    ("POST", "/pay/R-1/ack"),
    ("GET", "/refund/B-1"),
    ("POST", "/refund/B-1/cancel"),
    ("POST", "/refund/B-1/ack"),
    ("GET", "/last"),
    ("GET", "/operations"),
    ("GET", "/terminals"),
    ("GET", "/health"),
    ("GET", "/ready"),
    ("GET", "/metrics"),
    ("GET", "/no-such-thing"),
    ("OPTIONS", "/pay"),
];

const SALE: &str = r#"{"reference":"R-1","amount":100}"#;

/// What each trick sends beside the `Host`.
const TRICKS: [(&str, &str); 13] = [
    ("a form", "Origin: https://evil.example\r\nContent-Type: application/x-www-form-urlencoded\r\n"),
    ("a form of three kinds", "Origin: https://evil.example\r\nContent-Type: multipart/form-data; boundary=x\r\n"),
    ("fetch no-cors", "Origin: https://evil.example\r\nContent-Type: text/plain\r\nSec-Fetch-Mode: no-cors\r\n"),
    ("fetch", "Origin: https://evil.example\r\nContent-Type: application/json\r\nSec-Fetch-Mode: cors\r\n"),
    ("fetch with credentials", "Origin: https://evil.example\r\nCookie: session=1\r\nSec-Fetch-Mode: cors\r\n"),
    ("a sandboxed frame, a file, a redirect", "Origin: null\r\n"),
    ("an origin that begins like ours", "Origin: https://till.example.evil.example\r\n"),
    ("our origin without encryption", "Origin: http://till.example\r\n"),
    ("our origin at another port", "Origin: https://till.example:8443\r\n"),
    ("two origins", "Origin: https://till.example\r\nOrigin: https://evil.example\r\n"),
    ("an image", "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: image\r\n"),
    ("a script of a neighbour", "Sec-Fetch-Site: same-site\r\nSec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: script\r\n"),
    ("a link", "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n"),
];

fn assert_refused(reply: &Reply, what: &str) {
    assert_eq!((reply.status, reply.code().as_str()), (403, "forbidden"), "{what}: {reply:?}");
    assert!(!reply.head.to_ascii_lowercase().contains("access-control"), "{what}: {}", reply.head);
}

#[tokio::test]
async fn a_page_from_anywhere_else_is_refused_on_every_route() {
    let border = border_with(Default::default(), &["keyless"]).await;
    for (method, path) in ROUTES {
        let body = if method == "POST" { SALE } else { "" };
        for (trick, headers) in TRICKS {
            let what = format!("{trick}: {method} {path}");
            assert_refused(&border.bare_call(method, path, headers, body).await, &format!("{what}, keyless till"));
            assert_refused(&border.call(method, path, headers, body).await, &format!("{what}, till with a key"));
        }
    }
}

/// The owner of a name can point it to the bridge: to the browser it is then the page's own origin.
#[tokio::test]
async fn a_rebound_name_is_refused_on_every_route() {
    let border = border_with(Default::default(), &["keyless"]).await;
    for (method, path) in ROUTES {
        for key in [String::new(), format!("X-Api-Key: {KEY}\r\n")] {
            let headers = format!(
                "Host: evil.example:{}\r\nSec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\n{key}",
                border.address.port()
            );
            let body = if method == "POST" { SALE } else { "" };
            assert_refused(&border.send(request(method, path, &headers, body)).await, &format!("{method} {path}"));
        }
    }
}

/// The page of an allowed origin without the key cannot use the till's address for it.
#[tokio::test]
async fn even_an_allowed_page_needs_the_key() {
    let border = border_with(Default::default(), &["keyless"]).await;
    for content_type in ["application/json", "text/plain", "application/x-www-form-urlencoded"] {
        let headers = format!("Origin: {PAGE}\r\nContent-Type: {content_type}\r\n");
        let reply = border.bare_call("POST", "/pay", &headers, SALE).await;
        assert_eq!((reply.status, reply.code().as_str()), (403, "forbidden"), "{content_type}");
    }
}

/// What a person types into the address line comes from no page.
#[tokio::test]
async fn a_person_may_look_at_the_bridges_health() {
    let border = border().await;
    let typed = "Sec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\n";
    assert_eq!(border.bare_call("GET", "/health", typed, "").await.status, 200);
}
