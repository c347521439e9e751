//! One caller who wants the bridge to wait for him, again and again.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::configuration::key_of_till;

/// Between two bytes.
const DRIP: Duration = Duration::from_millis(300);
/// Before a caller who was cut off comes again.
const REST: Duration = Duration::from_millis(500);
const BIG: usize = 60_000;
/// Sells nothing.
const BROKEN_TILL: usize = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Says nothing.
    Silent,
    /// A header that does not end.
    SlowHead,
    /// A till whose body arrives byte by byte.
    SlowBody,
    /// A stranger's big body without its last byte.
    WithheldBody,
    /// Asks much and reads nothing.
    SlowReader,
}

impl Kind {
    pub(super) const ALL: [Self; 5] =
        [Self::Silent, Self::SlowHead, Self::SlowBody, Self::WithheldBody, Self::SlowReader];

    fn opening(self, host: SocketAddr) -> Vec<u8> {
        let head = |key: &str| {
            format!("POST /pay HTTP/1.1\r\nHost: {host}\r\nX-Api-Key: {key}\r\nContent-Length: {BIG}\r\n\r\n")
                .into_bytes()
        };
        match self {
            Self::Silent => Vec::new(),
            Self::SlowHead => format!("POST /pay HTTP/1.1\r\nHost: {host}\r\nX-Slow: ").into_bytes(),
            Self::SlowBody => head(&key_of_till(BROKEN_TILL)),
            Self::WithheldBody => [head("no till's key"), vec![b' '; BIG - 1]].concat(),
            Self::SlowReader => format!("GET /openapi.json HTTP/1.1\r\nHost: {host}\r\n\r\n").repeat(200).into_bytes(),
        }
    }

    /// Few are enough of those who ask much: each keeps the bridge at work.
    pub(super) fn of(number: usize) -> Self {
        if number.is_multiple_of(50) { Self::SlowReader } else { Self::ALL[number % 4] }
    }

    const fn drips(self) -> bool {
        matches!(self, Self::SlowHead | Self::SlowBody | Self::SlowReader)
    }
}

/// Comes from this address until it is stopped, and tells how long each connection lasted when the bridge has ended it.
pub(super) async fn pester(kind: Kind, from: Ipv4Addr, bridge: SocketAddr, ended: impl Fn(Duration)) {
    loop {
        if let Ok(stream) = connect(from, bridge, kind).await {
            let begun = Instant::now();
            hold(kind, stream, bridge).await;
            ended(begun.elapsed());
        }
        tokio::time::sleep(REST).await;
    }
}

async fn connect(from: Ipv4Addr, bridge: SocketAddr, kind: Kind) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    if kind == Kind::SlowReader {
        socket.set_recv_buffer_size(4096)?;
    }
    socket.bind((from, 0).into())?;
    socket.connect(bridge).await
}

/// Until the bridge has had enough.
async fn hold(kind: Kind, mut stream: TcpStream, bridge: SocketAddr) {
    let (mut reading, mut writing) = stream.split();
    let send = async {
        writing.write_all(&kind.opening(bridge)).await?;
        while kind.drips() {
            tokio::time::sleep(DRIP).await;
            writing.write_all(b"x").await?;
        }
        // What is cut off while nothing is sent shows when it is read.
        std::future::pending::<std::io::Result<()>>().await
    };
    let until_closed = async {
        if kind == Kind::SlowReader {
            return std::future::pending().await;
        }
        let mut answer = [0; 512];
        while matches!(reading.read(&mut answer).await, Ok(1..)) {}
    };
    tokio::select! {
        _ = send => {}
        () = until_closed => {}
    }
}
