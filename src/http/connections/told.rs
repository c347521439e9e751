//! Notices when a result has reached the till, so that "the till knows" is never assumed.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::response::Response;
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use super::exchange::Exchange;

/// A body that leaves word with the connection that takes it. When the till has hung up, nobody takes it.
struct ToldBody<F> {
    body: Body,
    exchange: Exchange,
    told: Option<F>,
}

impl<F: FnOnce() + Send + Unpin + 'static> HttpBody for ToldBody<F> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if let Some(told) = self.told.take() {
            self.exchange.when_told(told);
        }
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.told.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The response, after which `told` is called once the connection has given all of it to the till.
pub(in crate::http) fn telling(
    response: Response,
    exchange: Exchange,
    told: impl FnOnce() + Send + Unpin + 'static,
) -> Response {
    response.map(|body| Body::new(ToldBody { body, exchange, told: Some(told) }))
}

#[cfg(test)]
mod tests;
