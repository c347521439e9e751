//! A provider calls back. What it says is never believed: it only has the provider's record read sooner.

use super::{CallbackReceipt, Engine, Refusal};
use crate::domain::attempt::Kind;
use crate::domain::operation::Operation;
use crate::ports::{Callback, Subject};

impl Engine {
    /// A genuine callback came: keeps it and has the record read.
    ///
    /// # Errors
    /// [`Refusal::StorageUnavailable`]: have it sent again.
    pub async fn called_back(&self, callback: Callback) -> Result<CallbackReceipt, Refusal> {
        let known = match &callback.about {
            Some(Subject::Attempt(reference)) => self.journal.find_attempt(*reference).await,
            // Of several attempts on it the last one: its reading tells when another one was paid, while one that never
            // reached a terminal would take another's run for its own.
            Some(Subject::Payment(payment)) => {
                self.journal.find_prepared(payment, Kind::Sale).await.map(|mut found| found.pop())
            }
            None => Ok(None),
        };
        let known = self.health.journal(known)?;
        let Some((operation, attempt)) = known else {
            return self.unknown_callback(callback).await;
        };
        let reference = attempt.order.reference;
        let news = self.health.journal(self.journal.keep_callback(callback).await)?;
        if news {
            self.readers.wake_refunds_of(operation.id);
            if !self.readers.wake(reference) {
                self.look_again(reference);
            }
            self.look_at_unpaid_refunds(&operation).await?;
        }
        Ok(CallbackReceipt::Kept)
    }

    /// A callback names the sale, and may tell of a refund that had failed and is made after all. Where refunds carry no
    /// reference of ours, the payment's record does not tell which of them it was.
    async fn look_at_unpaid_refunds(&self, sale: &Operation) -> Result<(), Refusal> {
        if self.provider(sale.provider)?.refunds_one_at_a_time() {
            return Ok(());
        }
        for refund in self.health.journal(self.journal.unpaid_refunds(sale.id).await)? {
            self.look_again(refund);
        }
        Ok(())
    }

    /// It may be ahead of the reply that tells us its session, or about a payment that this journal lost.
    async fn unknown_callback(&self, callback: Callback) -> Result<CallbackReceipt, Refusal> {
        match callback.about {
            Some(Subject::Attempt(reference)) if self.readers.wake(reference) => {}
            Some(Subject::Attempt(_)) => self.sweep_soon(),
            // A whole account's payments are told of, ours among them: whatever is ours is read anyway.
            Some(Subject::Payment(_)) => {
                self.health.journal(self.journal.keep_callback(callback).await)?;
                return Ok(CallbackReceipt::Ignored);
            }
            None => {}
        }
        if !self.readers.is_idle() {
            return Ok(CallbackReceipt::AskAgain);
        }
        self.health.journal(self.journal.keep_callback(callback).await)?;
        Ok(CallbackReceipt::Ignored)
    }
}
