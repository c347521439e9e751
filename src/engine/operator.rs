//! A person decides what the provider's record does not tell, and sees to alarms.

use super::{Engine, Refusal};
use crate::domain::attempt::{Event, Resolution};
use crate::domain::identifiers::OperationId;
use crate::domain::operation::Operation;
use crate::ports::{HistoryLine, JournalError, Pushes, RaisedAlarm};

impl Engine {
    /// An operator's decision on an outcome that is not proven.
    ///
    /// # Errors
    /// [`Refusal::NotResolvable`] when it is proven or may still complete; [`Refusal::NotFound`].
    pub async fn resolve(&self, id: OperationId, resolution: Resolution) -> Result<Operation, Refusal> {
        let operation = self.operation(id).await?;
        // One that is not configured any more tells no time.
        let at = self.provider(operation.provider).map_or_else(|_| self.clock.now(), |provider| provider.now());
        tracing::warn!(operation = %id, by = %resolution.by, verdict = ?resolution.verdict, "an operator decides");
        self.record_and_wake(operation.attempt.order.reference, Event::Resolved { resolution, at }).await?;
        self.operation(id).await
    }

    /// What happened to an operation.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub async fn history(&self, id: OperationId) -> Result<(Operation, Vec<HistoryLine>), Refusal> {
        let operation = self.operation(id).await?;
        let history = self.health.journal(self.journal.history(id).await)?;
        Ok((operation, history))
    }

    /// What a person must see to.
    ///
    /// # Errors
    /// [`Refusal::StorageUnavailable`] when the journal cannot be read.
    pub async fn alarms(&self) -> Result<Vec<RaisedAlarm>, Refusal> {
        self.health.journal(self.journal.alarms().await)
    }

    /// Somebody has seen to an alarm.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::StorageUnavailable`] when that cannot be written.
    pub async fn acknowledge_alarm(&self, id: i64, by: &str) -> Result<(), Refusal> {
        match self.journal.acknowledge_alarm(id, by, self.clock.now()).await {
            Err(JournalError::NotFound) => Err(Refusal::NotFound("alarm")),
            acknowledged => self.health.journal(acknowledged),
        }
    }

    /// The results that their tills have not taken yet.
    ///
    /// # Errors
    /// [`Refusal::StorageUnavailable`] when the journal cannot be read.
    pub async fn pushes(&self) -> Result<Pushes, Refusal> {
        self.health.journal(self.journal.pushes().await)
    }

    /// Has a result pushed again at once, by its number; or all that were given up.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::StorageUnavailable`] when that cannot be written.
    pub async fn push_again(&self, number: Option<i64>) -> Result<(), Refusal> {
        match self.journal.push_again(number, self.clock.now()).await {
            Err(JournalError::NotFound) => return Err(Refusal::NotFound("result to push; it was taken, perhaps")),
            written => self.health.journal(written)?,
        }
        self.health.journal(self.journal.give_up_unwanted().await)?;
        self.bells.ring_all();
        Ok(())
    }

    async fn operation(&self, id: OperationId) -> Result<Operation, Refusal> {
        self.health.journal(self.journal.operation(id).await)?.ok_or(Refusal::NotFound("operation"))
    }
}
