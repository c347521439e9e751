//! Who waits for which operation. A till that waits costs one small entry here and nothing else.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::domain::identifiers::OperationId;
use crate::domain::operation::Operation;

/// Rings with what was just committed of an operation.
type Bell = watch::Sender<Option<Arc<Operation>>>;

/// Everybody who waits for an operation.
#[derive(Clone, Default)]
pub(in crate::engine) struct Waiters {
    bells: Arc<Mutex<HashMap<OperationId, Bell>>>,
}

/// Somebody who waits for an operation; dropping it ends the waiting.
pub struct Waiting {
    // In this order: a bell is let go before it is looked whether it hangs for anybody else.
    bell: watch::Receiver<Option<Arc<Operation>>>,
    hook: Hook,
}

/// Whose bell it is; whoever leaves last takes it down.
struct Hook {
    waiters: Waiters,
    operation: OperationId,
}

impl Waiters {
    /// Starts waiting: every ring from now on is heard.
    pub(in crate::engine) fn wait_for(&self, operation: OperationId) -> Waiting {
        let bell = self.lock().entry(operation).or_insert_with(|| watch::channel(None).0).subscribe();
        Waiting { bell, hook: Hook { waiters: self.clone(), operation } }
    }

    /// Rings for everybody who waits for this operation, with what was just committed of it.
    pub(in crate::engine) fn ring(&self, operation: &Operation) {
        if let Some(bell) = self.lock().get(&operation.id) {
            bell.send_replace(Some(Arc::new(operation.clone())));
        }
    }

    /// Whether anybody waits for this operation.
    pub(in crate::engine) fn anybody_waits(&self, operation: OperationId) -> bool {
        self.lock().contains_key(&operation)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<OperationId, Bell>> {
        self.bells.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// Returns when something was committed since the last time. What it was may be older than what the journal holds by
    /// now, since two commits can ring in the other order.
    pub(in crate::engine) async fn rung(&mut self) -> Option<Arc<Operation>> {
        // The bell hangs for as long as somebody waits, so this cannot fail.
        let _ = self.bell.changed().await;
        self.bell.borrow_and_update().clone()
    }
}

impl fmt::Debug for Waiting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Waiting({})", self.hook.operation)
    }
}

impl Drop for Hook {
    fn drop(&mut self) {
        let mut bells = self.waiters.lock();
        if bells.get(&self.operation).is_some_and(|bell| bell.receiver_count() == 0) {
            bells.remove(&self.operation);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_leaves_last_takes_the_bell_down() {
        let waiters = Waiters::default();
        let operation = OperationId(ulid::Ulid::from_parts(1, 1));
        let (first, second) = (waiters.wait_for(operation), waiters.wait_for(operation));
        drop(first);
        assert!(waiters.anybody_waits(operation));
        drop(second);
        assert!(!waiters.anybody_waits(operation));
    }
}
