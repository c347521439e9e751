//! The last resort: a defect stops one request and nothing else.

use std::any::Any;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;

use super::{authentication, respond};
use crate::till::problem::{Code, Problem};

/// Stands in a response that a panic left behind.
#[derive(Debug, Clone, Copy)]
struct Defect;

/// The router, whose panics are answered as the caller understands. Where the till is known, its profile counts.
pub(super) fn caught<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    router.layer(CatchPanicLayer::custom(panicked)).layer(from_fn(answer))
}

/// The same for the routes of a router alone, inside what else is laid around them.
pub(super) fn caught_in_routes<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    router.route_layer(CatchPanicLayer::custom(panicked)).route_layer(from_fn(answer))
}

/// The panic itself is in the log. Here nobody knows the request any more.
#[allow(clippy::needless_pass_by_value, reason = "the shape that CatchPanicLayer calls")]
fn panicked(_: Box<dyn Any + Send>) -> Response {
    let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
    response.extensions_mut().insert(Defect);
    response
}

async fn answer(request: Request, next: Next) -> Response {
    let format = authentication::reply_format(&request);
    let response = next.run(request).await;
    if response.extensions().get::<Defect>().is_none() {
        return response;
    }
    let detail = "the bridge failed on this request; ask again with the same reference, and report it";
    respond::problem(format, Problem::new(Code::InternalError, detail))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::header::{ACCEPT, CONTENT_TYPE};
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn a_panic_stops_one_request_and_is_told_in_its_dialect() {
        async fn defect() -> StatusCode {
            panic!("a defect")
        }
        for router in
            [caught(Router::new().route("/", get(defect))), caught_in_routes(Router::new().route("/", get(defect)))]
        {
            for (accept, content_type) in [
                ("*/*", "application/problem+json"),
                ("application/json", "application/problem+json"),
                ("text/plain", "text/plain; charset=utf-8"),
                ("text/xml;charset=ibm865", "application/problem+xml; charset=ibm865"),
            ] {
                let request = Request::builder().header(ACCEPT, accept).body(Body::empty()).unwrap();
                let response = router.clone().oneshot(request).await.unwrap();
                assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
                assert_eq!(response.headers()[CONTENT_TYPE], content_type);
            }
        }
    }
}
