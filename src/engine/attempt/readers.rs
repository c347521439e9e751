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
pub(in crate::engine) struct Readers {
    readers: Arc<Mutex<BTreeMap<AttemptReference, Reader>>>,
}

/// The right to read one attempt; dropping it gives the right back.
#[derive(Debug)]
pub(super) struct Claim {
    readers: Readers,
    attempt: AttemptReference,
    wake: Arc<Notify>,
}

impl Readers {
    /// Takes the right to read an attempt; `None` when somebody has it.
    pub(super) fn claim(&self, attempt: AttemptReference, of: &Operation) -> Option<Claim> {
        let mut readers = self.lock();
        if readers.contains_key(&attempt) {
            return None;
        }
        let wake = Arc::new(Notify::new());
        let reader = Reader {
            wake: Arc::clone(&wake),
            operation: of.id,
            till: of.till.clone(),
            original: of.original,
            at_terminal: AtTerminal::default(),
        };
        readers.insert(attempt, reader);
        metrics::gauge!("pos_bridge_open_attempts").set(count(readers.len()));
        Some(Claim { readers: self.clone(), attempt, wake })
    }

    /// Has the attempt read soon; `false` when nobody reads it.
    pub(in crate::engine) fn wake(&self, attempt: AttemptReference) -> bool {
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
    pub(in crate::engine) fn at_terminal(&self, attempt: AttemptReference) -> AtTerminal {
        self.lock().get(&attempt).map(|reader| reader.at_terminal).unwrap_or_default()
    }

    /// What goes on at the terminals of a till.
    pub(in crate::engine) fn at_terminals_of(&self, till: &TillId) -> Vec<(AttemptReference, OperationId, AtTerminal)> {
        let readers = self.lock();
        let own = readers.iter().filter(|(_, reader)| reader.till == *till);
        own.map(|(attempt, reader)| (*attempt, reader.operation, reader.at_terminal)).collect()
    }

    /// Whether somebody reads the attempt.
    pub(in crate::engine) fn is_read(&self, attempt: AttemptReference) -> bool {
        self.lock().contains_key(&attempt)
    }

    /// Has every open refund of a sale read soon.
    pub(in crate::engine) fn wake_refunds_of(&self, sale: OperationId) {
        for reader in self.lock().values().filter(|reader| reader.original == Some(sale)) {
            reader.wake.notify_one();
        }
    }

    /// Whether nothing is under way.
    pub(in crate::engine) fn is_idle(&self) -> bool {
        self.lock().is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<AttemptReference, Reader>> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Claim {
    /// Returns when somebody wants the attempt read soon.
    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }
}

impl Drop for Claim {
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
mod tests;
