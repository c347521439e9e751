//! A connection that can be made to end badly.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Held by whoever answers on the connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct Handle {
    reset: Arc<AtomicBool>,
}

impl Handle {
    /// The connection will end with a TCP reset instead of an orderly close.
    pub(crate) fn reset(&self) {
        self.reset.store(true, Ordering::Relaxed);
    }
}

/// A TCP stream that looks at its handle when it ends.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    handle: Handle,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> (Self, Handle) {
        let handle = Handle::default();
        (Self { stream, handle: handle.clone() }, handle)
    }

    fn is_reset(&self) -> bool {
        self.handle.reset.load(Ordering::Relaxed)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // Closing with a linger of zero is what makes the kernel send RST.
        if self.is_reset() && self.stream.set_zero_linger().is_err() {
            tracing::debug!("the simulator could not reset a connection");
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_reset() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
