//! The time of day.

use jiff::Timestamp;

/// The time of day. Behind a trait so that tests can jump.
pub trait Clock: Send + Sync {
    /// Now, on this machine.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
