//! Reads a request's whole body before its handler runs: within a time, up to a size, and all of them within a budget.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::CONNECTION;
use axum::middleware::Next;
use axum::response::Response;
use http_body_util::BodyExt;
use hyper::body::Body as HttpBody;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::limits::Limits;
use crate::http::entrance::authentication::{self, Caller};
use crate::http::{language, respond};
use crate::till::problem::{Code, Problem};

/// What is told of a body that came too slowly.
pub(in crate::http) const TOO_SLOW: &str = "the body did not come in time; nothing was done";

/// The bodies that a listener takes.
#[derive(Debug, Clone)]
pub(in crate::http) struct Bodies {
    limits: Limits,
    /// The bytes that may still arrive, of all bodies together.
    free: Arc<Semaphore>,
}

/// Hands every request on with its whole body in memory.
pub(in crate::http) async fn read(State(bodies): State<Bodies>, request: Request, next: Next) -> Response {
    match bodies.read_whole(request).await {
        Ok(request) => next.run(request).await,
        Err(refusal) => refusal,
    }
}

impl Bodies {
    pub(in crate::http) fn new(limits: Limits) -> Self {
        Self { limits, free: Arc::new(Semaphore::new(limits.bodies_bytes)) }
    }

    /// The request with its whole body in memory, or its refusal.
    pub(in crate::http) async fn read_whole(&self, request: Request) -> Result<Request, Response> {
        let format = authentication::reply_format(&request);
        let language = match request.extensions().get::<Caller>() {
            Some(Caller(till)) => language::of_till(request.headers(), till),
            None => language::of_stranger(request.headers()),
        };
        let (head, body) = request.into_parts();
        match self.whole(body).await {
            Ok(bytes) => Ok(Request::from_parts(head, Body::from(bytes))),
            Err(problem) => {
                let mut response = respond::problem(format, problem.told_in(language));
                // What is left of the body is not read, so nothing can follow it.
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                Err(response)
            }
        }
    }

    /// A body as a whole.
    pub(in crate::http) async fn whole(&self, body: Body) -> Result<Bytes, Problem> {
        if body.size_hint().lower() > u64::try_from(self.limits.body_bytes).unwrap_or(u64::MAX) {
            return Err(self.too_large());
        }
        match tokio::time::timeout(self.limits.body_read, self.collected(body)).await {
            Ok(collected) => collected,
            Err(_) => Err(Problem::new(Code::RequestTimeout, TOO_SLOW)),
        }
    }

    /// The pieces are copied: each one would keep the buffer that it was read into.
    async fn collected(&self, mut body: Body) -> Result<Bytes, Problem> {
        let (mut collected, mut place) = (Vec::new(), None::<SemaphorePermit<'_>>);
        while let Some(frame) = body.frame().await {
            let ended = |_| Problem::new(Code::InvalidRequest, "body: ended before it was complete");
            let Ok(piece) = frame.map_err(ended)?.into_data() else { continue };
            if collected.len() + piece.len() > self.limits.body_bytes {
                return Err(self.too_large());
            }
            let bytes = u32::try_from(piece.len()).unwrap_or(u32::MAX);
            let more = self.free.try_acquire_many(bytes).map_err(|_| overloaded())?;
            match &mut place {
                Some(place) => place.merge(more),
                None => place = Some(more),
            }
            collected.extend_from_slice(&piece);
        }
        Ok(collected.into())
    }

    fn too_large(&self) -> Problem {
        Problem::new(Code::PayloadTooLarge, format!("send at most {} bytes", self.limits.body_bytes))
    }
}

fn overloaded() -> Problem {
    Problem::new(Code::Overloaded, "too many requests arrive at once; nothing was done, ask again in a moment")
}
