//! HTTP as old tills speak it, byte for byte: what is sent, and all that comes back.

use std::time::Duration;

use pos_bridge::http::Limits;
use tokio::io::AsyncWriteExt;

use super::support::*;

const NOT_FOUND: &str = r#"{"type":"urn:pos-bridge:problem:not_found","title":"Not found","status":404,"detail":"there is nothing at this address","message":"Not found. Check the number","code":"not_found","retry":"never"}"#;
const NO_HTTP: &str = r#"{"type":"urn:pos-bridge:problem:invalid_request","title":"The request is not valid","status":400,"detail":"this is no HTTP request; send a line such as POST /pay HTTP/1.1, then the headers, then an empty line","message":"The till's request is not valid. Call the manager","code":"invalid_request","retry":"never"}"#;
const BARE_LINE_ENDS: &str = r#"{"type":"urn:pos-bridge:problem:invalid_request","title":"The request is not valid","status":400,"detail":"the lines of the head end with LF alone; end each with CR LF (\\r\\n)","message":"The till's request is not valid. Call the manager","code":"invalid_request","retry":"never"}"#;
/// The engine of these tests takes no payments: whoever reads this has passed the border.
const STARTING: &str = r#"{"type":"urn:pos-bridge:problem:shutting_down","title":"Starting or stopping","status":503,"detail":"the bridge is starting or stopping; ask again in a moment","message":"Payments are starting up. Wait a moment and try again","code":"shutting_down","retry":"same_reference"}"#;
const SALE: &str = r#"{"reference":"R-1","amount":1}"#;

const UNCACHED: &str = "Cache-Control: no-store\r\n";

/// An answer as it stands on the wire, without its date: first line, headers before and behind the length, body.
fn answer(first: &str, before: &str, after: &str, body: &str) -> String {
    let length = format!("Content-Length: {}\r\n", body.len());
    format!("{first}\r\n{before}Content-Type: application/problem+json\r\n{after}").replace("{length}", &length)
        + "\r\n"
        + body
}

fn not_found(version: &str, headers: &str) -> String {
    let after = format!("{UNCACHED}{{length}}{headers}");
    answer(&format!("HTTP/{version} 404 Not Found"), "", &after, NOT_FOUND)
}

fn starting(version: &str, headers: &str) -> String {
    let after = format!("Retry-After: 1\r\n{UNCACHED}{{length}}{headers}");
    answer(&format!("HTTP/{version} 503 Service Unavailable"), "", &after, STARTING)
}

fn refused(body: &str) -> String {
    answer("HTTP/1.1 400 Bad Request", "Connection: close\r\n", "{length}", body)
}

fn sale(version: &str, headers: &str) -> String {
    let length = SALE.len();
    format!("POST /pay HTTP/{version}\r\n{headers}X-Api-Key: {KEY}\r\nContent-Length: {length}\r\n\r\n{SALE}")
}

/// What a till sends, and all that it gets before the bridge closes the connection.
fn table() -> Vec<(&'static str, String, String)> {
    let get = |rest: &str| format!("GET /nothing {rest}\r\n\r\n");
    let host = format!("Host: {NAME}\r\n");
    let close = "Connection: close\r\n";
    let keep = "Connection: keep-alive\r\n";
    let absolute = format!("GET http://{NAME}/nothing HTTP/1.1\r\n{host}{close}\r\n");
    let head = |bytes: String, body: &str| bytes.strip_suffix(body).unwrap().to_owned();
    vec![
        ("1.0 without a Host", get("HTTP/1.0"), not_found("1.0", "")),
        ("1.0 that says it closes", get("HTTP/1.0\r\nConnection: close"), not_found("1.0", "")),
        ("1.1 that closes", get(format!("HTTP/1.1\r\n{host}{close}").trim_end()), not_found("1.1", close)),
        (
            "1.0 that keeps the connection for a second request",
            get("HTTP/1.0\r\nConnection: keep-alive") + &get("HTTP/1.0"),
            not_found("1.0", keep) + &not_found("1.0", ""),
        ),
        ("an absolute target", absolute, not_found("1.1", close)),
        ("an empty line in front", format!("\r\n{}", get("HTTP/1.0")), not_found("1.0", "")),
        ("what may be compressed", get("HTTP/1.0\r\nAccept-Encoding: gzip, deflate"), not_found("1.0", "")),
        ("no body wanted", get("HTTP/1.0").replace("GET", "HEAD"), head(not_found("1.0", ""), NOT_FOUND)),
        ("a sale at 1.0 without Host and Content-Type", sale("1.0", ""), starting("1.0", "")),
        (
            "a sale that asks before it sends its body",
            sale("1.1", &format!("{host}{close}Expect: 100-continue\r\n")),
            format!("HTTP/1.1 100 Continue\r\n\r\n{}", starting("1.1", close)),
        ),
        ("the same at 1.0, which knows no 100", sale("1.0", "Expect: 100-continue\r\n"), starting("1.0", "")),
        ("lines that end with LF", "GET /nothing HTTP/1.0\n\n".into(), refused(BARE_LINE_ENDS)),
        ("one line that ends with LF", get("HTTP/1.0\r\nX: y\nZ: z"), refused(BARE_LINE_ENDS)),
        ("a sale with lines that end with LF", sale("1.0", "").replace("\r\n", "\n"), refused(BARE_LINE_ENDS)),
        ("HTTP/0.9", "GET /nothing\r\n\r\n".into(), refused(NO_HTTP)),
        ("HTTP/2.0", get("HTTP/2.0"), refused(NO_HTTP)),
        ("no HTTP", "STX;39900;ETX\r\n".into(), refused(NO_HTTP)),
        (
            "too many headers",
            get(&format!("HTTP/1.0\r\n{}", "X: y\r\n".repeat(Limits::default().headers + 1))),
            "HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".into(),
        ),
    ]
}

