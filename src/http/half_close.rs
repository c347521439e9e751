//! Serves a till that closes its side of the connection behind its request and waits for the answer, as old tills and
//! `nc -N` do. From here it looks like a till that hung up: both send the same FIN. The difference shows when something
//! is written: whoever is gone answers with a reset (RFC 9293, 3.10.7.4). So the work goes on and the answer is written,
//! but it counts as told only when no reset came back.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::exchange::{Exchange, Stage};
use super::transport::Transport;

/// How long a reset may take to come back: several times the way through any shop's network.
const RESET_TIME: Duration = Duration::from_millis(500);

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
    reset_time: Option<Pin<Box<Sleep>>>,
}

impl<S: Transport> HalfClose<S> {
    pub(super) const fn new(stream: S, exchange: Exchange) -> Self {
        Self { stream, exchange, ended: false, held_back: false, reader: None, reset_time: None }
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

    /// The answer was written: it was told unless a reset came back.
    fn conclude(&self) {
        if self.stream.is_broken() {
            self.exchange.not_told();
        } else {
            self.exchange.told();
        }
    }

    fn written(&self, bytes: &[u8], written: &Poll<io::Result<usize>>) {
        if matches!(written, Poll::Ready(Ok(1..))) && bytes != CONTINUE {
            self.exchange.wrote();
        }
    }
}

impl<S: Transport> AsyncRead for HalfClose<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.ended {
            let before = to.filled().len();
            ready!(Pin::new(&mut self.stream).poll_read(context, to))?;
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
        if self.exchange.flushed()
            && let Some(reader) = self.reader.take()
        {
            reader.wake();
        }
        if !self.ended && self.exchange.is_awaited() {
            self.conclude();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.reset_time.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(context))?;
            if !self.exchange.is_awaited() {
                return Poll::Ready(Ok(()));
            }
        }
        ready!(self.reset_time.get_or_insert_with(|| Box::pin(sleep(RESET_TIME))).as_mut().poll(context));
        self.conclude();
        Poll::Ready(Ok(()))
    }
}
