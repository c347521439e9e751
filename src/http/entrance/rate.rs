//! How often each caller may call: a bucket that holds a minute's calls and fills steadily.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

const MINUTE: Duration = Duration::from_secs(60);

/// How many callers are remembered. A bucket is full again within a minute and then forgotten, so more than this are
/// there only while somebody calls from thousands of addresses; those that come on top are not counted.
const CALLERS: usize = 4096;

/// When each caller's bucket is full again.
#[derive(Debug, Clone)]
pub(super) struct Rate<K>(Arc<Mutex<HashMap<K, Instant>>>);

impl<K> Default for Rate<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Hash + Eq> Rate<K> {
    /// Takes one call out of a caller's bucket.
    ///
    /// # Errors
    /// How long until there is one, when the bucket is empty.
    pub(super) fn take(&self, caller: K, per_minute: u32, now: Instant) -> Result<(), Duration> {
        let one = MINUTE / per_minute.max(1);
        let mut full_at = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if full_at.len() >= CALLERS {
            full_at.retain(|_, full_at| *full_at > now);
        }
        let known = full_at.get(&caller).copied();
        if known.is_none() && full_at.len() >= CALLERS {
            return Ok(());
        }
        let missing = known.map_or(Duration::ZERO, |full_at| full_at.saturating_duration_since(now)) + one;
        if missing > MINUTE {
            return Err(missing - MINUTE);
        }
        full_at.insert(caller, now + missing);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_minutes_worth_may_come_at_once_and_then_one_at_a_time() {
        let (rate, start) = (Rate::default(), Instant::now());
        for per_minute in [1, 2, 60, 7, 100_000] {
            for call in 0..per_minute {
                assert_eq!(rate.take(per_minute, per_minute, start), Ok(()), "{call} of {per_minute}");
            }
            let wait = rate.take(per_minute, per_minute, start).unwrap_err();
            assert!(wait <= MINUTE / per_minute, "{wait:?}");
            assert_eq!(rate.take(per_minute, per_minute, start + wait), Ok(()));
            assert!(rate.take(per_minute, per_minute, start + wait).is_err());
        }
    }

    #[test]
    fn one_caller_takes_nothing_from_another_and_a_refused_call_costs_nothing() {
        let (rate, start) = (Rate::default(), Instant::now());
        assert_eq!(rate.take("a", 1, start), Ok(()));
        for _ in 0..1000 {
            assert_eq!(rate.take("a", 1, start + SECOND), Err(59 * SECOND));
        }
        assert_eq!(rate.take("b", 1, start), Ok(()));
        assert_eq!(rate.take("a", 1, start + 60 * SECOND), Ok(()));
    }

    #[test]
    fn it_remembers_so_many_callers_and_forgets_those_that_are_silent() {
        let (rate, start) = (Rate::default(), Instant::now());
        let known = || rate.0.lock().unwrap().len();
        for caller in 0..3 * CALLERS {
            assert_eq!(rate.take(caller, 1, start), Ok(()));
        }
        assert_eq!(known(), CALLERS);
        assert!(rate.take(0, 1, start).is_err(), "who is known stays counted");
        assert_eq!(rate.take(0, 1, start + MINUTE), Ok(()));
        assert_eq!(known(), 1);
    }
}
