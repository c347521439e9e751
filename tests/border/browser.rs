//! A web page in the till's browser cannot pay.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::support::*;

const SALE: &str = r#"{"reference":"R-1","amount":100}"#;

#[tokio::test]
async fn the_host_must_be_one_of_ours() {
    let border = border().await;
    let port = border.address.port();
    for host in [
        format!("127.0.0.1:{port}"),
        "127.0.0.1".into(),
        format!("localhost:{port}"),
        "LocalHost".into(),
        NAME.into(),
        format!("{NAME}:8080"),
    ] {
        let reply = border.send(request("GET", "/health", &format!("Host: {host}\r\n"), "")).await;
        assert_eq!(reply.status, 200, "{host}");
    }
    for host in [
        "evil.example".into(),
        format!("evil.example:{port}"),
        format!("{NAME}.evil.example"),
        format!("127.0.0.1.evil.example:{port}"),
        format!("localhost:{}", port ^ 1),
        "192.168.1.1".into(),
        format!("user@127.0.0.1:{port}@evil.example"),
        format!("evil.example@127.0.0.1:{port}"),
        String::new(),
    ] {
        let reply = border.send(request("GET", "/health", &format!("Host: {host}\r\n"), "")).await;
        assert_eq!((reply.status, reply.code().as_str()), (403, "forbidden"), "{host:?}");
    }
}

#[tokio::test]
async fn a_request_names_its_host_once() {
    let border = border().await;
    for headers in [String::new(), format!("Host: {NAME}\r\nHost: {NAME}\r\n")] {
        assert_eq!(border.send(request("GET", "/health", &headers, "")).await.status, 400, "{headers}");
    }
    let absolute = border.send(request("GET", "http://evil.example/health", &format!("Host: {NAME}\r\n"), "")).await;
    assert_eq!(absolute.status, 403);
}

#[tokio::test]
async fn a_foreign_origin_is_refused_before_anything_else() {
    let border = border().await;
    for origin in ["https://evil.example", "null", "http://till.example", "https://till.example.evil.example", ""] {
        for (method, path) in [("POST", "/pay"), ("GET", "/health"), ("GET", "/no-such-thing"), ("OPTIONS", "/pay")] {
            let reply = border.call(method, path, &format!("Origin: {origin}\r\n"), "").await;
            assert_eq!((reply.status, reply.code().as_str()), (403, "forbidden"), "{origin} {method} {path}");
            assert!(reply.header("Access-Control-Allow-Origin").is_none());
        }
    }
    let allowed = border.call("POST", "/pay", &format!("Origin: {PAGE}\r\n"), SALE).await;
    assert!(allowed.reached_the_engine());
    let both = border.call("POST", "/pay", &format!("Origin: {PAGE}\r\nOrigin: null\r\n"), SALE).await;
    assert_eq!(both.status, 403);
}

#[tokio::test]
async fn a_keyless_till_is_no_browser() {
    let border = border_with(Default::default(), &["keyless"]).await;
    let calls = [("POST", "/pay", SALE), ("GET", "/last", "")];
    // The second is what Java sends of itself.
    for headers in ["", "Accept: text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2\r\n"] {
        for (method, path, body) in calls {
            let reply = border.bare_call(method, path, headers, body).await;
            assert!(reply.reached_the_engine(), "{headers} {method}: {reply:?}");
        }
    }
    for mark in [
        &format!("Origin: {PAGE}"),
        "Referer: http://127.0.0.1/",
        "Cookie: a=b",
        "Sec-Fetch-Site: same-origin",
        "Sec-Fetch-Mode: no-cors",
        "sec-fetch-dest: empty",
        // Internet Explorer to 6, and 8.
        "Accept: image/gif, image/x-xbitmap, image/jpeg, image/pjpeg, */*",
        "Accept: image/jpeg, application/x-ms-application, image/gif, application/xaml+xml, image/pjpeg, */*",
    ] {
        for (method, path, body) in calls {
            let reply = border.bare_call(method, path, &format!("{mark}\r\n"), body).await;
            assert_eq!((reply.status, reply.code().as_str()), (403, "forbidden"), "{mark} {method}");
        }
    }
}

#[tokio::test]
async fn what_a_page_can_send_unasked_is_no_request() {
    let border = border_with(Default::default(), &["keyless"]).await;
    for content_type in ["text/plain", "multipart/form-data; boundary=x", "text/html"] {
        let reply = border.bare_call("POST", "/pay", &format!("Content-Type: {content_type}\r\n"), SALE).await;
        assert_eq!((reply.status, reply.code().as_str()), (415, "unsupported_media_type"), "{content_type}");
    }
}

