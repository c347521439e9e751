//! The time of day, and chance.

use jiff::Timestamp;

/// The time of day, and chance. Behind a trait so that tests can jump, and play the same again.
pub trait Clock: Send + Sync {
    /// Now, on this machine.
    fn now(&self) -> Timestamp;
    /// A number that nobody foresees.
    fn chance(&self) -> u128 {
        rand::random()
    }
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
