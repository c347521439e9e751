//! Notices when a result has reached the till, so that "the till knows" is never assumed.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::response::Response;
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use super::exchange::Exchange;

/// A whole body that leaves word with the connection that takes it. When the till has hung up, nobody takes it.
struct ToldBody<F> {
    bytes: Bytes,
    exchange: Exchange,
    told: Option<F>,
}

impl<F: FnOnce() + Send + Unpin + 'static> HttpBody for ToldBody<F> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let frame = self.told.take().map(|told| {
            self.exchange.when_told(told);
            Ok(Frame::data(std::mem::take(&mut self.bytes)))
        });
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.told.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(u64::try_from(self.bytes.len()).unwrap_or(u64::MAX))
    }
}

/// The response, after which `told` is called once the connection has given all of it to the till.
pub(super) async fn telling(
    response: Response,
    exchange: Exchange,
    told: impl FnOnce() + Send + Unpin + 'static,
) -> Response {
    let (head, body) = response.into_parts();
    match axum::body::to_bytes(body, usize::MAX).await {
        Ok(bytes) => Response::from_parts(head, Body::new(ToldBody { bytes, exchange, told: Some(told) })),
        Err(_) => Response::from_parts(head, Body::empty()),
    }
}

#[cfg(test)]
mod tests;
