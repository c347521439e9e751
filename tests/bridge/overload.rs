//! A listener that is full, while a customer stands at the terminal.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::support::{Answer, Bridge, Setup, Till, eventually};

const CONNECTIONS: usize = 6;

#[tokio::test]
async fn a_full_listener_never_touches_an_open_sale_and_serves_again_once_there_is_room() {
    let environment = vec![
        ("POS_BRIDGE__SERVER__CONNECTIONS_MAX", CONNECTIONS.to_string()),
        ("POS_BRIDGE__SERVER__CONNECTIONS_PER_ADDRESS_MAX", CONNECTIONS.to_string()),
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

    let (crowd, refused) = fill(&other, b"").await;
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
    let environment = vec![
        ("POS_BRIDGE__SERVER__CONNECTIONS_MAX", CONNECTIONS.to_string()),
        ("POS_BRIDGE__SERVER__CONNECTIONS_PER_ADDRESS_MAX", CONNECTIONS.to_string()),
    ];
    let bridge = Bridge::with(Setup { environment, ..Setup::default() }).await;
    bridge.simulator.terminal_mode(1, "manual").await;
    let till = bridge.till(1);
    till.begin("R-1", 39900).await;
    let call = format!("GET /pay/R-1?wait=20 HTTP/1.0\r\nX-Api-Key: {}\r\n\r\n", till.key);
    let (waiting, _) = fill(&till, call.as_bytes()).await;
    bridge.simulator.customer(1, "approve").await;
    let mut approved = 0;
    for mut connection in waiting {
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.unwrap();
        assert!(answer.contains("approved") || answer.contains("overloaded"), "{answer}");
        approved += usize::from(answer.contains("approved"));
    }
    // A place or two may still have been held by a connection that this test had closed just before.
    assert!(approved >= CONNECTIONS / 2, "{approved} of {CONNECTIONS}");
}

/// Opens connections and sends the same over each, until a till is told that there is no room; its answer is returned.
async fn fill(till: &Till, sent: &[u8]) -> (Vec<TcpStream>, Answer) {
    let mut crowd = Vec::new();
    loop {
        let answer = till.get("/last").await;
        if answer.status == 503 {
            return (crowd, answer);
        }
        assert!(crowd.len() < 1000, "the listener is never full");
        for _ in 0..CONNECTIONS {
            let mut connection = TcpStream::connect(till.address).await.unwrap();
            // Whoever was refused may be closed already.
            let _ = connection.write_all(sent).await;
            crowd.push(connection);
        }
    }
}
