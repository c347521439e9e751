//! An address for a bridge that is stopped and started again.

use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

/// An address that is free, and that nobody takes while a bridge is down: it lies below the ports that the system gives to
/// outgoing connections.
pub(crate) fn free_address() -> SocketAddr {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let start = std::process::id().wrapping_mul(61);
    loop {
        let number = start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % 20_000;
        let address = SocketAddr::from(([127, 0, 0, 1], 10_000 + u16::try_from(number).unwrap()));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}
