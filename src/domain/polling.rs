//! How often the provider's record of an open attempt is read.

use std::time::Duration;

/// The first two minutes: a customer stands at the terminal.
const EAGER: Duration = Duration::from_secs(120);
/// Until then, somebody may still come back to the terminal.
const PATIENT: Duration = Duration::from_secs(600);

/// How long to wait before the next reading of an attempt that has been open for `age`; `interval` is the eager pace.
#[must_use]
pub fn pause(age: Duration, interval: Duration) -> Duration {
    if age < EAGER {
        interval
    } else if age < PATIENT {
        interval * 5
    } else {
        interval * 60
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_slows_down_with_age() {
        let second = Duration::from_secs(1);
        let pauses = [0, 119, 120, 599, 600, 6000].map(|age| pause(Duration::from_secs(age), second).as_secs());
        assert_eq!(pauses, [1, 1, 5, 5, 60, 60]);
    }
}
