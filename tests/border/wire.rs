//! Slow, big, old, many and malformed: the connection itself.

use pos_bridge::http::Limits;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::support::*;

/// Far below what a till's own patience is, far above what a healthy border needs.
const AT_ONCE: Duration = Duration::from_secs(2);

#[tokio::test]
async fn a_half_sent_head_is_cut() {
    let border = border_with(short_limits(), &[]).await;
    let mut stream = border.connect().await;
    stream.write_all(b"POST /pay HTTP/1.1\r\nHost: 127").await.unwrap();
    assert_eq!(read_to_close(&mut stream).await, "");
}

#[tokio::test]
async fn a_silent_connection_is_cut() {
    let border = border_with(short_limits(), &[]).await;
    let mut stream = border.connect().await;
    assert_eq!(read_to_close(&mut stream).await, "");
}

#[tokio::test]
async fn a_half_sent_body_is_cut() {
    let border = border_with(short_limits(), &[]).await;
    let mut stream = border.connect().await;
    let head = format!("POST /pay HTTP/1.1\r\nHost: {NAME}\r\nX-Api-Key: {KEY}\r\nContent-Length: 100\r\n\r\n{{\"am");
    stream.write_all(head.as_bytes()).await.unwrap();
    let rest = read_to_close(&mut stream).await;
    assert!(rest.starts_with("HTTP/1.1 408 ") && rest.contains("request_timeout"), "{rest}");
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_by_its_announced_and_by_its_real_length() {
    let border = border().await;
    let limit = Limits::default().body_bytes;
    let head = format!("POST /pay HTTP/1.1\r\nHost: {NAME}\r\nX-Api-Key: {KEY}\r\n");
    let announced = border.send(format!("{head}Content-Length: {}\r\n\r\n", limit + 1)).await;
    assert_eq!((announced.status, announced.code().as_str()), (413, "payload_too_large"));
    let chunk = " ".repeat(limit + 1);
    let streamed = format!("{head}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{chunk}\r\n", chunk.len());
    let streamed = border.send(streamed).await;
    assert_eq!((streamed.status, streamed.code().as_str()), (413, "payload_too_large"));
    let full = format!("{}{}", r#"{"reference":"R-1","amount":1}"#, " ".repeat(limit - 30));
    assert!(border.call("POST", "/pay", "", &full).await.reached_the_engine());
}

#[tokio::test]
async fn a_chunked_body_is_understood() {
    let border = border().await;
    let body = r#"{"reference":"R-1","amount":1}"#;
    let head = format!("POST /pay HTTP/1.1\r\nHost: {NAME}\r\nX-Api-Key: {KEY}\r\nTransfer-Encoding: chunked\r\n\r\n");
    let chunked = format!("{head}{:x}\r\n{}\r\n{:x}\r\n{}\r\n0\r\n\r\n", 10, &body[..10], body.len() - 10, &body[10..]);
    assert!(border.send(chunked).await.reached_the_engine());
}

/// hyper takes the length away before anybody else sees it. RFC 9112, 6.1 allows to go by the chunks alone, and then
/// demands that the connection is closed, so that nothing can be smuggled behind them past a proxy.
#[tokio::test]
async fn of_two_lengths_for_one_body_the_chunks_count_and_nothing_follows_them() {
    let border = border().await;
    let body = r#"{"reference":"R-1","amount":1}"#;
    let chunks = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    let smuggled = format!("GET /health HTTP/1.1\r\nHost: {NAME}\r\n\r\n");
    for lengths in
        ["Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n"]
    {
        let head = format!("POST /pay HTTP/1.1\r\nHost: {NAME}\r\nX-Api-Key: {KEY}\r\n{lengths}\r\n");
        let mut stream = border.connect().await;
        stream.write_all(format!("{head}{chunks}{smuggled}").as_bytes()).await.unwrap();
        assert!(read_reply(&mut stream).await.reached_the_engine(), "{lengths}");
        assert_eq!(read_to_close(&mut stream).await, "", "{lengths}");
    }
}

/// A proxy that reads such a list otherwise would see another request behind this one.
#[tokio::test]
async fn a_body_is_chunked_and_nothing_else() {
    let border = border().await;
    for codings in [
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked, chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    ] {
        let head = format!("POST /pay HTTP/1.1\r\nHost: {NAME}\r\nX-Api-Key: {KEY}\r\n{codings}\r\n");
        let reply = border.send(format!("{head}1e\r\n{{\"reference\":\"R-1\",\"amount\":1}}\r\n0\r\n\r\n")).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "invalid_request"), "{codings}");
    }
}

