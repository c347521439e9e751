//! Who waits for which operation. A till that waits costs one small entry here and nothing else.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::domain::identifiers::OperationId;

type Bells = HashMap<OperationId, watch::Sender<()>>;

/// Everybody who waits for an operation. A bell only says that something was committed; what, the journal tells.
#[derive(Clone, Default)]
pub(super) struct Waiters {
    bells: Arc<Mutex<Bells>>,
}

/// Somebody who waits for an operation; dropping it ends the waiting.
pub(super) struct Waiting {
    waiters: Waiters,
    operation: OperationId,
    bell: watch::Receiver<()>,
}

impl Waiters {
    /// Starts waiting: every ring from now on is heard.
    pub(super) fn wait_for(&self, operation: OperationId) -> Waiting {
        let bell = self.lock().entry(operation).or_insert_with(|| watch::channel(()).0).subscribe();
        Waiting { waiters: self.clone(), operation, bell }
    }

    /// Rings for everybody who waits for this operation.
    pub(super) fn ring(&self, operation: OperationId) {
        if let Some(bell) = self.lock().get(&operation) {
            bell.send_replace(());
        }
    }

    /// Whether anybody waits for this operation.
    pub(super) fn anybody_waits(&self, operation: OperationId) -> bool {
        self.lock().contains_key(&operation)
    }

    fn lock(&self) -> MutexGuard<'_, Bells> {
        self.bells.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// Returns when something was committed since the last time.
    pub(super) async fn rung(&mut self) {
        // The bell hangs for as long as somebody waits, so this cannot fail.
        let _ = self.bell.changed().await;
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut bells = self.waiters.lock();
        if bells.get(&self.operation).is_some_and(|bell| bell.receiver_count() <= 1) {
            bells.remove(&self.operation);
        }
    }
}
