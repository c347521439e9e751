//! Who waits for which terminal: first come, first served. Whoever waits costs one small entry here and nothing on disk.
//!
//! Only the first in a line is woken, and only it tries again: a thousand tills that wait for one terminal cost no more
//! than one does. It is woken when the terminal is freed, and once when it becomes the first, so that nothing that
//! happened in between is missed.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::domain::identifiers::ProviderTerminalId;

type Line = VecDeque<Arc<Notify>>;

/// Everybody who waits for a terminal.
#[derive(Clone, Default)]
pub(in crate::engine) struct Lines {
    lines: Arc<Mutex<HashMap<ProviderTerminalId, Line>>>,
}

/// A place in a line; dropping it leaves the line.
pub(super) struct LinePlace {
    lines: Lines,
    terminal: ProviderTerminalId,
    bell: Arc<Notify>,
}

impl Lines {
    /// The last place in the line for this terminal.
    pub(super) fn join(&self, terminal: &ProviderTerminalId) -> LinePlace {
        let bell = Arc::new(Notify::new());
        let mut lines = self.lock();
        let line = lines.entry(terminal.clone()).or_default();
        line.push_back(bell.clone());
        if line.len() == 1 {
            bell.notify_one();
        }
        metrics::gauge!("pos_bridge_queued_tills").increment(1);
        LinePlace { lines: self.clone(), terminal: terminal.clone(), bell }
    }

    /// The terminal may be free: wakes the first in its line.
    pub(in crate::engine) fn ring(&self, terminal: &ProviderTerminalId) {
        if let Some(first) = self.lock().get(terminal).and_then(VecDeque::front) {
            first.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ProviderTerminalId, Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LinePlace {
    /// Returns when this place is the first and the terminal may be free.
    pub(super) async fn turn(&self) {
        self.bell.notified().await;
    }

    /// Nobody is before this place.
    pub(super) fn is_first(&self) -> bool {
        let lines = self.lines.lock();
        lines.get(&self.terminal).and_then(VecDeque::front).is_some_and(|first| Arc::ptr_eq(first, &self.bell))
    }
}

impl Drop for LinePlace {
    fn drop(&mut self) {
        metrics::gauge!("pos_bridge_queued_tills").decrement(1);
        let mut lines = self.lines.lock();
        let Some(line) = lines.get_mut(&self.terminal) else { return };
        let Some(position) = line.iter().position(|bell| Arc::ptr_eq(bell, &self.bell)) else { return };
        line.remove(position);
        match line.front() {
            None => drop(lines.remove(&self.terminal)),
            Some(next) if position == 0 => next.notify_one(),
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests;
