//! Counts what each caller holds, so that none holds everything.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use metrics::Gauge;

/// How much each caller holds now.
#[derive(Debug, Clone)]
pub struct Shares<K>(Arc<Mutex<HashMap<K, usize>>>);

/// One thing that a caller holds, until this is dropped.
#[derive(Debug)]
pub(in crate::http) struct Share<K: Hash + Eq> {
    shares: Shares<K>,
    caller: K,
}

impl<K> Default for Shares<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Hash + Eq + Clone> Shares<K> {
    /// One more for this caller; `None` when it holds `most` already.
    pub(in crate::http) fn take(&self, caller: K, most: usize) -> Option<Share<K>> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.entry(caller.clone()).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Share { shares: self.clone(), caller })
    }
}

impl<K: Hash + Eq> Drop for Share<K> {
    fn drop(&mut self) {
        let mut held = self.shares.0.lock().unwrap_or_else(PoisonError::into_inner);
        match held.get_mut(&self.caller) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(held.remove(&self.caller)),
        }
    }
}

/// A share that a gauge shows, until it is dropped: with the answer, or when the till hangs up.
pub(in crate::http) struct Counted<K: Hash + Eq> {
    _share: Share<K>,
    gauge: Gauge,
}

impl<K: Hash + Eq> Counted<K> {
    pub(in crate::http) fn new(share: Share<K>, gauge: Gauge) -> Self {
        gauge.increment(1);
        Self { _share: share, gauge }
    }
}

impl<K: Hash + Eq> Drop for Counted<K> {
    fn drop(&mut self) {
        self.gauge.decrement(1);
    }
}
