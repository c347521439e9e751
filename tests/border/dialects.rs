//! Every call and every error, in every dialect and code page.

use std::time::Duration;

use pos_bridge::domain::directory::{AmountFormat, Charset, Dialect, Language, Profile};
use pos_bridge::http::Limits;
use tokio::io::AsyncWriteExt;

use super::greed::pending;
use super::support::*;

const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";
const XML: &str = "Content-Type: application/xml\r\n";

/// What a till accepts, and what a refusal comes as.
const DIALECTS: [(&str, &str); 3] = [
    ("application/json", "application/problem+json"),
    ("text/plain", "text/plain"),
    ("application/xml", "application/problem+xml"),
];
const CHARSETS: [&str; 5] = ["utf-8", "iso-8859-1", "windows-1252", "ibm850", "ibm865"];

/// A sale with every kind of field, in each dialect.
fn sales() -> [(&'static str, &'static str); 3] {
    [
        (
            "application/json",
            r#"{"reference":"R-1","amount":39900,"wait":0,"metadata":{"shift":"2"},
                "items":[{"id":"a","line_id":"1","amount":40000},{"id":"b","line_id":"2","amount":-100}]}"#,
        ),
        (
            "application/x-www-form-urlencoded",
            "reference=R-1&amount=39900&wait=0&metadata.shift=2&items[0].id=a&items[0].line_id=1&items[0].amount=40000\
             &items%5B1%5D.id=b&items%5B1%5D.line_id=2&items%5B1%5D.amount=-100\r\n",
        ),
        (
            "application/xml",
            "<sale><reference>R-1</reference><amount>39900</amount><wait>0</wait><metadata><shift>2</shift></metadata>\
             <items><item><id>a</id><line_id>1</line_id><amount>40000</amount></item>\
             <item><id>b</id><line_id>2</line_id><amount>-100</amount></item></items></sale>",
        ),
    ]
}

#[tokio::test]
async fn a_sale_is_understood_and_answered_in_every_dialect_and_code_page() {
    let border = border().await;
    for (content_type, body) in sales() {
        for charset in CHARSETS {
            for (accept, problem) in DIALECTS {
                let headers = format!(
                    "Content-Type: {content_type}; charset={charset}\r\nAccept: {accept}; charset={charset}\r\n"
                );
                let reply = border.call("POST", "/pay", &headers, body).await;
                assert_eq!(reply.status, 503, "{headers}{reply:?}");
                assert_eq!(reply.field("retry"), "same_reference");
                let named = if (accept, charset) == ("application/json", "utf-8") {
                    ""
                } else {
                    &format!("; charset={charset}")
                };
                assert_eq!(reply.header("Content-Type"), Some(&*format!("{problem}{named}")));
            }
        }
    }
}

#[tokio::test]
async fn every_call_answers_in_every_dialect() {
    let border = border_for(Profile::default(), Some(pending()), Limits::default()).await;
    for (method, path, status) in [
        ("POST", "/pay", 503),
        ("POST", "/refund", 503),
        ("GET", "/pay/R-1", 202),
        ("GET", "/refund/R-1", 202),
        ("POST", "/pay/R-1/cancel", 503),
        ("POST", "/refund/R-1/cancel", 503),
        ("POST", "/pay/R-1/ack", 202),
        ("GET", "/last", 503),
        ("GET", "/operations", 503),
        ("GET", "/terminals", 503),
        ("GET", "/health", 200),
        ("GET", "/ready", 503),
    ] {
        for (accept, problem) in DIALECTS {
            let body = match path {
                "/pay" => "reference=R-1&amount=1",
                "/refund" => "reference=F-1&original_reference=R-1",
                _ => "",
            };
            let headers = format!("{}Accept: {accept}\r\n", if body.is_empty() { "" } else { FORM });
            let reply = border.call(method, path, &headers, body).await;
            assert_eq!(reply.status, status, "{method} {path} {reply:?}");
            let is_problem = status == 503 && path != "/ready";
            let expected = if is_problem { problem } else { accept };
            assert!(reply.header("Content-Type").unwrap().starts_with(expected), "{method} {path} {reply:?}");
            assert!(!reply.field(if is_problem { "code" } else { "status" }).is_empty());
        }
    }
}