#[tokio::test]
async fn every_request_gets_exactly_its_answer() {
    let border = border_without_pages().await;
    for (name, sent, expected) in table() {
        let mut stream = border.connect().await;
        stream.write_all(sent.as_bytes()).await.unwrap();
        assert_eq!(without_dates(&read_to_close(&mut stream).await), expected, "{name}: {sent:?}");
    }
}

/// As `nc -N` does, and tills that take a connection for a pipe.
#[tokio::test]
async fn a_till_that_closes_its_side_behind_its_request_gets_the_same_answer() {
    let border = border_without_pages().await;
    for (name, sent, expected) in table() {
        let mut stream = border.connect().await;
        stream.write_all(sent.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        assert_eq!(without_dates(&read_to_close(&mut stream).await), expected, "{name}: {sent:?}");
    }
}

#[tokio::test]
async fn a_till_that_closes_its_side_in_the_middle_of_its_request_is_not_answered_as_if_it_were_whole() {
    let border = border_without_pages().await;
    let sale = sale("1.0", "");
    for cut in [5, sale.len() - SALE.len(), sale.len() - 1] {
        let mut stream = border.connect().await;
        stream.write_all(&sale.as_bytes()[..cut]).await.unwrap();
        stream.shutdown().await.unwrap();
        let answer = read_to_close(&mut stream).await;
        assert!(!answer.contains("shutting_down"), "{cut}: {answer}");
    }
}

/// Refused before anybody read the body.
#[tokio::test]
async fn a_till_that_closes_its_side_reads_why_it_is_refused() {
    let border = border_without_pages().await;
    let sale = sale("1.0", "");
    for (sent, status) in [
        (sale.replace(KEY, "no key"), "401"),
        (sale.replace("/pay", "/nothing"), "404"),
        (sale.replace("POST", "PUT"), "405"),
        (sale.replace("\r\nX-Api-Key", "\r\nOrigin: https://evil.example\r\nX-Api-Key"), "403"),
        (sale.replace(SALE, &"x".repeat(30)), "400"),
    ] {
        let mut stream = border.connect().await;
        stream.write_all(sent.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let answer = read_to_close(&mut stream).await;
        assert!(answer.starts_with(&format!("HTTP/1.0 {status} ")) && answer.contains("\"retry\""), "{sent}: {answer}");
    }
}

/// A bridge that closes over what still comes answers that with a reset, at which Windows throws away what it has received: the
/// till would never read why.
#[tokio::test]
async fn a_till_that_is_refused_before_it_has_sent_its_body_reads_why() {
    let rare = border_with(Limits { requests_per_minute_per_address: Some(2), ..Limits::default() }, &[]).await;
    let full = border_with(Limits { connections: 0, ..Limits::default() }, &[]).await;
    let long = 100_000;
    for (border, path, key, length, status) in [
        (&rare, "/nothing", KEY, 30, "404"),
        (&rare, "/pay", "no key", 30, "401"),
        (&rare, "/pay", KEY, long, "413"),
        (&rare, "/pay", KEY, 30, "429"),
        (&full, "/pay", KEY, 30, "503"),
    ] {
        let head =
            format!("POST {path} HTTP/1.1\r\nHost: {NAME}\r\nX-Api-Key: {key}\r\nContent-Length: {length}\r\n\r\n");
        let mut stream = border.connect().await;
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.readable().await.unwrap();
        for piece in [length / 2, length - length / 2] {
            stream.write_all(&vec![b'x'; piece]).await.expect(status);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(stream.take_error().unwrap().is_none(), "{status}: a reset came");
        let answer = read_to_close(&mut stream).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")) && answer.contains("\"retry\""),
            "{status}: {answer}"
        );
    }
}

#[tokio::test]
async fn a_body_may_hold_line_ends_of_every_kind() {
    let border = border_without_pages().await;
    let body = SALE.replace(',', ",\n\r\r\n");
    let sale = sale("1.0", "").replace(SALE, &body).replace("Length: 30", &format!("Length: {}", body.len()));
    let mut stream = border.connect().await;
    stream.write_all(sale.as_bytes()).await.unwrap();
    assert_eq!(without_dates(&read_to_close(&mut stream).await), starting("1.0", ""));
}

/// The date is the only part of an answer that nobody can know before; it must be there.
fn without_dates(answers: &str) -> String {
    let lines = answers.split_inclusive("\r\n");
    let (dates, rest): (Vec<&str>, Vec<&str>) = lines.partition(|line| line.starts_with("Date: "));
    assert!(!dates.is_empty() && dates.iter().all(|date| date.ends_with(" GMT\r\n")), "{answers}");
    rest.concat()
}
