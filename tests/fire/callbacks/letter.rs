//! One callback as it goes over the wire, and the line that carries many.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::join_all;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(20);
/// The bridge does not read the rest.
const TOO_LONG: u16 = 413;
/// How many lines carry the copies of one letter, so that copies meet each other.
const LINES: usize = 5;

#[derive(Debug, Clone)]
pub(super) struct Letter {
    pub(super) method: &'static str,
    /// Path and query.
    pub(super) target: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
}

impl Letter {
    fn bytes(&self) -> Vec<u8> {
        let Self { method, target, headers, body } = self;
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let length = body.len();
        format!("{method} {target} HTTP/1.1\r\nhost: 127.0.0.1\r\n{headers}content-length: {length}\r\n\r\n{body}")
            .into()
    }
}

/// HMAC-SHA256, which both providers sign with.
pub(super) fn hmac(secret: &str, message: &[u8]) -> Vec<u8> {
    Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(message).finalize().into_bytes().to_vec()
}

/// A connection to the bridge's door for callbacks, made anew whenever it was closed.
pub(super) struct Line {
    door: SocketAddr,
    stream: Option<BufReader<TcpStream>>,
}

impl Line {
    pub(super) fn to(door: SocketAddr) -> Self {
        Self { door, stream: None }
    }

    /// The status of the answer; `None` when there was none.
    pub(super) async fn send(&mut self, letter: &Letter) -> Option<u16> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => BufReader::new(TcpStream::connect(self.door).await.ok()?),
        };
        // A letter that is too long is answered before all of it was taken.
        let _ = stream.get_mut().write_all(&letter.bytes()).await;
        let (status, stays) = timeout(PATIENCE, answer(&mut stream)).await.ok()??;
        self.stream = (stays && status != TOO_LONG).then_some(stream);
        Some(status)
    }
}

/// The status, and whether the connection stays.
async fn answer(stream: &mut BufReader<TcpStream>) -> Option<(u16, bool)> {
    let (mut status, mut length, mut stays) = (None, 0, true);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok().filter(|count| *count > 0)?;
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if status.is_none() {
            status = Some(line.split(' ').nth(1)?.parse().ok()?);
        } else if let Some(text) = line.strip_prefix("content-length:") {
            length = text.trim().parse().ok()?;
        } else if line.starts_with("connection:") {
            stays = !line.contains("close");
        }
    }
    stream.read_exact(&mut vec![0; length]).await.ok()?;
    Some((status?, stays))
}

/// How all copies of one letter were answered, when they come at the same time.
pub(super) async fn deliver(door: SocketAddr, letter: &Letter, copies: usize) -> Vec<Option<u16>> {
    let lines = (0..LINES.min(copies)).map(|number| async move {
        let mut line = Line::to(door);
        let mut answers = Vec::new();
        for _ in (number..copies).step_by(LINES) {
            answers.push(line.send(letter).await);
        }
        answers
    });
    join_all(lines).await.concat()
}
