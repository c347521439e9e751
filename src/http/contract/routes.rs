//! The contract over HTTP. No key is needed: it tells nothing about this shop.

use std::sync::LazyLock;

use axum::Router;
use axum::body::Bytes;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::document::document;
use super::page::{self, Page};

/// What is served: the same for as long as the program runs, made when it is first asked for.
struct Served {
    document: Bytes,
    page: Page,
}

static SERVED: LazyLock<Served> = LazyLock::new(|| {
    let document = document();
    Served { document: document.to_string().into(), page: page::render(&document) }
});

pub(in crate::http) fn routes() -> Router {
    Router::new().route("/openapi.json", get(contract)).route("/docs", get(docs))
}

async fn contract() -> Response {
    let headers =
        [(CONTENT_TYPE, "application/json"), (X_CONTENT_TYPE_OPTIONS, "nosniff"), (CACHE_CONTROL, "no-cache")];
    (headers, SERVED.document.clone()).into_response()
}

async fn docs() -> Response {
    let page = &SERVED.page;
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, page.policy.as_str()),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        // The page's own calls say where they come from; nobody else hears of it.
        (REFERRER_POLICY, "same-origin"),
        (CACHE_CONTROL, "no-cache"),
    ];
    (headers, page.html.clone()).into_response()
}
