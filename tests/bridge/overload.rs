//! A listener that is full, while a customer stands at the terminal.

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

    let mut crowd = Vec::new();
    eventually("the listener to be full", || {
        let address = till.address;
        let more = TcpStream::connect(address);
        let other = other.clone();
        let crowd = &mut crowd;
        crowd.push(tokio::spawn(more));
        async move {
            let answer = other.get("/last").await;
            (answer.status == 503).then_some(answer)
        }
    })
    .await;
    let refused = other.pay("R-2", 39900).await;
    assert_eq!((refused.status, refused.word()), (503, "overloaded"));
    assert_eq!((refused.header("retry-after"), &refused.body["retry"]), ("1", &json!("same_reference")));

    bridge.simulator.customer(1, "approve").await;
    assert_eq!(paying.await.unwrap().word(), "approved", "its result reaches its till");

    // The waiting ones: whoever joined holds a place too.
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
    let mut waiting = Vec::new();
    let mut refused = 0;
    while refused == 0 {
        let mut connection = TcpStream::connect(till.address).await.unwrap();
        connection.write_all(call.as_bytes()).await.unwrap();
        waiting.push(connection);
        refused = usize::from(till.get("/last").await.status == 503);
    }
    bridge.simulator.customer(1, "approve").await;
    let mut approved = 0;
    for mut connection in waiting {
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.unwrap();
        assert!(answer.contains("approved") || answer.contains("overloaded"), "{answer}");
        approved += usize::from(answer.contains("approved"));
    }
    assert_eq!(approved, CONNECTIONS);
}
