//! A span, a log line and the metrics of every request.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use tracing::{Instrument, field};

use super::connections::Peer;
use super::entrance::Strangers;
use super::entrance::{authentication, guard};
use super::respond::{OfTill, Refused};
use super::{TillListenerSettings, panics, respond};
use crate::till::problem::Problem;

/// What stands for an address that is none of ours; the address itself may hold anything.
const NO_ROUTE: &str = "none";

/// What every request of a listener passes first. One layer for all of it: a till that waits keeps the space of every layer.
#[derive(Clone, Default)]
pub(super) struct Watch {
    strangers: Strangers,
    monitors: Strangers,
    against_pages: Option<Arc<TillListenerSettings>>,
}

impl Watch {
    /// The watch of a listener that web pages can reach.
    pub(super) fn against_pages(settings: Arc<TillListenerSettings>) -> Self {
        Self { against_pages: Some(settings), ..Self::default() }
    }

    fn check(&self, request: &Request) -> Result<(), Problem> {
        self.against_pages.as_ref().map_or(Ok(()), |settings| guard::check(settings, request))
    }

    /// What the tills' listener tells without a key (`/health`, `/ready`, `/metrics`, `/docs`). Whoever can reach it could
    /// fill the log with that; the metrics count it.
    fn tells_anybody(&self, response: &Response) -> bool {
        let extensions = response.extensions();
        self.against_pages.is_some() && extensions.get::<OfTill>().is_none() && extensions.get::<Refused>().is_none()
    }

    /// Whether an answer is logged by itself. A monitor that is told again and again that the bridge is not ready has a
    /// count of its own, so that it hides nobody who is refused.
    fn logs(&self, response: &Response, address: Option<IpAddr>) -> bool {
        match address {
            Some(address) if is_refused_stranger(response) && self.tells_anybody(response) => {
                self.monitors.logs(address, "more was told without a key than is logged one by one")
            }
            Some(address) if is_refused_stranger(response) => {
                self.strangers.logs(address, "more strangers were refused than are logged one by one")
            }
            _ => true,
        }
    }
}

/// Runs a request in its span and counts it. Every refusal is logged here, with who called and what it was told; those of
/// strangers up to a number. The log has the route and, once checked, the reference; never the raw address, which may hold
/// anything.
pub(super) async fn observe(State(watch): State<Watch>, request: Request, next: Next) -> Response {
    let method = method_name(request.method());
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let route = matched.as_ref().map_or(NO_ROUTE, MatchedPath::as_str).to_owned();
    let remote = request.extensions().get::<Peer>().and_then(|peer| peer.remote);
    let span = tracing::info_span!(
        "request", method, path = %route, till = field::Empty, claimed_till = field::Empty, reference = field::Empty
    );
    let started = Instant::now();
    let mut response = match watch.check(&request) {
        Ok(()) => {
            let format = authentication::reply_format(&request);
            panics::caught(format, next.run(request)).instrument(span.clone()).await
        }
        Err(problem) => respond::refused(request.headers(), problem),
    };
    // Old Windows tills ask through WinINet, which answers a repeated GET from its cache unless told not to.
    response.headers_mut().entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    let address = remote.map(|remote| remote.ip());
    let status = response.status().as_u16();
    if watch.logs(&response, address) {
        if let Some(Refused { code, detail }) = response.extensions().get() {
            tracing::warn!(parent: &span, ?address, code, detail, "refused");
        }
        let duration_ms = started.elapsed().as_millis();
        if watch.tells_anybody(&response) && response.status().is_success() {
            tracing::debug!(parent: &span, status, duration_ms, "answered");
        } else {
            tracing::info!(parent: &span, status, duration_ms, "answered");
        }
    }
    metrics::counter!(
        "pos_bridge_http_requests_total", "route" => route.clone(), "method" => method, "status" => status.to_string()
    )
    .increment(1);
    metrics::histogram!("pos_bridge_http_request_seconds", "route" => route, "method" => method)
        .record(started.elapsed());
    response
}

/// Whoever is no known till and did not get what it asked for, whatever the reason.
fn is_refused_stranger(response: &Response) -> bool {
    !response.status().is_success() && response.extensions().get::<OfTill>().is_none()
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

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::http::{HeaderMap, StatusCode};
    use axum::middleware::from_fn_with_state;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;
    use crate::till::problem::Code;

    #[test]
    fn what_a_known_till_is_refused_is_no_strangers_refusal() {
        let refused = respond::refused(&HeaderMap::new(), Problem::new(Code::Unauthorized, "no key"));
        assert!(is_refused_stranger(&refused));
        let mut of_till = refused;
        of_till.extensions_mut().insert(OfTill);
        assert!(!is_refused_stranger(&of_till));
        assert!(!is_refused_stranger(&Response::new(Body::empty())));
    }

    #[tokio::test]
    async fn a_panic_stops_one_request() {
        async fn defect() -> StatusCode {
            panic!("a defect")
        }
        let router = Router::new().route("/", get(defect)).layer(from_fn_with_state(Watch::default(), observe));
        let request = Request::builder().body(Body::empty()).unwrap();
        let response = router.oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }
}
