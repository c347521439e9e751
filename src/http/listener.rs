//! The accept loop. axum's own has no time limits: a half-sent request would stay open for ever.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connection::{Connection, serve_connection};
use super::limits::Limits;
use super::overload;
use super::room::Room;
use super::transport::Transport;

/// How long accepting rests after the system had no room for a connection.
const ACCEPT_REST: Duration = Duration::from_millis(50);

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
        let local = stream.local_addr()?;
        Ok((stream, Peer { remote: Some(remote), local: Some(local) }))
    }
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
                // Kept apart: what may be cut off would hold its space twice.
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
