//! A span, a log line and the metrics of every request.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use tracing::{Instrument, field};

use super::listener::Peer;
use super::respond::{OfTill, Refused};
use super::strangers::Strangers;
use super::{authentication, defects};

/// What stands for an address that is none of ours; the address itself may hold anything.
const NO_ROUTE: &str = "none";

/// Runs a request in its span and counts it. Every refusal is logged here, with who called and what it was told; those of
/// strangers up to a number. The log has the route and, once checked, the reference; never the raw address, which may hold
/// anything.
pub(super) async fn observe(State(strangers): State<Strangers>, request: Request, next: Next) -> Response {
    let method = method_name(request.method());
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let route = matched.as_ref().map_or(NO_ROUTE, MatchedPath::as_str).to_owned();
    let remote = request.extensions().get::<Peer>().and_then(|peer| peer.remote);
    let span = tracing::info_span!(
        "request", method, path = %route, till = field::Empty, claimed_till = field::Empty, reference = field::Empty
    );
    let started = Instant::now();
    let format = authentication::reply_format(&request);
    let response = defects::caught(format, next.run(request)).instrument(span.clone()).await;
    let address = remote.map(|remote| remote.ip());
    let status = response.status().as_u16();
    if !is_refused_stranger(&response) || address.is_none_or(|address| strangers.logs_refusal(address)) {
        if let Some(Refused { code, detail }) = response.extensions().get() {
            tracing::warn!(parent: &span, ?address, code, detail, "refused");
        }
        tracing::info!(parent: &span, status, duration_ms = started.elapsed().as_millis(), "answered");
    }
    metrics::counter!(
        "pos_bridge_http_requests_total", "route" => route.clone(), "method" => method, "status" => status.to_string()
    )
    .increment(1);
    metrics::histogram!("pos_bridge_http_request_seconds", "route" => route, "method" => method)
        .record(started.elapsed());
    response
}

fn is_refused_stranger(response: &Response) -> bool {
    let is_refused = response.status().is_client_error() || response.extensions().get::<Refused>().is_some();
    is_refused && response.extensions().get::<OfTill>().is_none()
}

/// Callers may invent methods; metrics may not.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::PATCH => "PATCH",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
