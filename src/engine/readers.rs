//! Which attempts are being read right now: one reader per attempt, and a way to wake it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::domain::identifiers::{AttemptReference, OperationId, TillId};
use crate::domain::operation::Operation;
use crate::domain::prompt::AtTerminal;

#[derive(Debug, Clone)]
struct Reader {
    wake: Arc<Notify>,
    operation: OperationId,
    till: TillId,
    /// The sale that this attempt gives back, so that news of the sale wakes its refunds too.
    original: Option<OperationId>,
    /// What the last reading told of the terminal.
    at_terminal: AtTerminal,
}

/// The attempts that have a reader.
#[derive(Debug, Clone, Default)]
pub(super) struct Readers {
    readers: Arc<Mutex<BTreeMap<AttemptReference, Reader>>>,
}

/// The right to read one attempt; dropping it gives the right back.
#[derive(Debug)]
pub(super) struct Reading {
    readers: Readers,
    attempt: AttemptReference,
    wake: Arc<Notify>,
}

impl Readers {
    /// Takes the right to read an attempt; `None` when somebody has it.
    pub(super) fn claim(&self, attempt: AttemptReference, of: &Operation) -> Option<Reading> {
        let reader = Reader {
            wake: Arc::default(),
            operation: of.id,
            till: of.till.clone(),
            original: of.original,
            at_terminal: AtTerminal::default(),
        };
        self.enter(attempt, reader)
    }

    fn enter(&self, attempt: AttemptReference, reader: Reader) -> Option<Reading> {
        let mut readers = self.lock();
        if readers.contains_key(&attempt) {
            return None;
        }
        let wake = Arc::clone(&reader.wake);
        readers.insert(attempt, reader);
        metrics::gauge!("pos_bridge_open_attempts").set(count(readers.len()));
        Some(Reading { readers: self.clone(), attempt, wake })
    }

    /// Has the attempt read soon; `false` when nobody reads it.
    pub(super) fn wake(&self, attempt: AttemptReference) -> bool {
        let readers = self.lock();
        let reader = readers.get(&attempt);
        if let Some(reader) = reader {
            reader.wake.notify_one();
        }
        reader.is_some()
    }

    /// Keeps what a reading told of the terminal; `true` when that is news.
    pub(super) fn show(&self, attempt: AttemptReference, at_terminal: AtTerminal) -> bool {
        let mut readers = self.lock();
        let Some(reader) = readers.get_mut(&attempt) else { return false };
        std::mem::replace(&mut reader.at_terminal, at_terminal) != at_terminal
    }

    /// What the last reading told of the terminal.
    pub(super) fn at_terminal(&self, attempt: AttemptReference) -> AtTerminal {
        self.lock().get(&attempt).map(|reader| reader.at_terminal).unwrap_or_default()
    }

    /// What goes on at the terminals of a till.
    pub(super) fn at_terminals_of(&self, till: &TillId) -> Vec<(AttemptReference, OperationId, AtTerminal)> {
        let readers = self.lock();
        let own = readers.iter().filter(|(_, reader)| reader.till == *till);
        own.map(|(attempt, reader)| (*attempt, reader.operation, reader.at_terminal)).collect()
    }

    /// Whether somebody reads the attempt.
    pub(super) fn is_read(&self, attempt: AttemptReference) -> bool {
        self.lock().contains_key(&attempt)
    }

    /// Has every open refund of a sale read soon.
    pub(super) fn wake_refunds_of(&self, sale: OperationId) {
        for reader in self.lock().values().filter(|reader| reader.original == Some(sale)) {
            reader.wake.notify_one();
        }
    }

    /// Whether nothing is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.lock().is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<AttemptReference, Reader>> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reading {
    /// Returns when somebody wants the attempt read soon.
    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        let mut readers = self.readers.lock();
        readers.remove(&self.attempt);
        metrics::gauge!("pos_bridge_open_attempts").set(count(readers.len()));
    }
}

/// A gauge's value; exact far beyond any number of attempts.
fn count(attempts: usize) -> u32 {
    u32::try_from(attempts).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use ulid::Ulid;

    use super::*;

    fn reader() -> Reader {
        Reader {
            wake: Arc::default(),
            operation: OperationId(Ulid::from_parts(1, 1)),
            till: TillId::new("till-1").unwrap(),
            original: None,
            at_terminal: AtTerminal::default(),
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn an_attempt_is_read_by_one_at_a_time_and_whoever_lets_go_makes_room() {
        let (readers, reading, read) =
            (Readers::default(), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let attempt = AttemptReference::new(Ulid::from_parts(1, 1));
        let tasks = (0..100).map(|_| {
            let (readers, reading, read) = (readers.clone(), reading.clone(), read.clone());
            tokio::spawn(async move {
                while read.load(Ordering::SeqCst) < 1000 {
                    let Some(right) = readers.enter(attempt, reader()) else {
                        tokio::task::yield_now().await;
                        continue;
                    };
                    assert_eq!(reading.fetch_add(1, Ordering::SeqCst), 0, "two read it at once");
                    assert!(readers.wake(attempt));
                    right.woken().await;
                    read.fetch_add(1, Ordering::SeqCst);
                    reading.fetch_sub(1, Ordering::SeqCst);
                }
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
        assert!(readers.is_idle());
    }
}