#[tokio::test]
async fn every_refusal_of_the_border_is_told_in_every_dialect() {
    let border = border_for(Profile::default(), None, short_limits()).await;
    let host = format!("Host: {}\r\n", border.address);
    let key = format!("{host}X-Api-Key: {KEY}\r\n");
    let long = "x".repeat(Limits::default().body_bytes + 1);
    for (accept, problem) in DIALECTS {
        let accept = format!("Accept: {accept}\r\n");
        let ask = |method: &str, path: &str, headers: &str, body: &str| {
            request(method, path, &format!("{headers}{accept}"), body)
        };
        let half = format!("POST /pay HTTP/1.1\r\n{key}{accept}Content-Length: 100\r\n\r\nreference=");
        for (bytes, status, code) in [
            (ask("POST", "/pay", &key, "{}"), 400, "invalid_request"),
            (ask("POST", "/pay", &host, "{}"), 401, "unauthorized"),
            (ask("GET", "/health", "Host: evil.example\r\n", ""), 403, "forbidden"),
            (ask("POST", "/pay", &format!("{key}Origin: null\r\n{FORM}"), "amount=1"), 403, "forbidden"),
            (ask("GET", "/no-such-thing", &host, ""), 404, "not_found"),
            (ask("DELETE", "/pay", &key, ""), 405, "method_not_allowed"),
            (half, 408, "request_timeout"),
            (ask("POST", "/pay", &key, &long), 413, "payload_too_large"),
            (
                ask("POST", "/pay", &format!("{key}Content-Type: text/plain\r\n"), "amount=1"),
                415,
                "unsupported_media_type",
            ),
            (ask("POST", "/pay", &key, r#"{"reference":"R-1","amount":1}"#), 503, "storage_unavailable"),
        ] {
            let reply = border.send(bytes).await;
            let told = reply.field("code");
            let told = if told == "shutting_down" { "storage_unavailable" } else { &told };
            assert_eq!((reply.status, told), (status, code), "{accept}{reply:?}");
            assert_eq!(reply.field("type"), format!("urn:pos-bridge:problem:{}", reply.field("code")));
            assert!(reply.header("Content-Type").unwrap().starts_with(problem), "{reply:?}");
        }
    }
}

#[tokio::test]
async fn a_till_of_2006_needs_no_header_that_it_does_not_know() {
    let profile = Profile {
        dialect: Dialect::Form,
        charset: Charset::Ibm865,
        language: Language::Norwegian,
        ..Profile::default()
    };
    let border = border_for(profile, Some(pending()), Limits::default()).await;
    let head = format!("POST /pay HTTP/1.0\r\nX-Api-Key: {KEY}\r\n");
    let body = b"reference=R-1&amount=39900&description=Bl\x86b\x91r\r\n";
    let sent = [format!("{head}Content-Length: {}\r\n\r\n", body.len()).as_bytes(), body].concat();
    let reply = border.send(sent).await;
    assert_eq!((reply.status, reply.field("retry").as_str()), (503, "same_reference"), "{reply:?}");

    let state = border.send(format!("GET /pay/R-1 HTTP/1.0\r\nX-Api-Key: {KEY}\r\n\r\n")).await;
    assert_eq!(state.header("Content-Type"), Some("text/plain; charset=ibm865"));
    let message =
        b"\r\nstatus=pending\r\nfinal=false\r\nretry=same_reference\r\nmessage=F\x9blg terminalen\r\namount=39900\r\n";
    assert!(state.bytes.windows(message.len()).any(|window| window == message), "{state:?}");
    assert!(state.bytes.ends_with(b"\r\n"));
}

#[tokio::test]
async fn the_reply_is_as_the_caller_wishes_else_as_the_profile_says_else_as_the_request_came() {
    let modern = border_for(Profile::default(), Some(pending()), Limits::default()).await;
    let profile = Profile { dialect: Dialect::Xml, charset: Charset::Latin1, ..Profile::default() };
    let old = border_for(profile, Some(pending()), Limits::default()).await;
    for (border, headers, content_type) in [
        (&modern, "", "application/json"),
        (&modern, FORM, "text/plain; charset=utf-8"),
        (&modern, "Content-Type: text/xml; charset=cp850\r\n", "application/xml; charset=ibm850"),
        (&modern, "Accept: */*\r\n", "application/json"),
        (&modern, "Accept: text/plain\r\nAccept-Charset: windows-1252\r\n", "text/plain; charset=windows-1252"),
        (&modern, "Accept: application/json; charset=ibm865\r\n", "application/json; charset=ibm865"),
        (&old, "", "application/xml; charset=iso-8859-1"),
        (&old, FORM, "application/xml; charset=iso-8859-1"),
        (&old, "Accept: application/json\r\n", "application/json"),
    ] {
        let reply = border.call("GET", "/pay/R-1", headers, "").await;
        assert_eq!(reply.header("Content-Type"), Some(content_type), "{headers}");
    }
}

#[tokio::test]
async fn the_reply_follows_the_encoding_that_a_document_declares_where_nothing_else_says() {
    let modern = border_for(Profile::default(), None, Limits::default()).await;
    let old = border_for(Profile { charset: Charset::Latin1, ..Profile::default() }, None, Limits::default()).await;
    for (border, headers, encoding, content_type) in [
        (&modern, XML, "IBM850", "application/problem+xml; charset=ibm850"),
        (&modern, XML, "klingon", "application/problem+xml; charset=utf-8"),
        (&modern, "Content-Type: text/xml; charset=ibm865\r\n", "IBM850", "application/problem+xml; charset=ibm865"),
        (&modern, "Content-Type: text/xml\r\nAccept: application/json\r\n", "IBM850", "application/problem+json"),
        (
            &modern,
            "Content-Type: text/xml\r\nAccept-Charset: windows-1252\r\n",
            "IBM850",
            "application/problem+xml; charset=windows-1252",
        ),
        (&old, XML, "IBM850", "application/problem+xml; charset=iso-8859-1"),
    ] {
        let sale = "<sale><reference>R-1</reference><amount>1</amount></sale>";
        let document = format!("<?xml version=\"1.0\" encoding=\"{encoding}\"?>{sale}");
        let reply = border.call("POST", "/pay", headers, &document).await;
        assert_eq!(reply.header("Content-Type"), Some(content_type), "{headers}{encoding}");
    }
}

#[tokio::test]
async fn the_query_stands_in_for_a_body_that_a_till_cannot_send() {
    let border = border().await;
    for path in [
        "/pay?reference=R-1&amount=39900",
        "/pay?reference=Bl%C3%A5b%C3%A6r+1&amount=39900&wait=0&operator=Kari",
        "/refund?reference=F-1&original_reference=R-1&amount=100",
    ] {
        for headers in ["", "Content-Length: 0\r\n", FORM] {
            let reply = border.call("POST", path, &format!("{headers}Accept: application/json\r\n"), "").await;
            assert!(reply.reached_the_engine(), "{path} {reply:?}");
        }
    }
    for (method, path, body, status, field) in [
        ("POST", "/pay?reference=R-1&amount=39900", "amount=39900", 400, "reference"),
        ("POST", "/pay?wait=1&amount=39900", "reference=R-1", 400, "amount"),
        ("POST", "/pay?wait=1", "reference=R-1&amount=1", 503, ""),
        ("POST", "/pay?reference=R-1&amount=1.00", "", 400, "amount"),
        ("POST", "/pay?reference=R-1&amount=1&tip=1", "", 400, "tip"),
        ("POST", "/pay?reference=R-1&amount=1&amount=2", "", 400, "amount"),
        ("POST", "/pay?reference=R-1&amount=1&wait=301", "", 400, "wait"),
        ("POST", "/pay/R-1/ack?amount=1", "", 400, "amount"),
        ("POST", "/pay/R-1/cancel?amount=1", "", 400, "amount"),
        ("GET", "/pay/R-1?wiat=1", "", 400, "wiat"),
        ("POST", "/pay?reference=R-1&amount=1&operator=K%E5ri", "", 400, "operator"),
        ("GET", "/pay?reference=R-1&amount=1", "", 405, ""),
        ("GET", "/pay/R-1/cancel?wait=0", "", 405, ""),
    ] {
        let reply = border.call(method, path, &format!("{FORM}Accept: application/json\r\n"), body).await;
        assert_eq!(reply.status, status, "{method} {path} {reply:?}");
        assert!(
            status != 400 || reply.json()["detail"].as_str().unwrap().starts_with(&format!("{field}: ")),
            "{reply:?}"
        );
    }
}

#[tokio::test]
async fn a_question_needs_no_content_type_that_is_known() {
    let border = border_for(Profile::default(), Some(pending()), Limits::default()).await;
    let reply = border.call("GET", "/pay/R-1?wait=0", "Content-Type: text/plain\r\n", "").await;
    assert_eq!(reply.status, 202, "{reply:?}");
}

#[tokio::test]
async fn what_is_wrong_is_refused_by_the_name_of_the_field_in_every_dialect() {
    let border = border().await;
    for (content_type, body, place) in [
        ("application/x-www-form-urlencoded", &b"reference=R-1&amount=1&amount=2"[..], "amount"),
        ("application/x-www-form-urlencoded", b"reference=R-1&amount=1&tip=1", "tip"),
        ("application/x-www-form-urlencoded", b"reference=R-1&amount=", "amount"),
        (
            "application/x-www-form-urlencoded",
            b"reference=R-1&amount=5&items[0].id=a&items[0].line_id=1&items[0].amount=4",
            "items",
        ),
        (
            "application/x-www-form-urlencoded",
            b"reference=R-1&amount=5&items[0].id=a&items[0].amount=5",
            "items[0].line_id",
        ),
        ("application/x-www-form-urlencoded", b"reference=R-1&amount=5&operator=K%E5ri", "operator"),
        (
            "application/x-www-form-urlencoded; charset=windows-1252",
            b"reference=R-1&amount=5&operator=\x81",
            "operator",
        ),
        ("application/xml", b"<s><reference>R-1</reference><amount>1</amount><amount>1</amount></s>", "amount"),
        ("application/xml", b"<s><reference>R-1</reference><amount>1</amount><tip>1</tip></s>", "tip"),
        (
            "application/xml",
            b"<s><reference>R-1</reference><amount>5</amount><items><item><id>a</id></item></items></s>",
            "items[0].line_id",
        ),
        ("application/xml", b"<!DOCTYPE s [<!ENTITY a \"b\">]><s><reference>&a;</reference></s>", "body"),
        ("application/xml; charset=utf-8", b"<s><operator>K\xe5ri</operator></s>", "operator"),
        ("application/json", b"{\"reference\":\"R-1\",\"operator\":\"K\xe5ri\"}", "operator"),
    ] {
        for (accept, _) in DIALECTS {
            let head = format!(
                "POST /pay HTTP/1.1\r\nHost: {NAME}\r\nX-Api-Key: {KEY}\r\nAccept: {accept}\r\n\
                 Content-Type: {content_type}\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            let reply = border.send([head.as_bytes(), body].concat()).await;
            assert_eq!((reply.status, reply.field("code").as_str()), (400, "invalid_request"), "{reply:?}");
            assert!(reply.field("detail").starts_with(&format!("{place}: ")), "{place} {reply:?}");
        }
    }
}

#[tokio::test]
async fn a_till_writes_amounts_as_its_profile_says_wherever_there_is_one() {
    let profile = Profile { amounts: AmountFormat::GroupedDecimal, dialect: Dialect::Form, ..Profile::default() };
    let border = border_for(profile, None, Limits::default()).await;
    for (method, path, body, status) in [
        ("POST", "/pay", "reference=R-1&amount=1.234,50", 503),
        ("POST", "/pay", "reference=R-1&amount=1+234,50", 503),
        ("POST", "/pay", "reference=R-1&amount=1500&currency=JPY", 503),
        (
            "POST",
            "/pay",
            "reference=R-1&amount=1,50&items[0].id=a&items[0].line_id=1&items[0].amount=1.50&items[0].vat_amount=0,30",
            503,
        ),
        ("POST", "/refund", "reference=F-1&original_reference=R-1&amount=1%C2%A0234,50", 503),
        ("GET", "/operations?amount=399,00", "", 503),
        ("POST", "/pay", "reference=R-1&amount=1.234", 400),
        ("POST", "/pay", "reference=R-1&amount=39900", 400),
        ("POST", "/pay", "reference=R-1&amount=1,50&currency=JPY", 400),
        ("POST", "/refund", "reference=F-1&original_reference=R-1&amount=1,234", 400),
        ("GET", "/operations?amount=39900", "", 400),
    ] {
        let reply = border.call(method, path, "", body).await;
        assert_eq!(reply.status, status, "{method} {path} {body} {reply:?}");
        assert!(status != 400 || reply.field("detail").starts_with("amount: must be written as "), "{reply:?}");
    }
    let json = r#"{"reference":"R-1","amount":399.00}"#;
    let reply = border.call("POST", "/pay", "Content-Type: application/json\r\n", json).await;
    assert_eq!(reply.status, 503, "{reply:?}");
}

#[tokio::test]
async fn a_body_that_never_ends_is_refused_in_the_dialect_of_its_till() {
    let profile = Profile { dialect: Dialect::Form, ..Profile::default() };
    let border = border_for(profile, None, Limits { body_read: Duration::from_millis(100), ..Limits::default() }).await;
    let mut stream = border.connect().await;
    let head = format!("POST /pay HTTP/1.1\r\nHost: {NAME}\r\nX-Api-Key: {KEY}\r\nContent-Length: 100\r\n\r\nref");
    stream.write_all(head.as_bytes()).await.unwrap();
    let rest = read_to_close(&mut stream).await;
    assert!(rest.starts_with("HTTP/1.1 408 ") && rest.contains("\r\ncode=request_timeout\r\n"), "{rest}");
}

#[tokio::test]
async fn xml_is_written_as_one_document_with_the_fields_of_the_contract() {
    let border = border_for(Profile::default(), Some(pending()), Limits::default()).await;
    let reply = border.call("GET", "/pay/R-1", XML, "").await;
    let begin = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<reply><operation_id>";
    assert!(reply.body.starts_with(begin) && reply.body.ends_with("</updated_at></reply>\r\n"), "{}", reply.body);
    assert!(reply.body.contains("<status>pending</status><final>false</final><retry>same_reference</retry>"));
}
