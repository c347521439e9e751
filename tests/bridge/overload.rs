//! A listener that is full, while a customer stands at the terminal.

use std::net::SocketAddr;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::support::{Bridge, Setup, eventually};

const CONNECTIONS: usize = 6;

#[tokio::test]
async fn a_full_listener_never_touches_an_open_sale_and_serves_again_once_there_is_room() {
    let environment = vec![
        ("POS_BRIDGE__SERVER__CONNECTIONS_MAX", CONNECTIONS.to_string()),
        // Idle connections stay until this test lets them go.
        ("POS_BRIDGE__SERVER__ARRIVAL_SECONDS", "60".to_owned()),
    ];
    let bridge = Bridge::with(Setup { environment, ..Setup::default() }).await;
    bridge.simulator.terminal_mode(1, "manual").await;
    let (till, other) = (bridge.till(1), bridge.till(2));
    let paying = {
        let till = till.clone();
        tokio::spawn(async move { till.pay("R-1", 39900).await })
    };
    bridge.simulator.session().await;

    let crowd = fill(other.address, b"").await;
    let refused = other.pay("R-2", 39900).await;
    assert_eq!((refused.status, refused.word()), (503, "overloaded"));
    assert_eq!((refused.header("retry-after"), &refused.body["retry"]), ("1", &json!("same_reference")));

    bridge.simulator.customer(1, "approve").await;
    assert_eq!(paying.await.unwrap().word(), "approved", "its result reaches its till");

    drop(crowd);
    eventually("room", || async {
        let answer = other.pay("R-2", 39900).await;
        (answer.word() == "approved").then_some(())
    })
    .await;
    bridge.books_agree().await;
}

/// The listener is full of calls that wait for the very sale.
#[tokio::test]
async fn everyone_who_waits_for_a_sale_gets_its_result_from_a_full_listener() {
    let environment = vec![("POS_BRIDGE__SERVER__CONNECTIONS_MAX", CONNECTIONS.to_string())];
    let bridge = Bridge::with(Setup { environment, ..Setup::default() }).await;
    bridge.simulator.terminal_mode(1, "manual").await;
    let till = bridge.till(1);
    till.begin("R-1", 39900).await;
    let call = format!("GET /pay/R-1?wait=20 HTTP/1.0\r\nX-Api-Key: {}\r\n\r\n", till.key);
    let waiting = fill(till.address, call.as_bytes()).await;
    let refused = till.pay("R-2", 100).await;
    assert_eq!((refused.status, refused.word()), (503, "overloaded"));
    bridge.simulator.customer(1, "approve").await;
    let mut approved = 0;
    for mut connection in waiting {
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.unwrap();
        assert!(answer.contains("approved") || answer.contains("overloaded"), "{answer}");
        approved += usize::from(answer.contains("approved"));
    }
    assert_eq!(approved, CONNECTIONS, "everyone who had a place");
}

/// Opens connections and sends the same over each, until there is no room for one more.
async fn fill(address: SocketAddr, sent: &[u8]) -> Vec<TcpStream> {
    let mut crowd = Vec::new();
    while !is_full(address).await {
        let mut connection = TcpStream::connect(address).await.unwrap();
        connection.write_all(sent).await.unwrap();
        crowd.push(connection);
        assert!(crowd.len() < 100 * CONNECTIONS, "the listener is never full");
    }
    crowd
}

/// Whether a caller is told that there is no room. The bridge closes this connection before it answers the next.
async fn is_full(address: SocketAddr) -> bool {
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(b"GET /health HTTP/1.0\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    answer.contains("overloaded")
}
