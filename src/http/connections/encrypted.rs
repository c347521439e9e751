//! The listener over TLS.

use std::io;
use std::sync::Arc;

use rustls::ServerConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::listener::{Accepted, Listener, Peer};
use super::transport::{Delivery, Transport};
use crate::till::problem::{Code, Problem};

/// What the first byte of a TLS connection says: a handshake (RFC 8446, 5.1).
const HANDSHAKE: u8 = 22;
/// More than the head of an honest request.
const PLAIN_HEAD: usize = 4096;

/// A listener whose connections are encrypted.
pub struct TlsListener {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl TlsListener {
    /// Encrypts what comes in at a listener.
    #[must_use]
    pub fn new(listener: TcpListener, config: Arc<ServerConfig>) -> Self {
        Self { listener, acceptor: TlsAcceptor::from(config) }
    }
}

/// A connection before its handshake.
pub struct Greeting {
    stream: TcpStream,
    acceptor: TlsAcceptor,
}

impl Listener for TlsListener {
    type Accepted = Greeting;
    async fn next(&self) -> io::Result<(Greeting, Peer)> {
        let (stream, peer) = self.listener.next().await?;
        Ok((Greeting { stream, acceptor: self.acceptor.clone() }, peer))
    }
}

impl Accepted for Greeting {
    type Stream = TlsStream<TcpStream>;
    async fn open(self) -> io::Result<TlsStream<TcpStream>> {
        let mut first = [0];
        let spoken = self.stream.peek(&mut first).await?;
        if spoken == 1 && first[0] != HANDSHAKE {
            refuse_in_plain(self.stream).await?;
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it was not encrypted"));
        }
        self.acceptor.accept(self.stream).await
    }
}

impl Transport for TlsStream<TcpStream> {
    fn delivery(&self) -> Delivery {
        self.get_ref().0.delivery()
    }
}

/// Tells a till that did not encrypt what to change. Its request is read first: closing over it would be a reset, which
/// takes the answer away.
async fn refuse_in_plain(mut stream: TcpStream) -> io::Result<()> {
    let detail = "this address is encrypted; begin it with https://";
    let problem = Problem::new(Code::InvalidRequest, detail);
    let body = serde_json::to_string(&problem).map_err(io::Error::other)?;
    let length = body.len();
    let _request = stream.read(&mut vec![0; PLAIN_HEAD]).await?;
    let answer = format!(
        "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: application/problem+json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}
