//! How much a listener takes, and how long it waits for it.

use std::time::Duration;

/// How much a listener takes, and how long it waits for it. A caller that is slower or bigger is cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Open connections; later ones are answered 503 at once and closed.
    pub connections: usize,
    /// How many of them come from one address; later ones are answered 429 at once and closed.
    pub connections_per_address: usize,
    /// Requests of one address in a minute, beside those that its tills have of their own; no limit when absent.
    pub requests_per_minute_per_address: Option<u32>,
    /// Calls of one till that wait for a result; later ones are answered at once with what is known.
    pub waiting_per_till: usize,
    /// Streams of results that one till has open; later ones are refused.
    pub streams_per_till: usize,
    /// Until a request's headers are complete; also how long an idle connection is kept.
    pub header_read: Duration,
    /// Until a request's body is complete.
    pub body_read: Duration,
    /// How long an answer may lie without the other side taking any of it.
    pub write_stall: Duration,
    /// Bytes of a request's first line and headers.
    pub header_bytes: usize,
    /// Headers of a request.
    pub headers: usize,
    /// Bytes of a request's body.
    pub body_bytes: usize,
    /// Bytes of all bodies that are arriving; what comes on top is answered 503 at once.
    pub bodies_bytes: usize,
    /// How long open requests may take when the listener stops.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            connections_per_address: 3072,
            requests_per_minute_per_address: None,
            waiting_per_till: 64,
            streams_per_till: 8,
            header_read: Duration::from_secs(5),
            body_read: Duration::from_secs(5),
            write_stall: Duration::from_secs(5),
            header_bytes: 16 * 1024,
            headers: 64,
            body_bytes: 64 * 1024,
            bodies_bytes: 16 * 1024 * 1024,
            drain: Duration::from_secs(5),
        }
    }
}
