//! Credentials that were refused are left alone for a while: whoever mends them restarts the bridge, and a provider that is
//! asked again and again may lock its client out.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::token::TokenError;
use crate::domain::attempt::Reason;

/// How long they rest after the first refusal, and twice as long after each further one.
const FIRST_REST: Duration = Duration::from_secs(2);
const LONGEST_REST: Duration = Duration::from_secs(60);

/// The refusals of one client, whichever connection it asked on.
#[derive(Debug, Clone, Default)]
pub(super) struct CredentialBackoff(Arc<Mutex<Option<Refusal>>>);

#[derive(Debug)]
struct Refusal {
    reason: Reason,
    rest: Duration,
    until: Instant,
}

impl CredentialBackoff {
    /// Why the credentials may not be sent now; `None` when they may.
    pub(super) fn resting(&self, now: Instant) -> Option<Reason> {
        self.last().as_ref().filter(|refusal| now < refusal.until).map(|refusal| refusal.reason.clone())
    }

    /// What came of sending them.
    pub(super) fn learn<T>(&self, outcome: &Result<T, TokenError>, now: Instant) {
        let mut last = self.last();
        match outcome {
            Ok(_) => *last = None,
            Err(TokenError::Unreachable { .. }) => {}
            Err(TokenError::Refused(reason)) => {
                let rest = last.as_ref().map_or(FIRST_REST, |last| (last.rest * 2).min(LONGEST_REST));
                *last = Some(Refusal { reason: reason.clone(), rest, until: now + rest });
            }
        }
    }

    fn last(&self) -> MutexGuard<'_, Option<Refusal>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_credentials_rest_for_longer_and_longer_until_they_are_taken() {
        let (backoff, mut now) = (CredentialBackoff::default(), Instant::now());
        let refused = Err::<(), _>(TokenError::Refused(Reason::new("invalid_client", "refused")));
        for rest in [2, 4, 8, 16, 32, 60, 60].map(Duration::from_secs) {
            backoff.learn(&refused, now);
            backoff.learn::<()>(&Err(TokenError::Unreachable { cause: "reset".into(), retry_after: None }), now);
            let almost = backoff.resting(now + rest - Duration::from_millis(1));
            assert_eq!(almost.map(|reason| reason.code), Some("invalid_client".to_owned()));
            now += rest;
            assert!(backoff.resting(now).is_none());
        }
        backoff.learn(&Ok(()), now);
        backoff.learn(&refused, now);
        assert!(backoff.resting(now + FIRST_REST).is_none(), "it begins anew");
    }
}
