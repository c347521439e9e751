//! Attempts that nobody reads any more are read once more: the list shows news of them, a callback names them, or they were
//! given up.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::sleep;

use super::Engine;
use crate::domain::identifiers::AttemptReference;

/// So many are read at once: there may be a bad day's worth of them.
const AT_ONCE: usize = 8;
/// Between two tries to read one.
pub(super) const LOOK_AGAIN_PAUSES: [Duration; 4] =
    [Duration::from_millis(500), Duration::from_secs(2), Duration::from_secs(5), Duration::from_secs(15)];

impl Engine {
    /// Reads an attempt that nobody reads any more, until that has worked once. There may be thousands that wait for their
    /// turn, so that each knows no more than its name until then.
    pub(super) fn look_again(&self, attempt: AttemptReference) {
        if !self.looks_again.wanted().insert(attempt) {
            return;
        }
        let engine = self.clone();
        self.tasks.spawn(async move {
            if !engine.look_until_read(attempt).await {
                engine.sweep_soon();
            }
        });
    }

    /// `false` when it could not be read, however often that was tried. It is taken off the list before it is read: whoever
    /// asks for it during the reading wants what happened since, so it is read once more.
    async fn look_until_read(&self, attempt: AttemptReference) -> bool {
        for pause in LOOK_AGAIN_PAUSES {
            let Some(turn) = self.stopping.run_until_cancelled(self.looks_again.turns.acquire()).await else { break };
            self.looks_again.wanted().remove(&attempt);
            if Box::pin(self.look_once(attempt)).await {
                return true;
            }
            drop(turn);
            if !self.looks_again.wanted().insert(attempt) {
                return true;
            }
            if self.stopping.run_until_cancelled(sleep(pause)).await.is_none() {
                break;
            }
        }
        self.looks_again.wanted().remove(&attempt);
        false
    }

    /// `false` when it could not be read.
    async fn look_once(&self, attempt: AttemptReference) -> bool {
        let Ok(found) = self.health.journal(self.journal.find_attempt(attempt).await) else { return false };
        let Some((operation, mut attempt)) = found else { return true };
        let Ok(provider) = self.provider(operation.provider) else { return true };
        self.look(provider.as_ref(), &operation, &mut attempt).await.is_ok()
    }
}

/// Attempts that wait to be read once more, each once however often it was wanted.
#[derive(Debug)]
pub(super) struct LooksAgain {
    turns: Semaphore,
    wanted: Mutex<BTreeSet<AttemptReference>>,
}

impl LooksAgain {
    fn wanted(&self) -> MutexGuard<'_, BTreeSet<AttemptReference>> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for LooksAgain {
    fn default() -> Self {
        Self { turns: Semaphore::new(AT_ONCE), wanted: Mutex::default() }
    }
}
