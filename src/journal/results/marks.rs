//! What is marked on an operation: its till was warned of it, or booked it.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::json;

use crate::domain::identifiers::OperationId;
use crate::domain::operation::Operation;
use crate::journal::error::Result;
use crate::journal::steps::entries::{append_event, load, update_operation};
use crate::journal::writing::{Step, Transaction, Writes};
use crate::ports::whole_milliseconds;

/// The till was warned of a superseded sale that was paid: what it begins next, it begins knowing that.
pub(in crate::journal) struct Warned {
    pub(in crate::journal) operation: OperationId,
    pub(in crate::journal) now: Timestamp,
}

#[async_trait]
impl Step for Warned {
    type Outcome = ();

    async fn decide(self, _: &mut Transaction<'_>) -> Result<(Writes, ())> {
        let mut writes = Writes::default();
        let now = whole_milliseconds(self.now).as_millisecond();
        for statement in [INSERT_WARNED_EVENT, UPDATE_WARNED] {
            writes.add(statement).bind(now).bind(self.operation.to_string());
        }
        Ok((writes, ()))
    }
}

/// The till booked the result. There is nothing to book before there is one.
pub(in crate::journal) struct Acknowledge {
    pub(in crate::journal) operation: OperationId,
    pub(in crate::journal) now: Timestamp,
}

#[async_trait]
impl Step for Acknowledge {
    type Outcome = Operation;

    async fn decide(self, transaction: &mut Transaction<'_>) -> Result<(Writes, Operation)> {
        let mut writes = Writes::default();
        let operation = load(transaction, self.operation).await?;
        let now = whole_milliseconds(self.now);
        let Some(acknowledged) = operation.acknowledged(now) else { return Ok((writes, operation)) };
        append_event(&mut writes, &operation.attempt, "acknowledged", &json!({"event": "acknowledged"}), now)?;
        update_operation(&mut writes, &operation, &acknowledged);
        Ok((writes, acknowledged))
    }
}

const INSERT_WARNED_EVENT: &str = "\
    INSERT INTO event (at, operation, attempt, name, event, phase) SELECT ?, o.id, a.number, 'warned', \
    '{\"event\":\"warned\"}', a.phase FROM operation o JOIN attempt a ON a.reference = o.deciding_attempt WHERE o.id = ? \
    AND o.warned_at IS NULL";

const UPDATE_WARNED: &str = "UPDATE operation SET warned_at = ? WHERE id = ? AND warned_at IS NULL";
