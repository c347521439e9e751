//! The last resort: a panic stops one request and nothing else.

use std::panic::AssertUnwindSafe;

use axum::response::Response;
use futures_util::FutureExt;

use super::respond;
use crate::till::format::Format;
use crate::till::problem::{Code, Problem};

/// What is told of a panic.
pub(super) const MESSAGE: &str = "the bridge failed on this request; ask again with the same reference, and report it";

/// What answers a request; should it panic, the caller is told in this format. The panic itself is in the log.
pub(super) fn caught(
    format: Format,
    answering: impl Future<Output = Response> + Send,
) -> impl Future<Output = Response> + Send {
    AssertUnwindSafe(answering).catch_unwind().map(move |answered| answered.unwrap_or_else(|_| internal_error(format)))
}

fn internal_error(format: Format) -> Response {
    respond::problem(format, Problem::new(Code::InternalError, MESSAGE))
}

#[cfg(test)]
mod tests {
    use axum::http::header::{ACCEPT, CONTENT_TYPE};
    use axum::http::{HeaderMap, HeaderValue, StatusCode};

    use super::*;

    #[tokio::test]
    async fn a_panic_stops_one_request_and_is_told_in_its_dialect() {
        for (accept, content_type) in [
            ("*/*", "application/problem+json"),
            ("application/json", "application/problem+json"),
            ("text/plain", "text/plain; charset=utf-8"),
            ("text/xml;charset=ibm865", "application/problem+xml; charset=ibm865"),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
            let response = caught(respond::reply_format(&headers), async { panic!("a defect") }).await;
            assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
            assert_eq!(response.headers()[CONTENT_TYPE], content_type);
        }
    }
}
