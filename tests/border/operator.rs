//! The operator's local socket.

use pos_bridge::http::{Limits, Room, operator_router, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;

use super::support::{engine, request};

#[tokio::test]
async fn an_operator_is_heard_on_a_unix_socket() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("operator.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let router = operator_router(engine(&[]), Limits::default());
    tokio::spawn(serve(Room::new(Limits::default()), listener, router, Limits::default(), CancellationToken::new()));
    let id = "01JD8X4S7R9M2E6K3T5V7W9Y1Z";
    let good = r#"{"verdict":"not_taken","by":"Kari","reason":"no receipt"}"#;
    for (method, address, body, status) in [
        ("GET", format!("/operations/{id}"), "", 503),
        ("GET", "/operations/R-1".into(), "", 400),
        ("POST", format!("/operations/{id}/resolve"), good, 503),
        ("POST", format!("/operations/{id}/resolve"), r#"{"verdict":"maybe"}"#, 400),
        ("GET", "/alarms".into(), "", 503),
        ("GET", "/pushes".into(), "", 503),
        ("POST", "/pushes/resend".into(), "{}", 503),
        ("POST", "/pushes/42/resend".into(), "{}", 503),
        ("POST", "/pushes/R-1/resend".into(), "{}", 400),
        ("POST", "/alarms/7/acknowledge".into(), r#"{"by":"Kari"}"#, 503),
        ("POST", "/alarms/7/acknowledge".into(), "{}", 400),
        ("POST", "/alarms/x/acknowledge".into(), r#"{"by":"Kari"}"#, 400),
        ("POST", "/pay".into(), "{}", 404),
        ("DELETE", "/alarms".into(), "", 405),
    ] {
        let mut stream = UnixStream::connect(&path).await.unwrap();
        let bytes = request(method, &address, "Host: localhost\r\nConnection: close\r\n", body);
        stream.write_all(bytes.as_bytes()).await.unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).await.unwrap();
        assert!(reply.starts_with(&format!("HTTP/1.1 {status} ")), "{method} {address}: {reply}");
    }
}
