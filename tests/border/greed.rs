//! One caller that wants everything: the others are served all the same.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use pos_bridge::http::Limits;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::support::*;

/// A listener with one long answer and one late one.
async fn long_and_late(limits: Limits) -> Border {
    let late = limits.write_stall * 2;
    let router = Router::new().route("/long", get(|| async { "x".repeat(1 << 20) })).route(
        "/late",
        get(move || async move {
            tokio::time::sleep(late).await;
            "at last"
        }),
    );
    start(TcpListener::bind("127.0.0.1:0").await.unwrap(), router, limits, CancellationToken::new())
}

#[tokio::test]
async fn whoever_never_reads_loses_its_place() {
    let border = long_and_late(Limits { connections: 1, ..short_limits() }).await;
    let mut greedy = border.connect().await;
    greedy.write_all(request("GET", "/long", "", "").repeat(32).as_bytes()).await.unwrap();
    assert_eq!(border.send(request("GET", "/long", "", "")).await.status, 200, "the only place was never given back");
}

#[tokio::test]
async fn whoever_waits_for_an_answer_keeps_its_place() {
    let limits = Limits { write_stall: Duration::from_millis(20), ..Limits::default() };
    let border = long_and_late(limits).await;
    assert_eq!(border.send(request("GET", "/late", "", "")).await.body, "at last");
}
