//! What a connection is made of, encrypted or not.

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
    /// Nothing speaks against it, and this machine does not tell more.
    Untold,
}

impl Transport for TcpStream {
    fn delivery(&self) -> Delivery {
        if !matches!(self.take_error(), Ok(None)) {
            return Delivery::Broken;
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
