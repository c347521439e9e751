//! When a store's business day began.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// When the day of `now` began in this time zone (an IANA name).
///
/// The configuration takes no zone that this machine does not know. Should it be gone since, the day is UTC's, which is
/// as long.
pub(super) fn began(now: Timestamp, time_zone: &str) -> Timestamp {
    let zone = TimeZone::get(time_zone).unwrap_or_else(|error| {
        tracing::error!(%error, "the store's time zone is gone; its business day is counted in UTC");
        TimeZone::UTC
    });
    now.to_zoned(zone).start_of_day().map_or(now, |start| start.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_the_stores_own_midnight() {
        for (now, zone, began_at) in [
            ("2026-11-20T10:15:02Z", "Europe/Oslo", "2026-11-19T23:00:00Z"),
            ("2026-11-20T22:59:59Z", "Europe/Oslo", "2026-11-19T23:00:00Z"),
            ("2026-11-20T23:00:00Z", "Europe/Oslo", "2026-11-20T23:00:00Z"),
            ("2026-07-01T22:00:00Z", "Europe/Oslo", "2026-07-01T22:00:00Z"),
            // The clocks went back on this day, after its midnight.
            ("2026-10-25T12:00:00Z", "Europe/Oslo", "2026-10-24T22:00:00Z"),
            ("2026-11-20T10:15:02Z", "America/New_York", "2026-11-20T05:00:00Z"),
            ("2026-11-20T10:15:02Z", "No/Where", "2026-11-20T00:00:00Z"),
        ] {
            let expected: Timestamp = began_at.parse().unwrap();
            assert_eq!(began(now.parse().unwrap(), zone), expected, "{now} {zone}");
        }
    }
}
