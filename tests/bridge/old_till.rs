//! A till that closes its side of the connection behind its request looks like one that hung up, and is not.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::support::{A_WHILE, Bridge, eventually};

#[tokio::test]
async fn a_till_that_closes_its_side_gets_its_result_and_counts_as_told() {
    let bridge = Bridge::start().await;
    let till = bridge.till(1);
    let answer = till.pay_half_closed("R-1", 990_100).await;
    assert!(answer.starts_with("HTTP/1.0 200 OK\r\n") && answer.contains(r#""status":"declined""#), "{answer}");
    // It knows of the decline, so the same reference is a new attempt.
    bridge.simulator.terminal_mode(1, "manual").await;
    eventually("the note that the till was told", || async {
        let again = till.begin("R-1", 990_100).await;
        (again.body["attempt"] == 2).then_some(())
    })
    .await;
    bridge.books_agree().await;
}

#[tokio::test]
async fn a_till_that_closes_both_sides_does_not_count_as_told() {
    let bridge = Bridge::start().await;
    bridge.simulator.terminal_mode(1, "manual").await;
    let till = bridge.till(1);
    till.pay_and_hang_up("R-1", 39900).await;
    bridge.simulator.customer(1, "decline").await;
    eventually("the decline", || async {
        let all = till.get("/operations").await.body;
        (all["operations"][0]["status"] == "declined").then_some(())
    })
    .await;
    // Longer than the answer that nobody took is in doubt.
    tokio::time::sleep(2 * A_WHILE).await;
    let again = till.pay("R-1", 39900).await;
    assert_eq!((again.word(), &again.body["replayed"]), ("declined", &true.into()));
}

/// Nothing of a stream is lost by an end, and whoever loads a page again and again would soon have all streams of its till.
#[tokio::test]
async fn a_stream_ends_at_once_with_the_side_of_the_till() {
    let bridge = Bridge::start().await;
    let till = bridge.till(1);
    // One more than a till may have.
    for _ in 0..9 {
        let mut stream = TcpStream::connect(till.address).await.unwrap();
        let call = format!("GET /events HTTP/1.0\r\nX-Api-Key: {}\r\n\r\n", till.key);
        stream.write_all(call.as_bytes()).await.unwrap();
        let mut head = [0; 15];
        stream.read_exact(&mut head).await.unwrap();
        assert_eq!(&head, b"HTTP/1.0 200 OK");
        stream.shutdown().await.unwrap();
        let end = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut Vec::new())).await;
        end.expect("before the next sign of life").unwrap();
    }
}
