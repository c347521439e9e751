//! Tells a caller for whom there is no place, at once and in words.

use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::HeaderValue;
use axum::http::header::CONNECTION;
use axum::response::Response;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use super::limits::Limits;
use super::room::{Full, Room};
use crate::http::connections::{Accepted, Peer};
use crate::http::connections::{Connection, serve_connection};
use crate::http::respond;
use crate::till::problem::{Code, Problem};

/// How long a caller without a place may take to ask and to take its answer.
const REFUSAL_TIME: Duration = Duration::from_secs(1);

/// What a caller is told while every place is taken.
pub(in crate::http) const NO_PLACE: &str = "too many connections are open; nothing was done, ask again in a moment";

/// Counts a caller without a place. Returns the room for telling it; without that it is closed.
pub(in crate::http) fn note(full: Full, peer: Peer, room: &Room) -> Option<OwnedSemaphorePermit> {
    metrics::counter!("pos_bridge_connections_refused_total", "reason" => full.word()).increment(1);
    tracing::debug!(remote = ?peer.remote, reason = full.word(), "there is no room for a connection");
    room.refusal()
}

/// Answers one request with the refusal, and closes.
pub(in crate::http) async fn refuse(accepted: impl Accepted, full: Full, peer: Peer, shutdown: CancellationToken) {
    let router = Router::new().fallback(move |request: Request| async move { refusal(full, &request) });
    let limits = Limits { header_read: REFUSAL_TIME, write_stall: REFUSAL_TIME, ..Limits::default() };
    let connection = Connection { peer, router, limits, shutdown };
    if tokio::time::timeout(REFUSAL_TIME, serve_connection(accepted, connection)).await.is_err() {
        tracing::debug!(remote = ?peer.remote, "a caller without a place did not take its refusal");
    }
}

fn refusal(full: Full, request: &Request) -> Response {
    let mut response = respond::refused(request.headers(), full.problem());
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

impl Full {
    const fn word(self) -> &'static str {
        match self {
            Self::Everywhere => "all",
            Self::ForThisAddress => "address",
        }
    }

    fn problem(self) -> Problem {
        match self {
            Self::Everywhere => Problem::new(Code::Overloaded, NO_PLACE),
            Self::ForThisAddress => {
                let detail = "this address has too many connections open; nothing was done, close some and ask again";
                Problem::new(Code::RateLimited, detail)
            }
        }
    }
}
