//! The simulator's own clock, which may be wrong on purpose.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::fmt::rfc2822::DateTimePrinter;
use jiff::{SignedDuration, Timestamp};

/// Virtual milliseconds of a terminal in real time; at speed 0 there is no waiting.
pub(crate) fn real_time(virtual_milliseconds: u64, speed: u32) -> Duration {
    match speed {
        0 => Duration::ZERO,
        speed => Duration::from_micros(virtual_milliseconds * 1_000 / u64::from(speed)),
    }
}

/// Real time plus a settable offset; everything that a provider would say or judge by time uses it.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    offset_seconds: AtomicI64,
}

impl Clock {
    pub(crate) fn now(&self) -> Timestamp {
        let real = Timestamp::now();
        real.checked_add(SignedDuration::from_secs(self.offset_seconds())).unwrap_or(real)
    }

    pub(crate) fn offset_seconds(&self) -> i64 {
        self.offset_seconds.load(Ordering::Relaxed)
    }

    pub(crate) fn set_offset_seconds(&self, seconds: i64) {
        self.offset_seconds.store(seconds, Ordering::Relaxed);
    }

    /// The value of a `Date` header.
    pub(crate) fn http_date(&self) -> Option<String> {
        DateTimePrinter::new().timestamp_to_rfc9110_string(&self.now()).ok()
    }
}
