//! Keeps strangers from filling the log: anybody can be refused as often as he likes. So many refusals are logged one by
//! one, those that come on top are counted, and the sum is logged once. Refusals of a known till are none of these. What
//! needs no key and refuses nobody, such as the answer to a monitor that the bridge is not ready, has a count of its own.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::guesses::network;

/// How many refusals are logged one by one within [`PERIOD`].
const IN_FULL: u32 = 20;
/// It begins with a refusal.
const PERIOD: Duration = Duration::from_secs(60);
/// How many callers a sum names.
const NAMED: usize = 16;

/// The strangers that were refused lately.
#[derive(Debug, Clone, Default)]
pub(in crate::http) struct Strangers(Arc<Mutex<Refusals>>);

#[derive(Debug, Default)]
struct Refusals {
    began: Option<Instant>,
    in_full: u32,
    counted: u64,
    callers: HashMap<IpAddr, u64>,
}

/// What to do about one more refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    LogInFull,
    /// It is counted; when it is the first one, the sum is due after so long.
    Count(Option<Duration>),
}

impl Strangers {
    /// Whether one more refusal is logged by itself. Else it is part of a sum that is logged soon, in these words.
    pub(in crate::http) fn logs(&self, address: IpAddr, words: &'static str) -> bool {
        let step = self.refusals().step(network(address), Instant::now());
        if let Step::Count(Some(due)) = step {
            let strangers = self.clone();
            tokio::spawn(async move {
                tokio::time::sleep(due).await;
                strangers.log_sum(words);
            });
        }
        step == Step::LogInFull
    }

    fn log_sum(&self, words: &str) {
        let Refusals { counted, callers, .. } = std::mem::take(&mut *self.refusals());
        let named = callers.len();
        tracing::warn!(counted, named, ?callers, "{words}");
    }

    fn refusals(&self) -> MutexGuard<'_, Refusals> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Refusals {
    fn step(&mut self, caller: IpAddr, now: Instant) -> Step {
        let since = |began: Instant| now.saturating_duration_since(began);
        // What was counted is kept for its sum.
        if self.counted == 0 && self.began.is_none_or(|began| since(began) >= PERIOD) {
            *self = Self { began: Some(now), ..Self::default() };
        }
        if self.in_full < IN_FULL {
            self.in_full += 1;
            return Step::LogInFull;
        }
        self.counted += 1;
        if self.callers.len() < NAMED || self.callers.contains_key(&caller) {
            *self.callers.entry(caller).or_default() += 1;
        }
        let left = || self.began.map_or(PERIOD, |began| PERIOD.saturating_sub(since(began)));
        Step::Count((self.counted == 1).then(left))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 168, 1, last])
    }

    #[test]
    fn the_first_refusals_of_a_minute_are_logged_and_the_others_counted() {
        let (mut refusals, start) = (Refusals::default(), Instant::now());
        for _ in 0..IN_FULL {
            assert_eq!(refusals.step(address(1), start), Step::LogInFull);
        }
        assert_eq!(refusals.step(address(1), start + 10 * SECOND), Step::Count(Some(50 * SECOND)));
        for _ in 0..1000 {
            assert_eq!(refusals.step(address(2), start + 11 * SECOND), Step::Count(None));
        }
        assert_eq!(refusals.counted, 1001);
        assert_eq!(refusals.callers, HashMap::from([(address(1), 1), (address(2), 1000)]));
    }

    #[test]
    fn the_next_minute_begins_anew_unless_a_sum_is_due() {
        let (mut refusals, start) = (Refusals::default(), Instant::now());
        for minute in 0..3 {
            for _ in 0..IN_FULL {
                assert_eq!(refusals.step(address(1), start + minute * PERIOD), Step::LogInFull);
            }
        }
        assert_eq!(refusals.step(address(1), start + 2 * PERIOD), Step::Count(Some(PERIOD)));
        assert_eq!(refusals.step(address(1), start + 4 * PERIOD), Step::Count(None), "the sum is due");
    }

    #[tokio::test(start_paused = true)]
    async fn a_sum_is_logged_when_its_minute_is_over() {
        let strangers = Strangers::default();
        for _ in 0..IN_FULL {
            assert!(strangers.logs(address(1), "more"));
        }
        for _ in 0..2 {
            assert!(!strangers.logs(address(1), "more"));
        }
        assert_eq!(strangers.refusals().counted, 2);
        tokio::time::sleep(PERIOD + SECOND).await;
        assert_eq!(strangers.refusals().counted, 0, "the sum was logged, and the next minute begins anew");
        assert!(strangers.logs(address(1), "more"));
    }

    #[test]
    fn a_sum_names_so_many_callers() {
        let (mut refusals, start) = (Refusals::default(), Instant::now());
        for last in 0..=255 {
            refusals.step(address(last), start);
        }
        assert_eq!(refusals.callers.len(), NAMED);
        assert_eq!(refusals.counted, 256 - u64::from(IN_FULL));
    }
}
