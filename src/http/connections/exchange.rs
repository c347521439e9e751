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
pub(in crate::http) struct Exchange {
    state: Arc<Mutex<State>>,
    ended: CancellationToken,
}

#[derive(Default)]
struct State {
    understood: bool,
    stage: Stage,
    /// The answer was written before all of the request was taken up.
    answered_early: bool,
    notices: Vec<Notice>,
    arrival: Arrival,
}

/// What came of a request, and what came behind it.
#[derive(Default)]
struct Arrival {
    /// The last bytes of the head.
    last: [u8; 4],
    /// How many bytes came behind the head, once that is complete.
    behind_head: Option<u64>,
    /// How many of them are the request's body, once that is known.
    body: Option<u64>,
}

impl Arrival {
    fn take(&mut self, bytes: &[u8]) {
        if let Some(behind_head) = &mut self.behind_head {
            *behind_head += bytes.len() as u64;
            return;
        }
        for (position, byte) in bytes.iter().enumerate() {
            self.last = [self.last[1], self.last[2], self.last[3], *byte];
            if self.last == *b"\r\n\r\n" {
                self.behind_head = Some((bytes.len() - position - 1) as u64);
                return;
            }
        }
    }

    /// Whether anything came since the last answer.
    fn has_begun(&self) -> bool {
        self.last != [0; 4]
    }

    fn is_followed(&self) -> bool {
        matches!((self.behind_head, self.body), (Some(behind_head), Some(body)) if behind_head > body)
    }
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
        (state.understood, state.answered_early) = (true, false);
        state.arrival.body = if body.is_end_stream() { Some(0) } else { body.size_hint().exact() };
        self.end_if_followed(&state);
        if body.is_end_stream() {
            state.stage = Stage::Waiting;
            return Body::empty();
        }
        state.stage = Stage::Body;
        Body::new(Arriving { body, exchange: self.clone() })
    }

    /// Bytes came. Those behind a request stay where they are until it is answered, and hide the end that may follow them:
    /// from then on, whether the other side is still there is not known.
    pub(super) fn came(&self, bytes: &[u8]) {
        let mut state = self.state();
        state.arrival.take(bytes);
        self.end_if_followed(&state);
    }

    fn end_if_followed(&self, state: &State) {
        if state.arrival.is_followed() {
            self.ended.cancel();
        }
    }

    /// The other side sends nothing more: it has hung up, or only closed its side behind the request.
    pub(super) fn end(&self) {
        self.ended.cancel();
    }

    /// Cancelled once the other side sends nothing more.
    pub(in crate::http) fn ended(&self) -> CancellationToken {
        self.ended.clone()
    }

    /// The other side has hung up, or only closed its side, or its end could not be seen.
    pub(super) fn may_be_gone(&self) -> bool {
        self.ended.is_cancelled()
    }

    /// Whether any request of this connection was understood.
    pub(super) fn was_understood(&self) -> bool {
        self.state().understood
    }

    pub(super) fn stage(&self) -> Stage {
        self.state().stage
    }

    /// Bytes of the answer were written. A refusal may come before the body, and hyper's own before the head is complete.
    pub(super) fn wrote(&self) {
        let mut state = self.state();
        match state.stage {
            Stage::Head => state.answered_early |= state.arrival.has_begun(),
            Stage::Body => (state.stage, state.answered_early) = (Stage::Answering, true),
            Stage::Waiting => state.stage = Stage::Answering,
            Stage::Answering => {}
        }
    }

    /// Whether the last answer was written before all of its request was taken up, so that the rest may still be coming.
    pub(super) fn was_answered_early(&self) -> bool {
        self.state().answered_early
    }

    /// Everything there was to write was written. Whether that was an answer.
    pub(super) fn flushed(&self) -> bool {
        let is_answered = self.move_on(Stage::Answering, Stage::Head);
        if is_answered {
            self.state().arrival = Arrival::default();
        }
        is_answered
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
