//! What a connection is made of, encrypted or not.

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

/// The two ends of a connection, as bytes.
pub trait Transport: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// Whether the other side broke it off: it answered what was written to it with a reset.
    fn is_broken(&self) -> bool;
}

impl Transport for TcpStream {
    fn is_broken(&self) -> bool {
        !matches!(self.take_error(), Ok(None))
    }
}

impl Transport for UnixStream {
    fn is_broken(&self) -> bool {
        !matches!(self.take_error(), Ok(None))
    }
}
