//! Whether the bridge lives and works, for supervisors and monitoring.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::http::{TillApi, respond};
use crate::till::dialect::Answer;
use crate::till::reply::{Health, Readiness};

/// Renders the metrics in Prometheus' text format.
pub type RenderMetrics = Arc<dyn Fn() -> String + Send + Sync>;

pub(in crate::http) fn routes(api: TillApi) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .with_state(api)
}

async fn health(headers: HeaderMap) -> Response {
    respond::ok(respond::reply_format(&headers), &Answer::Health(Health::default()))
}

async fn ready(State(api): State<TillApi>, headers: HeaderMap) -> Response {
    let reasons = api.engine.unready();
    let status = if reasons.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    respond::encoded(status, respond::reply_format(&headers), &Answer::Readiness(Readiness::new(reasons)))
}

async fn metrics(State(api): State<TillApi>) -> Response {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], (api.metrics)()).into_response()
}
