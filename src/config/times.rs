//! How long things may take at a provider: the same keys in each one's section.

use std::time::Duration;

use jiff::SignedDuration;

use super::section::Section;

/// A customer needs so many seconds to find a card; less is for a simulator.
const REAL_SECONDS_MIN: u32 = 30;
/// How long to wait between two readings of a young attempt, where nobody says.
pub(super) const POLL_INTERVAL_MILLISECONDS: u32 = 1000;

/// The times of a provider's section.
pub(super) struct Times {
    pub(super) session_ttl: SignedDuration,
    pub(super) prompt: SignedDuration,
    pub(super) in_flight: SignedDuration,
    pub(super) refund_patience: SignedDuration,
    pub(super) request_timeout: Duration,
    pub(super) poll_interval: Duration,
}

/// Reads them; a simulator on this machine minds no haste.
pub(super) fn read(section: &mut Section<'_>, simulated: bool) -> Option<Times> {
    let shortest = if simulated { 1 } else { REAL_SECONDS_MIN };
    let session_ttl = section.whole("session_ttl_seconds", 300, shortest..=3600);
    let prompt = section.whole("prompt_seconds", 150, shortest..=900);
    let in_flight = section.whole("in_flight_seconds", 120, shortest..=900);
    let refund_patience = section.whole("refund_patience_seconds", 900, shortest..=86_400);
    let request_timeout = section.whole("request_timeout_ms", 10_000, 100..=60_000);
    // A provider is asked politely.
    let shortest_poll = if simulated { 10 } else { 200 };
    let poll_interval = section.whole("poll_interval_ms", POLL_INTERVAL_MILLISECONDS, shortest_poll..=60_000);
    let (in_flight, request_timeout) = (in_flight?, request_timeout?);
    if in_flight * 1000 < request_timeout {
        section.mistake("in_flight_seconds", "must be no shorter than request_timeout_ms: raise it");
        return None;
    }
    Some(Times {
        session_ttl: seconds(session_ttl?),
        prompt: seconds(prompt?),
        in_flight: seconds(in_flight),
        refund_patience: seconds(refund_patience?),
        request_timeout: milliseconds(request_timeout),
        poll_interval: milliseconds(poll_interval?),
    })
}

/// Whole seconds.
pub(super) fn seconds(number: u32) -> SignedDuration {
    SignedDuration::from_secs(i64::from(number))
}

/// Whole milliseconds.
pub(super) fn milliseconds(number: u32) -> Duration {
    Duration::from_millis(u64::from(number))
}
