//! Notices when a result is handed to the till's connection, so that "the till knows" is never assumed.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::response::Response;
use hyper::body::{Body as HttpBody, Frame, SizeHint};

/// A whole body that calls back when the connection takes it. When the till has hung up, nobody takes it.
struct ToldBody<F> {
    bytes: Bytes,
    taken: Option<F>,
}

impl<F: FnOnce() + Unpin> HttpBody for ToldBody<F> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let frame = self.taken.take().map(|taken| {
            taken();
            Ok(Frame::data(std::mem::take(&mut self.bytes)))
        });
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.taken.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(u64::try_from(self.bytes.len()).unwrap_or(u64::MAX))
    }
}

/// The response, which calls `taken` when its body is handed to the connection.
pub(super) async fn telling(response: Response, taken: impl FnOnce() + Send + Unpin + 'static) -> Response {
    let (head, body) = response.into_parts();
    match axum::body::to_bytes(body, usize::MAX).await {
        Ok(bytes) => Response::from_parts(head, Body::new(ToldBody { bytes, taken: Some(taken) })),
        Err(_) => Response::from_parts(head, Body::empty()),
    }
}

#[cfg(test)]
mod tests;
