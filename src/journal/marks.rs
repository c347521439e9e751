//! Small steps: what the till knows, callbacks, alarms, money given back elsewhere.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::json;
use sqlx::SqliteConnection;

use super::entries::{append_event, load, raise_alarm, update_operation};
use super::error::of_step;
use super::rows::whole_milliseconds;
use super::step::Step;
use super::writes::Writes;
use crate::domain::attempt::Alarm;
use crate::domain::card::without_card_numbers;
use crate::domain::identifiers::OperationId;
use crate::domain::operation::Operation;
use crate::ports::{Callback, JournalError};

type Result<T> = std::result::Result<T, JournalError>;

/// The till was given the final result of an attempt. What is not final, or no longer the result, is not noted: a note
/// allows the till's next request to run again.
pub(super) struct Told {
    pub(super) operation: OperationId,
    pub(super) attempt: u32,
    pub(super) now: Timestamp,
}

#[async_trait]
impl Step for Told {
    type Outcome = ();
    /// A till that sells again at once must not wait for the note of its last sale. A note that a crash takes along
    /// makes the till hear its result once more: harmless.
    const CAN_WAIT: bool = true;

    async fn run(self, connection: &mut SqliteConnection) -> Result<()> {
        let operation = load(connection, self.operation).await?;
        let is_result = operation.attempt.number == self.attempt && operation.status().is_final();
        if !is_result || operation.told_at.is_some() {
            return Ok(());
        }
        let now = whole_milliseconds(self.now);
        let mut writes = Writes::default();
        append_event(&mut writes, &operation.attempt, "told", &json!({"event": "told"}), now)?;
        update_operation(&mut writes, &Operation { told_at: Some(now), ..operation });
        writes.run(connection).await
    }
}

/// The till booked the result. There is nothing to book before there is one.
pub(super) struct Acknowledge {
    pub(super) operation: OperationId,
    pub(super) now: Timestamp,
}

#[async_trait]
impl Step for Acknowledge {
    type Outcome = Operation;

    async fn run(self, connection: &mut SqliteConnection) -> Result<Operation> {
        let operation = load(connection, self.operation).await?;
        if operation.acknowledged_at.is_some() || !operation.status().is_final() {
            return Ok(operation);
        }
        let now = whole_milliseconds(self.now);
        let mut writes = Writes::default();
        append_event(&mut writes, &operation.attempt, "acknowledged", &json!({"event": "acknowledged"}), now)?;
        let operation = Operation { acknowledged_at: Some(now), updated_at: now, ..operation };
        update_operation(&mut writes, &operation);
        writes.run(connection).await?;
        Ok(operation)
    }
}

/// Somebody else gave money of a sale back. A reading that says less than is known is stale.
pub(super) struct NoteRefundedElsewhere {
    pub(super) sale: OperationId,
    pub(super) minor: i64,
    pub(super) now: Timestamp,
}

#[async_trait]
impl Step for NoteRefundedElsewhere {
    type Outcome = bool;

    async fn run(self, connection: &mut SqliteConnection) -> Result<bool> {
        let sale = load(connection, self.sale).await?;
        let now = whole_milliseconds(self.now);
        let noted = sqlx::query(
            "UPDATE operation SET refunded_elsewhere = $2, updated_at = $3 WHERE id = $1 AND refunded_elsewhere < $2",
        )
        .bind(self.sale.to_string())
        .bind(self.minor)
        .bind(now.as_millisecond())
        .execute(&mut *connection)
        .await
        .map_err(of_step)?;
        if noted.rows_affected() == 0 {
            return Ok(false);
        }
        let event = json!({"event": "refunded_elsewhere", "amount": self.minor});
        let mut writes = Writes::default();
        append_event(&mut writes, &sale.attempt, "refunded_elsewhere", &event, now)?;
        writes.run(connection).await?;
        Ok(true)
    }
}

/// An alarm that does not come of an event.
pub(super) struct Raise {
    pub(super) operation: OperationId,
    pub(super) alarm: Alarm,
    pub(super) now: Timestamp,
}

#[async_trait]
impl Step for Raise {
    type Outcome = bool;

    async fn run(self, connection: &mut SqliteConnection) -> Result<bool> {
        let operation = load(connection, self.operation).await?;
        raise_alarm(connection, operation.id, &operation.terminal, &self.alarm, self.now).await
    }
}

/// Somebody has seen to an alarm; the first one counts.
pub(super) struct AcknowledgeAlarm {
    pub(super) id: i64,
    pub(super) by: String,
    pub(super) now: Timestamp,
}

#[async_trait]
impl Step for AcknowledgeAlarm {
    type Outcome = ();

    async fn run(self, connection: &mut SqliteConnection) -> Result<()> {
        let found = sqlx::query(
            "UPDATE alarm SET acknowledged_at = COALESCE(acknowledged_at, $2), \
             acknowledged_by = COALESCE(acknowledged_by, $3) WHERE id = $1",
        )
        .bind(self.id)
        .bind(self.now.as_millisecond())
        .bind(without_card_numbers(&self.by))
        .execute(connection)
        .await
        .map_err(of_step)?;
        if found.rows_affected() == 0 { Err(JournalError::NotFound) } else { Ok(()) }
    }
}

#[async_trait]
impl Step for Callback {
    type Outcome = bool;

    async fn run(self, connection: &mut SqliteConnection) -> Result<bool> {
        let kept = sqlx::query(
            "INSERT INTO callback (provider, delivery, attempt, query, received_at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (provider, delivery) DO NOTHING",
        )
        .bind(self.provider.name())
        .bind(self.delivery)
        .bind(self.attempt.map(|attempt| attempt.to_string()))
        .bind(without_card_numbers(&self.query))
        .bind(self.received_at.as_millisecond())
        .execute(connection)
        .await
        .map_err(of_step)?;
        Ok(kept.rows_affected() > 0)
    }
}

/// Writes one row durably, to measure the disk.
pub(super) struct Probe {
    pub(super) now: Timestamp,
}

#[async_trait]
impl Step for Probe {
    type Outcome = ();

    async fn run(self, connection: &mut SqliteConnection) -> Result<()> {
        sqlx::query("INSERT INTO probe (id, at) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET at = excluded.at")
            .bind(self.now.as_millisecond())
            .execute(connection)
            .await
            .map_err(of_step)?;
        Ok(())
    }
}
