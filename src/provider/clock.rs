//! The time at a provider, so that a wrong clock in the shop decides nothing.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// Before this program was written (2026-01-01): a `Date` from then is an error of whoever sent it.
const EARLIEST: i64 = 1_767_225_600;
/// 2100-01-01.
const LATEST: i64 = 4_102_444_800;

/// Whether a `Date` can be true.
pub(super) fn is_plausible(date: &Timestamp) -> bool {
    (EARLIEST..LATEST).contains(&date.as_second())
}

/// A `Date` has no fractions of a second, and was under way: one that is so much older than what is known tells nothing new.
const BEHIND: SignedDuration = SignedDuration::from_secs(2);

/// The last `Date`, and the uptime when it came.
type Last = Option<(Timestamp, Duration)>;

/// The clock at a provider: its last `Date`, and the time that has passed since by a clock that cannot be set. A jump of this
/// machine's clock moves nothing.
#[derive(Debug, Default)]
pub(super) struct ProviderClock {
    last: Mutex<Last>,
}

/// Time since this machine was started, sleep included: `Instant` stands still while a shop's computer sleeps.
fn uptime() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

fn told(last: Last) -> Option<Timestamp> {
    let (date, seen) = last?;
    date.checked_add(uptime().saturating_sub(seen)).ok()
}

impl ProviderClock {
    /// Now at the provider; this machine's clock until it has told.
    pub(super) fn now(&self) -> Timestamp {
        told(*self.last()).unwrap_or_else(Timestamp::now)
    }

    /// The provider has told the time since the start.
    pub(super) fn is_known(&self) -> bool {
        self.last().is_some()
    }

    /// Notes the `Date` of a reply that came just now. Only a clock that was put back at the provider goes back here.
    pub(super) fn observe(&self, date: Timestamp) {
        let mut last = self.last();
        let is_known = told(*last).is_some_and(|now| date <= now && now.duration_since(date) < BEHIND);
        if !is_known {
            *last = Some((date, uptime()));
        }
    }

    /// How far this machine's clock is ahead of the provider's, to about a second.
    pub(super) fn machine_is_ahead(&self) -> SignedDuration {
        Timestamp::now().duration_since(self.now())
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_follows_the_last_date() {
        let clock = ProviderClock::default();
        let far_ahead = Timestamp::now() + SignedDuration::from_hours(48);
        clock.observe(far_ahead);
        assert!(clock.now().duration_since(far_ahead).abs() < SignedDuration::from_secs(5));
        assert!(clock.machine_is_ahead() < SignedDuration::from_hours(-47));
    }

    #[test]
    fn the_fractions_that_a_date_lacks_do_not_put_the_clock_back() {
        let clock = ProviderClock::default();
        let now = Timestamp::now();
        clock.observe(now);
        clock.observe(now - SignedDuration::from_millis(999));
        assert!(clock.now() >= now);
        let put_back = now - SignedDuration::from_secs(60);
        clock.observe(put_back);
        assert!(clock.now() < now, "a clock that was put back is followed");
    }

    #[test]
    fn dates_from_before_this_program_or_the_far_future_are_not_plausible() {
        assert!(is_plausible(&Timestamp::from_second(EARLIEST).unwrap()));
        for bad in [0, EARLIEST - 1, LATEST] {
            assert!(!is_plausible(&Timestamp::from_second(bad).unwrap()), "{bad}");
        }
    }
}
