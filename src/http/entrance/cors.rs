//! What a web page of an allowed origin may send and read. Every other page was refused before, by the guard.
//!
//! No credentials: a browser sends a cookie or a stored password by itself, for any page; a till's key is put into the
//! request by the page. Browsers that still ask whether a page may call a private network are told yes; those that ask
//! the person instead (Local Network Access, Chrome 142 and later) want no header.

use std::time::Duration;

use axum::Router;
use axum::http::header::{
    ACCEPT, ACCEPT_LANGUAGE, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE,
};
use axum::http::{HeaderName, HeaderValue, Method};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::authentication::API_KEY;
use crate::http::api::asked::{IDEMPOTENCY_KEY, LAST_EVENT_ID, PREFER};

/// How long a browser may remember what it was told.
const MAX_AGE: Duration = Duration::from_secs(600);

/// Headers of requests: who, which one, how long, in which language, from where on.
const SENT: [HeaderName; 9] = [
    AUTHORIZATION,
    API_KEY,
    CONTENT_TYPE,
    ACCEPT,
    ACCEPT_LANGUAGE,
    CACHE_CONTROL,
    IDEMPOTENCY_KEY,
    PREFER,
    LAST_EVENT_ID,
];

/// Lets the pages of these origins call the router. Without any, nothing is added.
pub(in crate::http) fn let_in(router: Router, origins: &[String]) -> Router {
    if origins.is_empty() {
        return router;
    }
    let allowed: Vec<HeaderValue> = origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect();
    let layer = CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(move |origin, _| allowed.contains(origin)))
        .allow_methods([Method::GET, Method::POST])
        .allow_headers(SENT)
        .expose_headers([LOCATION, RETRY_AFTER, WWW_AUTHENTICATE])
        .allow_private_network(true)
        .max_age(MAX_AGE);
    router.layer(layer)
}
