//! The providers' listener.

use std::sync::Arc;

use jiff::Timestamp;
use pos_bridge::domain::operation::ProviderName;
use pos_bridge::http::{CallbackApi, CallbackRoute, callback_router};
use pos_bridge::ports::{Callback, CallbackRequest, CallbackVerifier, NotGenuine, SystemClock};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::support::*;

/// Genuine is what carries the right signature.
struct Signature;

impl CallbackVerifier for Signature {
    fn verify(&self, request: &CallbackRequest, now: Timestamp) -> Result<Callback, NotGenuine> {
        let wanted = format!("{} {}?{} {}", request.method, request.path, request.query, request.body.len());
        if request.header("signature") != Some(&wanted) {
            return Err(NotGenuine("signature"));
        }
        let delivery = "1".to_owned();
        let query = request.query.clone();
        Ok(Callback { provider: ProviderName::Dintero, delivery, about: None, query, received_at: now })
    }
}

pub(crate) async fn callbacks() -> Border {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let api = CallbackApi {
        engine: engine(&[]),
        providers: vec![CallbackRoute {
            provider: ProviderName::Dintero,
            verifier: Arc::new(Signature),
            clock: Arc::new(SystemClock),
        }],
        limits: short_limits(),
    };
    start(listener, callback_router(api), short_limits(), CancellationToken::new())
}

#[tokio::test]
async fn a_genuine_callback_that_cannot_be_kept_is_asked_for_again() {
    let border = callbacks().await;
    let get = "Signature: GET /callbacks/dintero?merchant_reference=PB-1 0\r\n";
    let reply = border.bare_call("GET", "/callbacks/dintero?merchant_reference=PB-1", get, "").await;
    assert_eq!((reply.status, reply.body.as_str()), (503, ""));
    let post = "Signature: POST /callbacks/dintero? 2\r\n";
    assert_eq!(border.bare_call("POST", "/callbacks/dintero", post, "{}").await.status, 503);
}

#[tokio::test]
async fn anything_else_gets_an_empty_refusal() {
    let border = callbacks().await;
    for headers in ["", "Signature: wrong\r\n", "Signature: GET /callbacks/dintero?x 0\r\n"] {
        let reply = border.bare_call("GET", "/callbacks/dintero", headers, "").await;
        assert_eq!((reply.status, reply.body.as_str()), (401, ""));
    }
}

#[tokio::test]
async fn no_other_path_and_no_other_method_answers() {
    let border = callbacks().await;
    for (method, path) in [
        ("GET", "/"),
        ("GET", "/health"),
        ("POST", "/pay"),
        ("GET", "/callbacks"),
        ("POST", "/callbacks/dojo"),
        ("DELETE", "/callbacks/dintero"),
    ] {
        let reply = border.bare_call(method, path, "", "").await;
        assert_eq!((reply.status, reply.body.as_str()), (404, ""), "{method} {path}");
    }
}

#[tokio::test]
async fn a_long_or_slow_body_does_not_reach_the_verifier() {
    let border = callbacks().await;
    let head = format!("POST /callbacks/dintero HTTP/1.1\r\nHost: {}\r\n", border.address);
    assert_eq!(border.send(format!("{head}Content-Length: 65537\r\n\r\n")).await.status, 413);
    assert_eq!(border.send(format!("{head}Content-Length: 10\r\n\r\nslow")).await.status, 503);
}
