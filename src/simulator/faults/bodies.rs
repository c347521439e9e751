//! Answer bodies that break their promise.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Bytes;
use hyper::body::{Body, Frame};
use thiserror::Error;

#[derive(Debug, Error)]
#[error("the answer ends here on purpose")]
pub(crate) struct Cut;

/// Sends what it has, lets that reach the wire, and fails.
pub(crate) struct HalfBody {
    rest: Option<Bytes>,
    flushed: bool,
}

impl HalfBody {
    pub(crate) fn new(bytes: Bytes) -> Self {
        Self { rest: Some(bytes), flushed: false }
    }
}

impl Body for HalfBody {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        if let Some(bytes) = self.rest.take() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        if !self.flushed {
            self.flushed = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(Cut)))
    }
}

/// A JSON string that does not end for a long time.
pub(crate) struct EndlessBody {
    chunks_left: u32,
}

impl EndlessBody {
    const CHUNK: &'static [u8] = &[b'x'; 65_536];

    pub(crate) fn new() -> Self {
        Self { chunks_left: 4_096 }
    }
}

impl Body for EndlessBody {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(mut self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        if self.chunks_left == 0 {
            return Poll::Ready(None);
        }
        self.chunks_left -= 1;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(Self::CHUNK)))))
    }
}
