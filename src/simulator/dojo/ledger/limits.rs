//! What happens when a status lasted as long as it may.

use std::time::Duration;

use jiff::Timestamp;

use super::session::SessionStatus;
use super::{Effect, Ledger};
use crate::simulator::clock::real_time;

impl Ledger {
    /// Virtual milliseconds of a time limit in real time.
    pub(super) fn limit(&self, virtual_milliseconds: u64) -> Duration {
        real_time(virtual_milliseconds, self.limit_speed)
    }

    /// Silence accepts a signature; anything else that lasts too long expires.
    pub(crate) fn run_out(&mut self, session_id: &str, statuses: usize, now: Timestamp) -> Vec<Effect> {
        let Some(session) = self.sessions.get(session_id).map(|session| session.latest()) else {
            return Vec::new();
        };
        if session.statuses.len() != statuses {
            return Vec::new();
        }
        match session.status() {
            SessionStatus::SignatureVerificationRequired => self.verified(session_id, true, now),
            SessionStatus::InitiateRequested | SessionStatus::Initiated => {
                self.enter(session_id, SessionStatus::Expired, now)
            }
            _ => Vec::new(),
        }
    }
}
