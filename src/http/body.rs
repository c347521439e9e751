//! Reads a request's whole body before its handler runs: within a time, up to a size.

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::CONNECTION;
use axum::middleware::Next;
use axum::response::Response;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body as HttpBody;

use super::authentication;
use super::limits::Limits;
use super::respond;
use crate::till::problem::{Code, Problem};

/// Hands a request on with its whole body in memory.
pub(super) async fn read_whole(State(limits): State<Limits>, request: Request, next: Next) -> Response {
    let format = authentication::reply_format(&request);
    let (head, body) = request.into_parts();
    match whole(body, limits).await {
        Ok(bytes) => next.run(Request::from_parts(head, Body::from(bytes))).await,
        Err(problem) => {
            let mut response = respond::problem(format, problem);
            // What is left of the body is not read, so nothing can follow it.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            response
        }
    }
}

/// A body as a whole.
pub(super) async fn whole(body: Body, limits: Limits) -> Result<Bytes, Problem> {
    let too_large = || Problem::new(Code::PayloadTooLarge, format!("send at most {} bytes", limits.body_bytes));
    if body.size_hint().lower() > u64::try_from(limits.body_bytes).unwrap_or(u64::MAX) {
        return Err(too_large());
    }
    match tokio::time::timeout(limits.body_read, Limited::new(body, limits.body_bytes).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(Problem::new(Code::InvalidRequest, "body: ended before it was complete")),
        Err(_) => Err(Problem::new(Code::RequestTimeout, "the body did not come in time; nothing was done")),
    }
}
