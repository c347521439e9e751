//! Refuses in words what is no HTTP. hyper would answer it with an empty body, and would take lines that end with LF
//! alone, which others read differently (RFC 9112, 2.2). The first head of a connection tells how its caller writes.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::exchange::Exchange;
use crate::till::problem::{Code, Problem};

const NO_HTTP: &str =
    "this is no HTTP request; send a line such as POST /pay HTTP/1.1, then the headers, then an empty line";
const BARE_LINE_ENDS: &str = "the lines of the head end with LF alone; end each with CR LF (\\r\\n)";
/// What hyper refuses a malformed head with, and how it says that no body follows.
const BARE_REFUSAL: &[u8] = b"HTTP/1.1 400 ";
const NO_BODY: &str = "Content-Length: 0\r\n";
const HEAD_END: [u8; 4] = *b"\r\n\r\n";

/// A stream that looks at the first head.
pub(super) struct FirstHead<S> {
    stream: S,
    exchange: Exchange,
    /// The last bytes that were read, until the head ended.
    last: Option<[u8; 4]>,
    bare_line_ends: bool,
    refusal: Option<Refusal>,
}

/// What is written in the place of hyper's refusal.
struct Refusal {
    bytes: Vec<u8>,
    written: usize,
}

impl<S> FirstHead<S> {
    pub(super) const fn new(stream: S, exchange: Exchange) -> Self {
        Self { stream, exchange, last: Some([0; 4]), bare_line_ends: false, refusal: None }
    }

    /// Looks for a line end without CR, and makes it a byte that no head may hold.
    fn look_at(&mut self, bytes: &mut [u8]) {
        let Some(mut last) = self.last else { return };
        for byte in bytes {
            if *byte == b'\n' && last[3] != b'\r' {
                *byte = 0;
                self.bare_line_ends = true;
                self.last = None;
                return;
            }
            last = [last[1], last[2], last[3], *byte];
            if last == HEAD_END {
                self.last = None;
                return;
            }
        }
        self.last = Some(last);
    }

    /// hyper's refusal with a body that tells why; `None` for everything else.
    fn in_words(&self, bytes: &[u8]) -> Option<Refusal> {
        if self.exchange.was_understood() || !bytes.starts_with(BARE_REFUSAL) {
            return None;
        }
        let detail = if self.bare_line_ends { BARE_LINE_ENDS } else { NO_HTTP };
        let body = serde_json::to_string(&Problem::new(Code::InvalidRequest, detail)).ok()?;
        let of_body = format!("Content-Type: application/problem+json\r\nContent-Length: {}\r\n", body.len());
        let head = std::str::from_utf8(bytes).ok().filter(|head| head.contains(NO_BODY))?.replace(NO_BODY, &of_body);
        Some(Refusal { bytes: (head + &body).into_bytes(), written: 0 })
    }
}

impl<S: AsyncWrite + Unpin> FirstHead<S> {
    /// Writes the refusal in the place of `bytes`, which count as written with its last one.
    fn poll_refuse(
        &mut self,
        mut refusal: Refusal,
        context: &mut Context<'_>,
        bytes: usize,
    ) -> Poll<io::Result<usize>> {
        while let Some(rest) = refusal.bytes.get(refusal.written..).filter(|rest| !rest.is_empty()) {
            match Pin::new(&mut self.stream).poll_write(context, rest) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(written)) => refusal.written += written,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    self.refusal = Some(refusal);
                    return Poll::Pending;
                }
            }
        }
        Poll::Ready(Ok(bytes))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for FirstHead<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = to.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, to))?;
        self.look_at(to.filled_mut().get_mut(before..).unwrap_or_default());
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for FirstHead<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.refusal.take().or_else(|| self.in_words(bytes)) {
            Some(refusal) => self.poll_refuse(refusal, context, bytes.len()),
            None => Pin::new(&mut self.stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.exchange.was_understood() {
            return Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        }
        let first = pieces.iter().find(|piece| !piece.is_empty()).map_or(&[][..], |piece| piece);
        self.poll_write(context, first)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
