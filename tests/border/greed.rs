//! One caller that wants everything: the others are served all the same.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use pos_bridge::http::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket};
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

#[tokio::test]
async fn an_address_with_its_share_of_connections_is_closed_and_others_are_served() {
    let border = long_and_late(Limits { connections: 3, connections_per_address: 2, ..Limits::default() }).await;
    let call = request("GET", "/long", "", "");
    let (mut first, second) = (border.connect().await, border.connect().await);
    let mut third = border.connect().await;
    assert_eq!(read_to_close(&mut third).await, "", "one too many is closed without a word");

    let neighbour = TcpSocket::new_v4().unwrap();
    neighbour.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let mut neighbour = neighbour.connect(border.address).await.unwrap();
    for open in [&mut neighbour, &mut first] {
        open.write_all(call.as_bytes()).await.unwrap();
        assert_eq!(read_reply(open).await.status, 200);
    }

    drop((first, second));
    let again = async {
        loop {
            let mut stream = border.connect().await;
            if stream.write_all(call.as_bytes()).await.is_ok() && stream.read_u8().await.is_ok() {
                break;
            }
        }
    };
    tokio::time::timeout(PATIENCE, again).await.expect("a closed connection gives its place back");
}
