//! The accept loop. axum's own has no time limits: a half-sent request would stay open for ever.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connection::{Connection, serve_connection};
use super::transport::Transport;
use crate::http::capacity::{Limits, Room, overload};

/// How long accepting rests after the system had no room for a connection.
const ACCEPT_REST: Duration = Duration::from_millis(50);

/// How long a connection is silent before its other side's machine is asked whether it still knows of it, and asked again.
const SIGN_OF_LIFE: Duration = Duration::from_secs(5);
/// How long a machine may acknowledge nothing, neither a sign of life nor an answer, until its connection is given up.
const SILENCE: Duration = Duration::from_secs(30);

/// The two ends of a connection, where they have addresses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Peer {
    /// Who called.
    pub remote: Option<SocketAddr>,
    /// What was called.
    pub local: Option<SocketAddr>,
}

/// Something that connections come in at.
pub trait Listener: Send + Sync + 'static {
    /// A connection.
    type Accepted: Accepted;
    /// The next connection.
    fn next(&self) -> impl Future<Output = io::Result<(Self::Accepted, Peer)>> + Send;
}

/// A connection that was accepted; where it is to be encrypted, its two sides have not spoken yet.
pub trait Accepted: Send + 'static {
    /// What requests come over.
    type Stream: Transport;
    /// Makes it ready for requests.
    fn open(self) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

impl Listener for TcpListener {
    type Accepted = TcpStream;
    async fn next(&self) -> io::Result<(TcpStream, Peer)> {
        let (stream, remote) = self.accept().await?;
        stream.set_nodelay(true)?;
        look_after(&stream)?;
        let local = stream.local_addr()?;
        Ok((stream, Peer { remote: Some(remote), local: Some(local) }))
    }
}

/// Finds out that the other side's machine lost its power, which says nothing on the connection: once it is up again it
/// answers with a reset, and until then with nothing.
fn look_after(stream: &TcpStream) -> io::Result<()> {
    let socket = SockRef::from(stream);
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(SIGN_OF_LIFE).with_interval(SIGN_OF_LIFE))?;
    // With it the kernel counts time, not questions.
    socket.set_tcp_user_timeout(Some(SILENCE))
}

impl Listener for UnixListener {
    type Accepted = UnixStream;
    async fn next(&self) -> io::Result<(UnixStream, Peer)> {
        let (stream, _) = self.accept().await?;
        Ok((stream, Peer::default()))
    }
}

impl Accepted for TcpStream {
    type Stream = Self;
    async fn open(self) -> io::Result<Self> {
        Ok(self)
    }
}

impl Accepted for UnixStream {
    type Stream = Self;
    async fn open(self) -> io::Result<Self> {
        Ok(self)
    }
}

/// Serves a router until `shutdown`, then lets open requests finish within [`Limits::drain`]. Other listeners may use the same
/// room.
pub async fn serve<L: Listener>(room: Room, listener: L, router: Router, limits: Limits, shutdown: CancellationToken) {
    let connections = TaskTracker::new();
    let cut = CancellationToken::new();
    while let Some((accepted, peer)) = next_connection(&listener, &shutdown).await {
        let (shutdown, cut) = (shutdown.clone(), cut.clone());
        match room.take(peer) {
            Ok(place) => {
                let connection = Connection { peer, router: router.clone(), limits, shutdown };
                // Boxed: what may be cut off from outside is held twice (docs/performance.md).
                let serving = Box::pin(serve_connection(accepted, connection));
                connections.spawn(async move {
                    let _place = place;
                    cut.run_until_cancelled(serving).await;
                });
            }
            Err(full) => {
                let Some(refusal) = overload::note(full, peer, &room) else { continue };
                connections.spawn(async move {
                    let _refusal = refusal;
                    cut.run_until_cancelled(overload::refuse(accepted, full, peer, shutdown)).await;
                });
            }
        }
    }
    drop(listener);
    connections.close();
    if tokio::time::timeout(limits.drain, connections.wait()).await.is_err() {
        tracing::warn!(open = connections.len(), "connections were cut off while stopping");
        cut.cancel();
        connections.wait().await;
    }
}

/// The next connection; `None` when it is time to stop.
async fn next_connection<L: Listener>(listener: &L, shutdown: &CancellationToken) -> Option<(L::Accepted, Peer)> {
    loop {
        match shutdown.run_until_cancelled(listener.next()).await? {
            Ok(connection) => return Some(connection),
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_REST).await;
            }
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, NotConnected};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | NotConnected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_connection_is_looked_after_while_it_is_silent() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let _till = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.next().await.unwrap();
        let socket = SockRef::from(&stream);
        assert!(socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), SIGN_OF_LIFE);
        assert_eq!(socket.tcp_keepalive_interval().unwrap(), SIGN_OF_LIFE);
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(SILENCE));
    }
}
