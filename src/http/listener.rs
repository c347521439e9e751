//! The accept loop. axum's own has no time limits: a half-sent request would stay open for ever.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use super::limits::Limits;
use super::shares::{Share, Shares};
use super::write_deadline::WriteDeadline;

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
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;
    /// The next connection.
    fn next(&self) -> impl Future<Output = io::Result<(Self::Stream, Peer)>> + Send;
}

impl Listener for TcpListener {
    type Stream = TcpStream;
    async fn next(&self) -> io::Result<(TcpStream, Peer)> {
        let (stream, remote) = self.accept().await?;
        stream.set_nodelay(true)?;
        let local = stream.local_addr()?;
        Ok((stream, Peer { remote: Some(remote), local: Some(local) }))
    }
}

impl Listener for UnixListener {
    type Stream = UnixStream;
    async fn next(&self) -> io::Result<(UnixStream, Peer)> {
        let (stream, _) = self.accept().await?;
        Ok((stream, Peer::default()))
    }
}

/// Serves a router until `shutdown`, then lets open requests finish within [`Limits::drain`].
pub async fn serve<L: Listener>(listener: L, router: Router, limits: Limits, shutdown: CancellationToken) {
    let slots = Slots::new(limits);
    let connections = TaskTracker::new();
    let cut = CancellationToken::new();
    while let Some((stream, peer, slot)) = next_connection(&listener, &slots, &shutdown).await {
        let (router, shutdown, cut) = (router.clone(), shutdown.clone(), cut.clone());
        connections.spawn(async move {
            let _slot = slot;
            tokio::select! {
                () = connection(stream, peer, router, limits, shutdown) => {}
                () = cut.cancelled() => {}
            }
        });
    }
    drop(listener);
    connections.close();
    if tokio::time::timeout(limits.drain, connections.wait()).await.is_err() {
        tracing::warn!(open = connections.len(), "connections were cut off while stopping");
        cut.cancel();
        connections.wait().await;
    }
}

/// The room for connections: in all, and from each address.
struct Slots {
    free: Arc<Semaphore>,
    taken: Shares<IpAddr>,
    per_address: usize,
}

/// A connection's place, until it is dropped.
struct Slot {
    _place: OwnedSemaphorePermit,
    /// A caller on the operator's socket has no address and no limit of its own.
    _share: Option<Share<IpAddr>>,
}

impl Slots {
    fn new(limits: Limits) -> Self {
        Self {
            free: Arc::new(Semaphore::new(limits.connections)),
            taken: Shares::default(),
            per_address: limits.connections_per_address,
        }
    }

    /// A caller's share of the room; an error when it has it all already.
    fn share(&self, peer: Peer) -> Result<Option<Share<IpAddr>>, IpAddr> {
        let Some(address) = peer.remote.map(|remote| remote.ip().to_canonical()) else { return Ok(None) };
        self.taken.take(address, self.per_address).map(Some).ok_or(address)
    }
}

/// The next connection, once there is room for it; `None` when it is time to stop.
async fn next_connection<L: Listener>(
    listener: &L,
    slots: &Slots,
    shutdown: &CancellationToken,
) -> Option<(L::Stream, Peer, Slot)> {
    let place = shutdown.run_until_cancelled(slots.free.clone().acquire_owned()).await?.ok()?;
    loop {
        match shutdown.run_until_cancelled(listener.next()).await? {
            Ok((stream, peer)) => match slots.share(peer) {
                Ok(share) => return Some((stream, peer, Slot { _place: place, _share: share })),
                Err(address) => tracing::debug!(%address, "has its share of the connections already; closed"),
            },
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

/// Serves one connection. It is not kept half open: a till that hangs up while it waits is noticed, so that its result
/// does not count as told.
async fn connection<S>(stream: S, peer: Peer, router: Router, limits: Limits, shutdown: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(peer);
        let router = router.clone();
        async move { router.oneshot(request).await as Result<_, Infallible> }
    });
    let stream = WriteDeadline::new(stream, limits.write_stall);
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.header_read)
            .max_header_size(limits.header_bytes)
            .max_headers(limits.headers)
            .title_case_headers(true)
            .serve_connection(TokioIo::new(stream), service)
    );
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
