//! What a connection is made of, encrypted or not.

use std::io;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use super::acknowledged::unacknowledged;

/// The two ends of a connection, as bytes.
pub trait Transport: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// How far what was written has come.
    fn delivery(&self) -> Delivery;
}

/// How far what was written to a connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// The other side's machine has all of it.
    Arrived,
    /// The other side's machine has not acknowledged all of it yet.
    UnderWay,
    /// The other side broke the connection off: it answered what was written to it with a reset.
    Broken,
    /// The other side's machine cannot be reached, or has acknowledged nothing for too long.
    Lost,
    /// Nothing speaks against it, and this machine does not tell more.
    Untold,
}

impl Delivery {
    /// What an error of the connection says of it. Without TLS' farewell an end is a break too.
    pub(super) fn failed(error: &io::Error) -> Self {
        use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
        if matches!(error.kind(), BrokenPipe | ConnectionReset | UnexpectedEof) { Self::Broken } else { Self::Lost }
    }
}

impl Transport for TcpStream {
    fn delivery(&self) -> Delivery {
        match self.take_error() {
            Ok(None) => {}
            Ok(Some(error)) => return Delivery::failed(&error),
            Err(_) => return Delivery::Lost,
        }
        let (Ok(local), Ok(remote)) = (self.local_addr(), self.peer_addr()) else { return Delivery::Untold };
        match unacknowledged(local, remote) {
            Ok(Some(0)) => Delivery::Arrived,
            Ok(Some(_)) => Delivery::UnderWay,
            // It was closed by both sides, or this machine cannot tell.
            Ok(None) | Err(_) => Delivery::Untold,
        }
    }
}

impl Transport for UnixStream {
    /// What is written stands in the other side's memory at once.
    fn delivery(&self) -> Delivery {
        if matches!(self.take_error(), Ok(None)) { Delivery::Arrived } else { Delivery::Broken }
    }
}
