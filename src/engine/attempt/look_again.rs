//! Attempts that nobody reads any more are read once more: the list shows news of them, a callback names them, or they were
//! given up.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::sleep;

use crate::domain::identifiers::AttemptReference;
use crate::engine::Engine;

/// So many are read at once: there may be a bad day's worth of them.
const AT_ONCE: usize = 8;
/// Between two tries to read one.
pub(super) const LOOK_AGAIN_PAUSES: [Duration; 4] =
    [Duration::from_millis(500), Duration::from_secs(2), Duration::from_secs(5), Duration::from_secs(15)];

impl Engine {
    /// Reads an attempt that nobody reads any more, until that has worked once. There may be thousands that wait for their
    /// turn, so that of each nothing is held but its name until then.
    pub(in crate::engine) fn look_again(&self, attempt: AttemptReference) {
        let Some(mut worker) = self.looks_again.want(attempt) else { return };
        let engine = self.clone();
        self.tasks.spawn(async move {
            while let Some(attempt) = worker.next() {
                if !engine.look_until_read(attempt).await {
                    engine.sweep_soon();
                }
                if engine.stopping.is_cancelled() {
                    break;
                }
            }
        });
    }

    /// `false` when it could not be read, however often that was tried. It is off the list while it is read: whoever asks for
    /// it during the reading wants what happened since, so it is read once more.
    async fn look_until_read(&self, attempt: AttemptReference) -> bool {
        for pause in LOOK_AGAIN_PAUSES {
            if Box::pin(self.look_once(attempt)).await || self.looks_again.is_wanted(attempt) {
                return true;
            }
            if self.stopping.run_until_cancelled(sleep(pause)).await.is_none() {
                break;
            }
        }
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
#[derive(Debug, Clone, Default)]
pub(in crate::engine) struct LooksAgain(Arc<Mutex<Backlog>>);

#[derive(Debug, Default)]
struct Backlog {
    wanted: BTreeSet<AttemptReference>,
    readers: usize,
    oldest_next: bool,
}

/// One of those who read at once. It reads until nothing waits.
struct Worker {
    looks: LooksAgain,
    is_left: bool,
}

impl LooksAgain {
    fn lock(&self) -> MutexGuard<'_, Backlog> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_wanted(&self, attempt: AttemptReference) -> bool {
        self.lock().wanted.contains(&attempt)
    }

    /// Puts an attempt on the list. Returns who is to read it while there may be one more; else those who read come to it.
    fn want(&self, attempt: AttemptReference) -> Option<Worker> {
        let mut backlog = self.lock();
        if !backlog.wanted.insert(attempt) || backlog.readers == AT_ONCE {
            return None;
        }
        backlog.readers += 1;
        Some(Worker { looks: self.clone(), is_left: false })
    }
}

impl Worker {
    /// The newest and the oldest by turns: somebody may be waiting for the newest, and the oldest must not starve behind newer
    /// ones that cannot be read. With the last one the worker leaves, so that nobody relies on it.
    fn next(&mut self) -> Option<AttemptReference> {
        let mut backlog = self.looks.lock();
        let next = if backlog.oldest_next { backlog.wanted.pop_first() } else { backlog.wanted.pop_last() };
        backlog.oldest_next = !backlog.oldest_next;
        if next.is_none() && !self.is_left {
            backlog.readers -= 1;
            self.is_left = true;
        }
        next
    }
}

impl Drop for Worker {
    /// One whose reading ended by a defect makes room for another.
    fn drop(&mut self) {
        if !self.is_left {
            self.looks.lock().readers -= 1;
        }
    }
}
