//! What a till may ask, and how it is told what is wrong.

use super::support::*;

#[tokio::test]
async fn good_requests_reach_the_engine() {
    let border = border().await;
    let table = [
        ("POST", "/pay", "", r#"{"reference":"R-1","amount":39900}"#),
        ("POST", "/pay?wait=1", "Content-Type: application/json\r\n", r#"{"reference":"R-1","amount":39900}"#),
        ("POST", "/pay", "Idempotency-Key: R-1\r\nPrefer: wait=1\r\n", r#"{"amount":39900,"wait":0}"#),
        ("POST", "/refund", "", r#"{"reference":"F-1","original_reference":"R-1"}"#),
        ("GET", "/pay/R-1", "", ""),
        ("GET", "/pay/Kasse%201%2FBon%2042?wait=1", "", ""),
        ("GET", "/refund/kvittering-%C3%A6", "", ""),
        ("POST", "/pay/R-1/cancel", "", ""),
        ("POST", "/refund/F-1/cancel", "", r#"{"wait":0}"#),
        ("POST", "/pay/R-1/ack", "", "{}"),
        ("POST", "/refund/F-1/ack", "", ""),
        ("GET", "/last", "", ""),
        ("GET", "/operations?open=true&limit=10", "", ""),
        ("GET", "/terminals", "", ""),
    ];
    for (method, path, headers, body) in table {
        let reply = border.call(method, path, headers, body).await;
        assert!(reply.reached_the_engine(), "{method} {path}: {reply:?}");
        assert_eq!(reply.header("Retry-After"), Some("1"));
        assert_eq!(reply.json()["retry"], "same_reference");
    }
}

#[tokio::test]
async fn bad_requests_are_refused_by_the_name_of_the_field() {
    let border = border().await;
    let sale = r#"{"reference":"R-1","amount":39900}"#;
    let table = [
        ("POST", "/pay", "", "", "body"),
        ("POST", "/refund", "", "", "body"),
        ("POST", "/pay", "Content-Length: 0\r\n", "", "amount"),
        ("POST", "/pay", "", "{}", "amount"),
        ("POST", "/pay", "", "[]", "body"),
        ("POST", "/pay", "", r#"{"amount":39900}"#, "reference"),
        ("POST", "/pay", "", r#"{"reference":"R-1","amount":399.00}"#, "amount"),
        ("POST", "/pay", "", r#"{"reference":"R-1","amount":1,"amount":999}"#, "amount"),
        ("POST", "/pay", "", r#"{"reference":"R-1","amount":1,"tip":1}"#, "tip"),
        ("POST", "/pay?wait=301", "", sale, "wait"),
        ("POST", "/pay?amount=1", "", sale, "amount"),
        ("POST", "/pay", "Prefer: wait=soon\r\n", sale, "Prefer: wait"),
        ("POST", "/pay", "Idempotency-Key: R-2\r\n", sale, "reference"),
        ("POST", "/pay", "Idempotency-Key: R-1\r\nIdempotency-Key: R-1\r\n", sale, "Idempotency-Key"),
        ("POST", "/refund", "", r#"{"reference":"F-1"}"#, "original_reference"),
        ("POST", "/pay/R-1/ack", "", r#"{"amount":1}"#, "amount"),
        ("POST", "/pay/R-1/ack?force=1", "", "", "force"),
        ("POST", "/pay/R-1/cancel", "", r#"{"wait":"now"}"#, "wait"),
        ("GET", "/pay/4111111111111111", "", "", "reference"),
        ("GET", "/pay/%20", "", "", "reference"),
        ("GET", "/pay/%0A", "", "", "reference"),
        ("GET", "/pay/%FF", "", "", "reference"),
        ("GET", "/operations?status=paid", "", "", "status"),
        ("GET", "/last?x=1", "", "", "x"),
    ];
    for (method, path, headers, body, field) in table {
        let reply = border.call(method, path, headers, body).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "invalid_request"), "{method} {path} {body}");
        assert_eq!(reply.header("Content-Type"), Some("application/problem+json"));
        let detail = reply.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.starts_with(&format!("{field}: ")), "{method} {path} {body}: {detail}");
        assert!(!detail.contains("4111111111111111"));
    }
}

/// An address takes these for steps in its path: `/pay/..` is `/`. Such a sale would never be found again.
#[tokio::test]
async fn references_that_are_steps_in_a_path_are_refused_in_the_body_and_in_the_address() {
    let border = border().await;
    for dots in [".", ".."] {
        let sale = format!(r#"{{"reference":"{dots}","amount":1}}"#);
        let refund = format!(r#"{{"reference":"{dots}","original_reference":"R-1"}}"#);
        for (path, body) in [("/pay", sale), ("/refund", refund)] {
            refused_for_its_reference(&border, "POST", path, &body).await;
        }
    }
    for dots in [".", "..", "%2e", "%2E%2E", "%2e.", ".%2E"] {
        for kind in ["pay", "refund"] {
            refused_for_its_reference(&border, "GET", &format!("/{kind}/{dots}"), "").await;
            refused_for_its_reference(&border, "POST", &format!("/{kind}/{dots}/cancel"), "").await;
            refused_for_its_reference(&border, "POST", &format!("/{kind}/{dots}/ack"), "").await;
        }
    }
}

async fn refused_for_its_reference(border: &Border, method: &str, path: &str, body: &str) {
    let reply = border.call(method, path, "", body).await;
    assert_eq!((reply.status, reply.code().as_str()), (400, "invalid_request"), "{method} {path} {body}");
    let detail = reply.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.starts_with("reference: must not be . or .."), "{method} {path} {body}: {detail}");
}

#[tokio::test]
async fn a_text_that_shows_as_another_one_is_refused_and_a_broken_rule_is_told_as_the_fields_own() {
    let border = border().await;
    let reference = "1 to 40 printable characters";
    let name = "1 to 64 letters, digits";
    let table = [
        (r#""reference":"R\u200b1""#, "reference", reference),
        (r#""reference":"R\u202e1""#, "reference", reference),
        (r#""reference":"""#, "reference", reference),
        (r#""reference":"R\n1""#, "reference", reference),
        (r#""reference":"R-1","terminal":"""#, "terminal", name),
        (r#""reference":"R-1","terminal":"a\u0000""#, "terminal", name),
        (r#""reference":"R-1","currency":"""#, "currency", "currency"),
        (r#""reference":"R-1","operator":"Ka\u2028ri""#, "operator", "1 to 64 printable"),
        (r#""reference":"R-1","description":"a\ufeff""#, "description", "1 to 255 printable"),
        (
            r#""reference":"R-1","items":[{"id":"1","line_id":"\u3164","amount":1}]"#,
            "items[0].line_id",
            "1 to 255 printable",
        ),
    ];
    for (fields, field, rule) in table {
        let reply = border.call("POST", "/pay", "", &format!("{{\"amount\":1,{fields}}}")).await;
        let detail = reply.json()["detail"].as_str().unwrap_or_default().to_owned();
        assert_eq!(reply.status, 400, "{fields}: {detail}");
        assert!(detail.starts_with(&format!("{field}: ")) && detail.contains(rule), "{fields}: {detail}");
        assert!(rule.contains("255") || !detail.contains("255"), "{fields}: {detail}");
    }
    let path = border.call("GET", "/pay/R%E2%80%8B1", "", "").await;
    assert_eq!(path.status, 400);
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let border = border().await;
    for path in ["/", "/pays", "/pay/R-1/undo", "/pay/a/b/c", "/callbacks/dintero", "/alarms", "/pay/"] {
        let reply = border.call("GET", path, "", "").await;
        assert_eq!((reply.status, reply.code().as_str()), (404, "not_found"), "{path}");
    }
}

#[tokio::test]
async fn nothing_changes_state_by_get() {
    let border = border().await;
    for (method, path, allow) in [
        ("GET", "/pay", "POST"),
        ("HEAD", "/pay", "POST"),
        ("PUT", "/pay", "POST"),
        ("GET", "/refund", "POST"),
        ("GET", "/pay/R-1/cancel", "POST"),
        ("GET", "/refund/F-1/ack", "POST"),
        ("DELETE", "/pay/R-1", "GET,HEAD"),
        ("POST", "/last", "GET,HEAD"),
        ("POST", "/health", "GET,HEAD"),
        ("BREW", "/pay", "POST"),
    ] {
        let mut stream = border.connect().await;
        let headers = format!("Host: {}\r\nX-Api-Key: {KEY}\r\n", border.address);
        tokio::io::AsyncWriteExt::write_all(&mut stream, request(method, path, &headers, "").as_bytes()).await.unwrap();
        let reply = if method == "HEAD" { read_head(&mut stream).await } else { read_reply(&mut stream).await };
        assert_eq!(reply.status, 405, "{method} {path}");
        assert_eq!(reply.header("Allow"), Some(allow), "{method} {path}");
        if method != "HEAD" {
            assert_eq!(reply.code(), "method_not_allowed");
        }
    }
}