#[tokio::test]
async fn the_bridges_own_page_may_call_with_a_key_and_only_with_one() {
    let border = border_with(Default::default(), &["keyless"]).await;
    let own = format!("Origin: http://{}\r\n", border.address);
    assert!(border.call("POST", "/pay", &own, SALE).await.reached_the_engine());
    let behind_tls = format!("Host: {NAME}\r\nX-Api-Key: {KEY}\r\nOrigin: https://{NAME}\r\n");
    assert!(border.send(request("POST", "/pay", &behind_tls, SALE)).await.reached_the_engine());
    let keyless = border.bare_call("POST", "/pay", &own, SALE).await;
    assert_eq!((keyless.status, keyless.code().as_str()), (403, "forbidden"));
    for origin in [
        format!("http://localhost:{}", border.address.port()),
        format!("http://{}", NAME),
        format!("http://127.0.0.1:{}", border.address.port() ^ 1),
        format!("ftp://{}", border.address),
        format!("http://{}.evil.example", border.address),
    ] {
        let reply = border.call("POST", "/pay", &format!("Origin: {origin}\r\n"), SALE).await;
        assert_eq!(reply.status, 403, "{origin}");
    }
    let rebound = format!("Host: evil.example\r\nX-Api-Key: {KEY}\r\nOrigin: http://evil.example\r\n");
    assert_eq!(border.send(request("POST", "/pay", &rebound, SALE)).await.status, 403);
}

#[tokio::test]
async fn the_contract_and_its_page_need_no_key_but_a_name_of_ours() {
    let border = border().await;
    for path in ["/openapi.json", "/docs"] {
        assert_eq!(border.bare_call("GET", path, "", "").await.status, 200, "{path}");
        assert_eq!(border.send(request("GET", path, "Host: evil.example\r\n", "")).await.status, 403, "{path}");
        assert_eq!(border.bare_call("GET", path, "Origin: https://evil.example\r\n", "").await.status, 403, "{path}");
    }
}

#[tokio::test]
async fn the_page_asks_nobody_else_and_its_browser_is_told_so() {
    let border = border().await;
    let page = border.bare_call("GET", "/docs", "", "").await;
    let policy = page.header("Content-Security-Policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; ") && policy.contains("connect-src 'self'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    for (element, directive) in [("style", "style-src"), ("script", "script-src")] {
        let inline = page.body.split_once(&format!("<{element}>")).unwrap().1;
        let inline = inline.split_once(&format!("</{element}>")).unwrap().0;
        let hash = STANDARD.encode(Sha256::digest(inline));
        assert!(policy.contains(&format!("{directive} 'sha256-{hash}'")), "{element}: {policy}");
    }
    for strange in ["src=\"", "style=\"", "@import", "url(", "onclick", "href=\"http"] {
        assert!(!page.body.contains(strange), "{strange}");
    }
    assert!(page.body.len() < 200_000, "{}", page.body.len());
}

#[tokio::test]
async fn a_pages_form_cannot_pay_however_it_is_sent() {
    let border = border_with(Default::default(), &["keyless"]).await;
    let marks = [
        "Origin: null",
        "Origin: https://evil.example",
        "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate",
        "Referer: https://evil.example/",
        // Browsers before Sec-Fetch, on a page that has them leave out the Referer.
        "Upgrade-Insecure-Requests: 1",
        "Accept: text/html, application/xhtml+xml, image/jxr, */*",
        "Accept: image/gif, image/x-xbitmap, image/jpeg, image/pjpeg, */*",
    ];
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let plain = "Content-Type: text/plain\r\n";
    for mark in marks {
        for (path, headers, body) in [
            ("/pay", form, "reference=R-1&amount=100"),
            ("/pay", plain, "reference=R-1&amount=100"),
            ("/pay", plain, SALE),
            ("/pay?reference=R-1&amount=100", form, ""),
            ("/pay?reference=R-1&amount=100", "", ""),
            ("/pay/R-1/cancel", form, ""),
            ("/pay/R-1/ack", plain, ""),
        ] {
            let headers = format!("{headers}Accept: application/json\r\n{mark}\r\n");
            let reply = border.bare_call("POST", path, &headers, body).await;
            assert_eq!((reply.status, reply.code().as_str()), (403, "forbidden"), "{mark} {path} {body}");
            if mark.starts_with("Origin") {
                let with_key = border.call("POST", path, &headers, body).await;
                assert_eq!((with_key.status, with_key.code().as_str()), (403, "forbidden"), "{mark} {path} {body}");
            }
        }
    }
    let till = border
        .bare_call("POST", "/pay", &format!("{form}Accept: application/json\r\n"), "reference=R-1&amount=1")
        .await;
    assert!(till.reached_the_engine(), "a till that sends a form is none of this: {till:?}");
}
