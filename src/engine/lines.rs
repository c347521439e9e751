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
pub(super) struct Lines {
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
    pub(super) fn ring(&self, terminal: &ProviderTerminalId) {
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
mod tests {
    use std::pin::pin;
    use std::sync::atomic::{AtomicBool, Ordering};

    use tokio::time::{Duration, timeout};

    use super::*;

    fn terminal() -> ProviderTerminalId {
        ProviderTerminalId::new("T0292").unwrap()
    }

    async fn is_woken(place: &LinePlace) -> bool {
        // A permit that is there is taken at the first poll.
        timeout(Duration::ZERO, pin!(place.turn())).await.is_ok()
    }

    #[tokio::test]
    async fn only_the_first_is_woken_and_the_next_when_it_leaves() {
        let lines = Lines::default();
        let places: Vec<_> = (0..1000).map(|_| lines.join(&terminal())).collect();
        assert!(is_woken(&places[0]).await, "the terminal may have been freed meanwhile");
        assert!(!is_woken(&places[0]).await);
        lines.ring(&terminal());
        assert!(is_woken(&places[0]).await);
        assert!(!is_woken(&places[1]).await);
        let mut places = places.into_iter();
        drop(places.next());
        let second = places.next().unwrap();
        assert!(second.is_first() && is_woken(&second).await);
    }

    #[tokio::test]
    async fn whoever_leaves_from_the_middle_wakes_nobody_and_an_empty_line_is_gone() {
        let lines = Lines::default();
        let (first, second, third) = (lines.join(&terminal()), lines.join(&terminal()), lines.join(&terminal()));
        assert!(is_woken(&first).await);
        drop(second);
        assert!(!is_woken(&first).await && !is_woken(&third).await);
        drop(first);
        assert!(is_woken(&third).await);
        drop(third);
        assert!(lines.lock().is_empty());
    }

    /// Whoever gets it leaves the line at once, holds it for a while and rings when it is free; every fifth gives up.
    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn everybody_who_waits_gets_the_terminal_and_nobody_beside_another() {
        let (lines, held) = (Lines::default(), Arc::new(AtomicBool::new(false)));
        let tills = (0..500).map(|number| {
            let (lines, held) = (lines.clone(), held.clone());
            tokio::spawn(async move {
                let place = lines.join(&terminal());
                if number % 5 == 0 {
                    tokio::task::yield_now().await;
                    return;
                }
                loop {
                    place.turn().await;
                    if !held.swap(true, Ordering::SeqCst) {
                        break;
                    }
                }
                drop(place);
                tokio::task::yield_now().await;
                assert!(held.swap(false, Ordering::SeqCst), "somebody else let go of it");
                lines.ring(&terminal());
            })
        });
        for till in tills.collect::<Vec<_>>() {
            timeout(Duration::from_secs(30), till).await.expect("a till waits for ever").unwrap();
        }
        assert!(lines.lock().is_empty());
    }
}
