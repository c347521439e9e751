//! Alarms that do not come of an event, and those that somebody has seen to.

use async_trait::async_trait;
use jiff::Timestamp;

use super::entries::{INSERT_ALARM, load, raise_alarm, stands};
use crate::domain::attempt::Alarm;
use crate::domain::card::without_card_numbers;
use crate::domain::directory::Terminal;
use crate::domain::identifiers::OperationId;
use crate::journal::error::Result;
use crate::journal::rows::get;
use crate::journal::writing::{Step, Transaction, Writes};
use crate::ports::{AlarmState, JournalError, LostPayment};

/// An alarm that does not come of an event. Whoever finds its cause comes back to it, so it is raised once for ever.
pub(in crate::journal) struct Raise {
    pub(in crate::journal) operation: OperationId,
    pub(in crate::journal) alarm: Alarm,
    pub(in crate::journal) now: Timestamp,
}

#[async_trait]
impl Step for Raise {
    type Outcome = bool;

    async fn decide(self, transaction: &mut Transaction<'_>) -> Result<(Writes, bool)> {
        let mut writes = Writes::default();
        let operation = load(transaction, self.operation).await?;
        let (subject, text) = (operation.id.to_string(), without_card_numbers(&self.alarm.text));
        let known = transaction.row(SAME_ALARM, &[&subject, self.alarm.kind.name(), &text]).await?.is_some();
        if known || stands(transaction, operation.id, self.alarm.kind).await? {
            return Ok((writes, false));
        }
        raise_alarm(&mut writes, &operation, &self.alarm, self.now);
        Ok((writes, true))
    }
}

#[async_trait]
impl Step for LostPayment {
    type Outcome = AlarmState;

    /// Once for ever, since the sweep comes back to it every hour.
    async fn decide(self, transaction: &mut Transaction<'_>) -> Result<(Writes, AlarmState)> {
        let mut writes = Writes::default();
        let subject = self.reference.to_string();
        if let Some(known) = transaction.row(KNOWN_ALARM, &[&subject, self.alarm.kind.name()]).await? {
            let seen_to = get::<Option<i64>>(&known, "acknowledged_at")?.is_some();
            return Ok((writes, if seen_to { AlarmState::Acknowledged } else { AlarmState::Standing }));
        }
        let terminal = self.terminal.as_ref();
        writes
            .add(INSERT_ALARM)
            .bind(subject)
            .bind(self.alarm.kind.name())
            .bind(without_card_numbers(&self.alarm.text))
            .bind(None::<String>)
            .bind(terminal.map(|terminal| terminal.name.as_str()))
            .bind(terminal.map(Terminal::device))
            .bind(self.now.as_millisecond());
        Ok((writes, AlarmState::Raised))
    }
}

/// Somebody has seen to an alarm; the first one counts.
pub(in crate::journal) struct AcknowledgeAlarm {
    pub(in crate::journal) id: i64,
    pub(in crate::journal) by: String,
    pub(in crate::journal) now: Timestamp,
}

#[async_trait]
impl Step for AcknowledgeAlarm {
    type Outcome = ();

    async fn decide(self, transaction: &mut Transaction<'_>) -> Result<(Writes, ())> {
        transaction.row(ALARM, &[&self.id.to_string()]).await?.ok_or(JournalError::NotFound)?;
        let mut writes = Writes::default();
        writes
            .add("UPDATE alarm SET acknowledged_at = ?, acknowledged_by = ? WHERE id = ? AND acknowledged_at IS NULL")
            .bind(self.now.as_millisecond())
            .bind(without_card_numbers(&self.by))
            .bind(self.id);
        Ok((writes, ()))
    }
}

/// The alarm on a subject, by its kind and its words, seen to or not.
pub(in crate::journal) const SAME_ALARM: &str = "SELECT 1 FROM alarm WHERE subject = ? AND kind = ? AND text = ?";

/// The alarm on a payment, by its kind, seen to or not.
pub(in crate::journal) const KNOWN_ALARM: &str = "SELECT acknowledged_at FROM alarm WHERE subject = ? AND kind = ?";

/// The alarm with a number.
pub(in crate::journal) const ALARM: &str = "SELECT 1 FROM alarm WHERE id = CAST(? AS INTEGER)";
