//! Serves a till that closes its side of the connection behind its request and waits for the answer, as old tills and
//! `nc -N` do. From here it looks like a till that hung up: both send the same FIN. The difference shows when something
//! is written: whoever is gone answers with a reset (RFC 9293, 3.10.7.4). So the work goes on and the answer is written.
//!
//! It counts as told once the other side's machine has acknowledged all of it. A reset says that nobody was there where the
//! other side may have hung up before, or where nothing was acknowledged for a while; else it is how some tills close what they
//! have read. Where the kernel does not tell of acknowledgements, an answer counts as told when no such reset came back.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::exchange::{Exchange, Stage};
use super::rest::Rest;
use super::transport::{Delivery, Transport};

/// How long a reset may take to come back: several times the way through any shop's network.
const RESET_TIME: Duration = Duration::from_millis(500);
/// How long a connection that is being closed waits for an acknowledgement: a radio network may lose an answer and the first
/// repetitions of it.
const ACKNOWLEDGEMENT_TIME: Duration = Duration::from_secs(5);
/// Between two looks for it; doubled each time.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// What hyper writes before a body that a till sends on request only. It is no answer.
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// A stream whose end is not the end of a request that is complete and not answered yet.
pub(super) struct HalfClose<S> {
    stream: S,
    exchange: Exchange,
    /// The other side sends nothing more.
    ended: bool,
    /// The end came before the whole body was taken up, and was held back once.
    held_back: bool,
    reader: Option<Waker>,
    confirmation: Option<Confirmation>,
    is_shut_down: bool,
    rest: Rest,
}

/// An answer that was written, and of which it is not known yet whether it has arrived.
struct Confirmation {
    begun: Instant,
    pause: Duration,
    next_look: Pin<Box<Sleep>>,
}

impl Confirmation {
    fn begin() -> Self {
        Self { begun: Instant::now(), pause: FIRST_PAUSE, next_look: Box::pin(sleep(FIRST_PAUSE)) }
    }

    fn poll_next_look(&mut self, context: &mut Context<'_>) -> Poll<()> {
        ready!(self.next_look.as_mut().poll(context));
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        self.next_look.as_mut().reset(Instant::now() + self.pause);
        Poll::Ready(())
    }
}

impl<S: Transport> HalfClose<S> {
    pub(super) fn new(stream: S, exchange: Exchange) -> Self {
        Self {
            stream,
            exchange,
            ended: false,
            held_back: false,
            reader: None,
            confirmation: None,
            is_shut_down: false,
            rest: Rest::default(),
        }
    }

    /// The end of what the other side sends: told when nobody waits for an answer.
    fn poll_end(&mut self, context: &Context<'_>) -> Poll<io::Result<()>> {
        match self.exchange.stage() {
            Stage::Head => Poll::Ready(Ok(())),
            // What was read last may lie in hyper's hands yet: hyper reads on before it hands over.
            Stage::Body if self.held_back => Poll::Ready(Ok(())),
            Stage::Body => {
                self.held_back = true;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Stage::Waiting | Stage::Answering => {
                self.reader = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }

    /// A reset may be how a till closes what it has read, but a machine acknowledges first what its till reads: one that comes
    /// later is of a machine that was switched off and on.
    fn broken_off(&self) {
        if self.exchange.may_be_gone() || self.waited() >= RESET_TIME {
            self.exchange.not_told();
        } else {
            self.exchange.told();
        }
    }

    /// How long nobody has acknowledged the written answer.
    fn waited(&self) -> Duration {
        self.confirmation.as_ref().map_or(Duration::ZERO, |it| it.begun.elapsed())
    }

    /// Waits until it is known whether the written answer was told. While the connection lives, it may arrive yet.
    fn poll_confirmed(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while self.exchange.is_awaited() {
            let waited = self.waited();
            match self.stream.delivery() {
                Delivery::Arrived => self.exchange.told(),
                Delivery::Untold if waited >= RESET_TIME || !self.exchange.may_be_gone() => self.exchange.told(),
                Delivery::Broken => self.broken_off(),
                Delivery::Lost => self.exchange.not_told(),
                Delivery::UnderWay if self.is_shut_down && waited >= ACKNOWLEDGEMENT_TIME => self.exchange.not_told(),
                Delivery::UnderWay | Delivery::Untold => {
                    let confirmation = self.confirmation.get_or_insert_with(Confirmation::begin);
                    ready!(confirmation.poll_next_look(context));
                }
            }
        }
        self.confirmation = None;
        Poll::Ready(())
    }

    fn written(&self, bytes: &[u8], written: &Poll<io::Result<usize>>) {
        if matches!(written, Poll::Ready(Ok(1..))) && bytes != CONTINUE {
            self.exchange.wrote();
        }
    }
}

impl<S: Transport> AsyncRead for HalfClose<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.confirmation.is_some() {
            // Between two requests hyper does nothing but read.
            let _ = self.poll_confirmed(context);
        }
        if !self.ended {
            let before = to.filled().len();
            if let Err(error) = ready!(Pin::new(&mut self.stream).poll_read(context, to)) {
                if self.confirmation.is_some() && Delivery::failed(&error) == Delivery::Broken {
                    self.broken_off();
                }
                return Poll::Ready(Err(error));
            }
            if to.filled().len() > before || to.remaining() == 0 {
                self.exchange.came(to.filled().get(before..).unwrap_or_default());
                return Poll::Ready(Ok(()));
            }
            self.ended = true;
            self.exchange.end();
        }
        self.poll_end(context)
    }
}

impl<S: Transport> AsyncWrite for HalfClose<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(bytes, &written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        let only = if let [piece] = pieces { piece } else { &[][..] };
        self.written(only, &written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        if self.exchange.flushed() {
            // Each answer has its own time to arrive.
            self.confirmation = None;
            if let Some(reader) = self.reader.take() {
                reader.wake();
            }
        }
        // What is not known yet is waited for while the next request is read, or the connection is closed.
        let _ = self.poll_confirmed(context);
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.is_shut_down {
            ready!(Pin::new(&mut self.stream).poll_shutdown(context))?;
            self.is_shut_down = true;
        }
        ready!(self.poll_confirmed(context));
        if !self.ended && self.exchange.was_answered_early() {
            let Self { rest, stream, .. } = &mut *self;
            ready!(rest.poll_discarded(stream, context));
        }
        Poll::Ready(Ok(()))
    }
}
