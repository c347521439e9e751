//! A connection, from its first byte to its last, and whether its caller has the answer.
//!
//! | file | what happens there |
//! | --- | --- |
//! | `listener`, `encrypted`, `transport` | it is accepted, and opened where it is TLS |
//! | `connection` | its requests go to the router, one after the other |
//! | `first_head`, `half_close`, `rest`, `write_deadline` | its bytes, each within its time |
//! | `exchange`, `told`, `acknowledged` | whether the till has the answer |

mod acknowledged;
mod connection;
mod encrypted;
mod exchange;
mod first_head;
mod half_close;
mod listener;
mod rest;
mod told;
mod transport;
mod write_deadline;

pub(super) use connection::{Connection, serve_connection};
pub use encrypted::{Greeting, TlsListener};
pub(super) use exchange::Exchange;
pub use listener::{Accepted, Listener, Peer, serve};
pub(super) use told::telling;
pub use transport::{Delivery, Transport};
