//! One connection, from its first byte to its last.

use std::convert::Infallible;
use std::pin::pin;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::exchange::Exchange;
use super::first_head::FirstHead;
use super::half_close::HalfClose;
use super::listener::{Accepted, Peer};
use super::transport::Transport;
use super::write_deadline::WriteDeadline;
use crate::http::capacity::Limits;

/// The smallest buffer that hyper takes. It has one for what it reads and one for what it writes; neither grows beyond the
/// longest head, whatever the other side sends.
const BUFFER_MIN: usize = 8192;

/// What is needed to serve a connection.
pub(in crate::http) struct Connection {
    pub(in crate::http) peer: Peer,
    pub(in crate::http) router: Router,
    pub(in crate::http) limits: Limits,
    pub(in crate::http) shutdown: CancellationToken,
}

/// Opens a connection within the time of a head, and answers what comes over it.
pub(in crate::http) async fn serve_connection(accepted: impl Accepted, connection: Connection) {
    match tokio::time::timeout(connection.limits.header_read, accepted.open()).await {
        Ok(Ok(stream)) => connection.answer(stream).await,
        Ok(Err(error)) => tracing::debug!(%error, remote = ?connection.peer.remote, "a connection was not opened"),
        Err(_) => tracing::debug!(remote = ?connection.peer.remote, "a connection was not opened in time"),
    }
}

impl Connection {
    async fn answer(self, stream: impl Transport) {
        let Self { peer, router, limits, shutdown } = self;
        let exchange = Exchange::default();
        let stream = HalfClose::new(WriteDeadline::new(stream, limits.write_stall), exchange.clone());
        let stream = FirstHead::new(stream, exchange.clone());
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let mut request = request.map(|body| exchange.begin(body));
            request.extensions_mut().insert(peer);
            request.extensions_mut().insert(exchange.clone());
            let router = router.clone();
            async move { router.oneshot(request).await as Result<_, Infallible> }
        });
        let mut connection = pin!(
            http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(limits.header_read)
                .max_header_size(limits.header_bytes)
                .max_buf_size(limits.header_bytes.max(BUFFER_MIN))
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
}
