//! Who waits for which operation. A till that waits costs one small entry here and nothing else.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use crate::domain::identifiers::OperationId;
use crate::domain::operation::Operation;

type Latest = watch::Sender<Option<Operation>>;

/// Everybody who waits for an operation.
#[derive(Clone, Default)]
pub(super) struct Waiters {
    waited_for: Arc<Mutex<HashMap<OperationId, Latest>>>,
}

/// Somebody who waits for an operation; dropping it ends the waiting.
pub(super) struct Waiting {
    waiters: Waiters,
    operation: OperationId,
    latest: watch::Receiver<Option<Operation>>,
}

impl Waiters {
    /// Starts waiting: every state published from now on is seen.
    pub(super) fn wait_for(&self, operation: OperationId) -> Waiting {
        let mut waited_for = self.lock();
        let latest = waited_for.entry(operation).or_insert_with(|| watch::channel(None).0).subscribe();
        Waiting { waiters: self.clone(), operation, latest }
    }

    /// Tells everybody who waits for this operation what it is now.
    pub(super) fn publish(&self, operation: &Operation) {
        if let Some(latest) = self.lock().get(&operation.id) {
            latest.send_replace(Some(operation.clone()));
        }
    }

    /// Whether anybody waits for this operation.
    pub(super) fn anybody_waits(&self, operation: OperationId) -> bool {
        self.lock().contains_key(&operation)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<OperationId, Latest>> {
        self.waited_for.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// The next state that is published; `None` only when the program ends.
    pub(super) async fn next(&mut self) -> Option<Operation> {
        self.latest.changed().await.ok()?;
        self.latest.borrow_and_update().clone()
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut waited_for = self.waiters.lock();
        let last = waited_for.get(&self.operation).is_some_and(|latest| latest.receiver_count() <= 1);
        if last {
            waited_for.remove(&self.operation);
        }
    }
}
