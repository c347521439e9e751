//! Bytes to the bridge, and everything that it says to them.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Nothing more comes after so long.
const SILENCE: Duration = Duration::from_millis(50);
/// For the first word: longer than the bridge waits for the rest of a request.
const PATIENCE: Duration = Duration::from_secs(8);
const MOST: usize = 1 << 20;

/// The status of each answer, in order; none when the connection was closed without a word.
pub(super) async fn answers(bridge: SocketAddr, bytes: &[u8]) -> Vec<u16> {
    let mut stream = TcpStream::connect(bridge).await.unwrap();
    let (mut reading, mut writing) = stream.split();
    let send = async {
        // Whoever is refused by the head may be cut off in the body.
        let _ = writing.write_all(bytes).await;
        std::future::pending::<()>().await;
    };
    let hear = async {
        let mut heard = Vec::new();
        let mut piece = [0; 4096];
        while heard.len() < MOST {
            let patience = if heard.is_empty() { PATIENCE } else { SILENCE };
            match timeout(patience, reading.read(&mut piece)).await {
                Ok(Ok(count @ 1..)) => heard.extend_from_slice(&piece[..count]),
                _ => break,
            }
        }
        heard
    };
    tokio::select! {
        () = send => Vec::new(),
        heard = hear => statuses(&String::from_utf8_lossy(&heard)),
    }
}

fn statuses(heard: &str) -> Vec<u16> {
    let heads = heard.split("HTTP/1.").skip(1);
    // A refusal's text may speak of HTTP/1.1 too.
    heads.filter_map(|head| head.get(2..5)?.parse().ok()).collect()
}
