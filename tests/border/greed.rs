//! One caller that wants everything: the others are served all the same.

use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use jiff::Timestamp;
use pos_bridge::domain::attempt::{Attempt, Kind, Phase};
use pos_bridge::domain::evidence::Order;
use pos_bridge::domain::identifiers::{
    AttemptReference, OperationId, ProviderTerminalId, Reference, StoreId, TerminalName, TillId,
};
use pos_bridge::domain::money::{Amount, Currency, Money};
use pos_bridge::domain::operation::{Operation, ProviderName};
use pos_bridge::http::Limits;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpSocket};
use tokio_util::sync::CancellationToken;
use ulid::Ulid;

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
    assert_eq!(border.send(request("GET", "/long", "", "")).await.code(), "overloaded", "the only place is taken");
    served_again(&border, &request("GET", "/long", "", "")).await;
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
    let third = border.send(&call).await;
    assert_eq!((third.status, third.code().as_str()), (429, "rate_limited"), "one too many is told so at once");
    assert_eq!((third.header("Retry-After"), third.header("Connection")), (Some("1"), Some("close")));

    let neighbour = TcpSocket::new_v4().unwrap();
    neighbour.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let mut neighbour = neighbour.connect(border.address).await.unwrap();
    for open in [&mut neighbour, &mut first] {
        open.write_all(call.as_bytes()).await.unwrap();
        assert_eq!(read_reply(open).await.status, 200);
    }

    drop((first, second));
    served_again(&border, &call).await;
}

/// A place that became free is given to whoever asks next.
async fn served_again(border: &Border, call: &str) {
    let again = async { while border.send(call).await.status != 200 {} };
    tokio::time::timeout(PATIENCE, again).await.expect("a closed connection gives its place back");
}

#[tokio::test]
async fn a_till_for_which_there_is_no_place_is_told_so_at_once_and_served_once_there_is() {
    let limits = Limits { connections: 2, header_read: PATIENCE, ..Limits::default() };
    let border = border_that_knows(pending(), limits).await;
    let mut waiting = border.connect().await;
    let call = |path: &str| request("GET", path, &format!("Host: {NAME}\r\nX-Api-Key: {KEY}\r\n"), "");
    waiting.write_all(call("/pay/R-1?wait=1").as_bytes()).await.unwrap();
    let idle = border.connect().await;
    for _ in 0..50 {
        let refused = border.send(call("/health")).await;
        assert_eq!((refused.status, refused.code().as_str()), (503, "overloaded"));
        assert_eq!((refused.header("Retry-After"), refused.header("Connection")), (Some("1"), Some("close")));
        assert_eq!(refused.json()["retry"], "same_reference");
    }
    assert_eq!(read_reply(&mut waiting).await.status, 202, "the one that waits goes on");
    drop(idle);
    served_again(&border, &call("/health")).await;
}

/// Half-sent bodies are held in memory, so there is a bound for all of them together.
#[tokio::test]
async fn bodies_that_are_arriving_have_one_budget() {
    let limits = Limits { bodies_bytes: 100_000, body_read: PATIENCE, ..Limits::default() };
    let border = border_with(limits, &[]).await;
    let head =
        |key: &str| format!("POST /pay HTTP/1.1\r\nHost: {NAME}\r\nX-Api-Key: {key}\r\nContent-Length: 50000\r\n\r\n");
    let mut half_sent = Vec::new();
    for _ in 0..2 {
        let mut stream = border.connect().await;
        stream.write_all((head(KEY) + &" ".repeat(49_999)).as_bytes()).await.unwrap();
        half_sent.push(stream);
    }
    let whole = |body: &str| request("POST", "/pay", &format!("Host: {NAME}\r\nX-Api-Key: {OTHER_KEY}\r\n"), body);
    let refused = async {
        loop {
            let reply = border.send(whole("{}  ")).await;
            if reply.code() == "overloaded" {
                return reply;
            }
        }
    };
    let refused = tokio::time::timeout(PATIENCE, refused).await.expect("there is a bound");
    assert_eq!((refused.status, refused.header("Connection")), (503, Some("close")));
    assert_eq!((refused.header("Retry-After"), &refused.json()["retry"]), (Some("1"), &"same_reference".into()));
    assert_eq!(border.send(head("wrong")).await.status, 401, "a stranger's body is not read");

    drop(half_sent);
    let served = async { while border.send(whole("{}  ")).await.code() == "overloaded" {} };
    tokio::time::timeout(PATIENCE, served).await.expect("what was let go of is free again");
}

/// Whoever has no place and says nothing takes nothing from those who are told, and is closed soon.
#[tokio::test]
async fn silent_callers_without_a_place_are_closed() {
    let border = border_with(Limits { connections: 1, ..Limits::default() }, &[]).await;
    let mut first = border.connect().await;
    let mut silent = Vec::new();
    for _ in 0..100 {
        silent.push(border.connect().await);
    }
    first.write_all(request("GET", "/health", &format!("Host: {NAME}\r\n"), "").as_bytes()).await.unwrap();
    assert_eq!(read_reply(&mut first).await.status, 200, "the open one goes on");
    for mut stream in silent {
        assert_eq!(read_to_close(&mut stream).await, "");
    }
}

#[tokio::test]
async fn a_till_with_too_many_waiting_calls_is_answered_at_once_with_what_is_known() {
    let border = border_that_knows(pending(), Limits { waiting_per_till: 2, ..Limits::default() }).await;
    let call = async || {
        let began = Instant::now();
        let reply = border.call("GET", "/pay/R-1?wait=1", "", "").await;
        assert_eq!((reply.status, reply.json()["status"].as_str()), (202, Some("pending")), "never a refusal");
        began.elapsed() >= Duration::from_secs(1)
    };
    for round in ["when all come at once", "when those have gone"] {
        let (first, second, third) = tokio::join!(call(), call(), call());
        assert_eq!([first, second, third].iter().filter(|waited| **waited).count(), 2, "{round}");
    }
}

/// A sale under way, as the journal has it.
pub(crate) fn pending() -> Operation {
    let now = Timestamp::UNIX_EPOCH;
    let (till, terminal) = (TillId::new("till-1").unwrap(), TerminalName::new("front").unwrap());
    let (store, number) = (StoreId::new("oslo").unwrap(), OperationId(Ulid::from_parts(1, 7)));
    let money = Money { amount: Amount::new(39_900).unwrap(), currency: Currency::from_code("NOK").unwrap() };
    let order = Order {
        reference: AttemptReference::new(Ulid::from_parts(1, 8)),
        money,
        terminal: ProviderTerminalId::new("T0292").unwrap(),
        may_grow: false,
    };
    let attempt = Attempt { phase: Phase::Sending, ..Attempt::first(number, Kind::Sale, order, now, now) };
    Operation {
        id: number,
        kind: Kind::Sale,
        till,
        reference: Reference::new("R-1").unwrap(),
        money,
        terminal,
        store,
        provider: ProviderName::Dintero,
        original: None,
        attempt,
        refunded: 0,
        simulated: true,
        told_at: None,
        acknowledged_at: None,
        created_at: now,
        updated_at: now,
    }
}
