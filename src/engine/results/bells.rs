//! Who is to hear that a till has a new result: whoever pushes it, and whoever streams it.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::watch;

use crate::domain::identifiers::TillId;

/// A bell for every till.
#[derive(Clone, Default)]
pub(in crate::engine) struct Bells(Arc<HashMap<TillId, watch::Sender<()>>>);

impl Bells {
    /// Bells for these tills.
    pub(in crate::engine) fn of(tills: impl Iterator<Item = TillId>) -> Self {
        Self(Arc::new(tills.map(|till| (till, watch::Sender::new(()))).collect()))
    }

    /// Every ring from now on is heard; `None` for a till that nobody knows.
    pub(super) fn listen(&self, till: &TillId) -> Option<watch::Receiver<()>> {
        self.0.get(till).map(watch::Sender::subscribe)
    }

    /// A result of this till was committed.
    pub(in crate::engine) fn ring(&self, till: &TillId) {
        if let Some(bell) = self.0.get(till) {
            bell.send_replace(());
        }
    }

    /// Something may have changed for any till.
    pub(in crate::engine) fn ring_all(&self) {
        for bell in self.0.values() {
            bell.send_replace(());
        }
    }
}