#[tokio::test]
async fn a_payment_without_a_length_is_told_that_no_body_arrived() {
    let border = border().await;
    for version in ["1.0", "1.1"] {
        let head = format!("POST /pay HTTP/{version}\r\nHost: {NAME}\r\nX-Api-Key: {KEY}\r\n\r\n");
        let reply = border.send(format!("{head}{}", r#"{"reference":"R-1","amount":1}"#)).await;
        let detail = reply.json()["detail"].as_str().unwrap_or_default().to_owned();
        assert_eq!((reply.status, reply.code().as_str()), (400, "invalid_request"), "{detail}");
        assert!(detail.starts_with("body: ") && detail.contains("Content-Length"), "{version}: {detail}");
    }
}

#[tokio::test]
async fn oversized_and_malformed_heads_are_refused() {
    let border = border().await;
    let long = "x".repeat(Limits::default().header_bytes);
    let many = "X: y\r\n".repeat(Limits::default().headers + 1);
    for (bytes, status) in [
        (format!("GET /health HTTP/1.1\r\nHost: {NAME}\r\nX: {long}\r\n\r\n"), "HTTP/1.1 431 "),
        (format!("GET /health HTTP/1.1\r\nHost: {NAME}\r\n{many}\r\n"), "HTTP/1.1 431 "),
        ("no http\r\n\r\n".to_owned(), "HTTP/1.1 400 "),
        (format!("GET /health HTTP/1.1\r\nHost: {NAME}\r\nContent-Length: -1\r\n\r\n"), "HTTP/1.1 400 "),
    ] {
        let mut stream = border.connect().await;
        stream.write_all(bytes.as_bytes()).await.unwrap();
        let rest = read_to_close(&mut stream).await;
        assert!(rest.starts_with(status), "{status}: {rest}");
    }
}

#[tokio::test]
async fn a_thousand_idle_connections_do_not_stop_a_till() {
    allow_two_thousand_sockets();
    let border = border().await;
    let mut idle: Vec<TcpStream> = Vec::new();
    for number in 0..1000 {
        let mut stream = border.connect().await;
        if number % 2 == 0 {
            stream.write_all(b"POST /pay HTTP/1.1\r\n").await.unwrap();
        }
        idle.push(stream);
    }
    let started = Instant::now();
    assert!(border.call("GET", "/last", "", "").await.reached_the_engine());
    assert!(started.elapsed() < AT_ONCE, "{:?}", started.elapsed());
}

/// Both ends of every connection are in this process, and 1024 files is a common soft limit.
fn allow_two_thousand_sockets() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
}

#[tokio::test]
async fn http_1_0_needs_no_host_and_gets_a_length_and_a_close() {
    let border = border().await;
    let body = r#"{"reference":"R-1","amount":1}"#;
    let mut stream = border.connect().await;
    let old = format!("POST /pay HTTP/1.0\r\nX-Api-Key: {KEY}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(old.as_bytes()).await.unwrap();
    assert!(read_reply(&mut stream).await.reached_the_engine());
    assert_eq!(read_to_close(&mut stream).await, "");
    let foreign = border.send("GET /health HTTP/1.0\r\nHost: evil.example\r\n\r\n").await;
    assert_eq!(foreign.status, 403);
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let border = border().await;
    let mut stream = border.connect().await;
    let headers = format!("Host: {NAME}\r\n");
    stream.write_all(request("HEAD", "/health", &headers, "").as_bytes()).await.unwrap();
    let head = read_head(&mut stream).await;
    stream.write_all(request("GET", "/health", &headers, "").as_bytes()).await.unwrap();
    let get = read_reply(&mut stream).await;
    assert_eq!(head.status, 200);
    assert_eq!(head.header("Content-Length"), get.header("Content-Length"));
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let border = border().await;
    let mut stream = border.connect().await;
    let headers = format!("Host: {NAME}\r\n");
    let three = ["/health", "/no-such-thing", "/metrics"].map(|path| request("GET", path, &headers, "")).concat();
    stream.write_all(three.as_bytes()).await.unwrap();
    for status in [200, 404, 200] {
        assert_eq!(read_reply(&mut stream).await.status, status);
    }
}

#[tokio::test]
async fn a_stopping_listener_closes_idle_connections() {
    let border = border().await;
    let mut stream = border.connect().await;
    stream.write_all(request("GET", "/health", &format!("Host: {NAME}\r\n"), "").as_bytes()).await.unwrap();
    assert_eq!(read_reply(&mut stream).await.status, 200);
    drop(border);
    assert_eq!(read_to_close(&mut stream).await, "");
}
