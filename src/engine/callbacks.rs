//! A provider calls back. What it says is never believed: it only has the provider's record read sooner.

use super::{CallbackReceipt, Engine, Refusal};
use crate::ports::Callback;

impl Engine {
    /// A genuine callback came: keeps it and has the record read.
    ///
    /// # Errors
    /// [`Refusal::StorageUnavailable`]: have it sent again.
    pub async fn called_back(&self, callback: Callback) -> Result<CallbackReceipt, Refusal> {
        let known = match callback.attempt {
            Some(reference) => self.health.journal(self.journal.find_attempt(reference).await)?,
            None => None,
        };
        let Some((operation, attempt)) = known else {
            return self.unknown_callback(callback).await;
        };
        let reference = attempt.order.reference;
        let news = self.health.journal(self.journal.keep_callback(callback).await)?;
        if news {
            self.readers.wake_refunds_of(operation.id);
            if !self.readers.wake(reference) {
                self.look_again(operation, attempt);
            }
        }
        Ok(CallbackReceipt::Kept)
    }

    /// It may be ahead of the reply that tells us its session, or about a payment that this journal lost.
    async fn unknown_callback(&self, callback: Callback) -> Result<CallbackReceipt, Refusal> {
        if callback.attempt.is_some_and(|reference| !self.readers.wake(reference)) {
            self.sweep_soon();
        }
        if !self.readers.is_idle() {
            return Ok(CallbackReceipt::AskAgain);
        }
        self.health.journal(self.journal.keep_callback(callback).await)?;
        Ok(CallbackReceipt::Ignored)
    }
}
