//! Where a connection is with its request: known to the stream, to the request's body and to the answer.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use tokio_util::sync::CancellationToken;

/// What to do once an answer has reached the till.
type Notice = Box<dyn FnOnce() + Send>;

/// One connection's state.
#[derive(Clone, Default)]
pub(super) struct Exchange {
    state: Arc<Mutex<State>>,
    ended: CancellationToken,
}

#[derive(Default)]
struct State {
    understood: bool,
    stage: Stage,
    notices: Vec<Notice>,
}

/// How far a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Stage {
    /// Its head has not come, or not all of it.
    #[default]
    Head,
    /// Its body is coming.
    Body,
    /// All of it came, and nothing was answered yet.
    Waiting,
    /// Its answer is being written.
    Answering,
}

impl Exchange {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request's head was understood. Returns its body, which tells when it is complete.
    pub(super) fn begin(&self, body: Incoming) -> Body {
        let mut state = self.state();
        state.understood = true;
        if body.is_end_stream() {
            state.stage = Stage::Waiting;
            return Body::empty();
        }
        state.stage = Stage::Body;
        Body::new(Arriving { body, exchange: self.clone() })
    }

    /// The other side sends nothing more: it has hung up, or only closed its side behind the request.
    pub(super) fn end(&self) {
        self.ended.cancel();
    }

    /// Cancelled once the other side sends nothing more.
    pub(super) fn ended(&self) -> CancellationToken {
        self.ended.clone()
    }

    /// Whether any request of this connection was understood.
    pub(super) fn was_understood(&self) -> bool {
        self.state().understood
    }

    pub(super) fn stage(&self) -> Stage {
        self.state().stage
    }

    /// Bytes of the answer were written.
    pub(super) fn wrote(&self) {
        self.move_on(Stage::Waiting, Stage::Answering);
    }

    /// Everything there was to write was written. Whether that was an answer.
    pub(super) fn flushed(&self) -> bool {
        self.move_on(Stage::Answering, Stage::Head)
    }

    fn move_on(&self, from: Stage, to: Stage) -> bool {
        let mut state = self.state();
        let moves = state.stage == from;
        if moves {
            state.stage = to;
        }
        moves
    }

    /// Has something done once what is being answered has reached the till.
    pub(super) fn when_told(&self, notice: impl FnOnce() + Send + 'static) {
        self.state().notices.push(Box::new(notice));
    }

    /// Whether somebody wants to know that the answer has reached the till.
    pub(super) fn is_awaited(&self) -> bool {
        !self.state().notices.is_empty()
    }

    /// The answer has reached the till.
    pub(super) fn told(&self) {
        let notices = std::mem::take(&mut self.state().notices);
        notices.into_iter().for_each(|notice| notice());
    }

    /// The answer has not reached the till.
    pub(super) fn not_told(&self) {
        self.state().notices.clear();
    }
}

/// A request's body, which notes when all of it came.
struct Arriving {
    body: Incoming,
    exchange: Exchange,
}

impl HttpBody for Arriving {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if frame.is_none() || self.body.is_end_stream() {
            self.exchange.move_on(Stage::Body, Stage::Waiting);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
