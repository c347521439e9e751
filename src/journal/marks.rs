//! Small steps: warnings, bookings, callbacks, alarms, money given back elsewhere.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::entries::{INSERT_ALARM, append_event, device, load, raise_alarm, stands, update_operation};
use super::rows::{get, whole_milliseconds};
use super::step::Step;
use super::transaction::{Transaction, Writes};
use crate::domain::attempt::Alarm;
use crate::domain::card::without_card_numbers;
use crate::domain::identifiers::OperationId;
use crate::domain::operation::Operation;
use crate::ports::{AlarmState, Callback, JournalError, LostPayment, Refunded, Subject};

type Result<T> = std::result::Result<T, JournalError>;

/// Callbacks are kept for so long: by then none is delivered again, and what it was about stands in the event log.
const CALLBACKS_KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// The till was warned of a superseded sale that was paid: what it begins next, it begins knowing that.
pub(super) struct Warned {
    pub(super) operation: OperationId,
    pub(super) now: Timestamp,
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
pub(super) struct Acknowledge {
    pub(super) operation: OperationId,
    pub(super) now: Timestamp,
}

#[async_trait]
impl Step for Acknowledge {
    type Outcome = Operation;

    async fn decide(self, transaction: &mut Transaction<'_>) -> Result<(Writes, Operation)> {
        let mut writes = Writes::default();
        let operation = load(transaction, self.operation).await?;
        if operation.acknowledged_at.is_some() || !operation.status().is_final() {
            return Ok((writes, operation));
        }
        let now = whole_milliseconds(self.now);
        append_event(&mut writes, &operation.attempt, "acknowledged", &json!({"event": "acknowledged"}), now)?;
        let acknowledged = Operation { acknowledged_at: Some(now), updated_at: now, ..operation.clone() };
        update_operation(&mut writes, &operation, &acknowledged);
        Ok((writes, acknowledged))
    }
}

/// Somebody else gave money of a sale back. A reading that says less than is known is stale.
pub(super) struct NoteRefunded {
    pub(super) sale: OperationId,
    pub(super) refunded: Refunded,
    pub(super) alarm: Option<Alarm>,
    pub(super) now: Timestamp,
}

#[async_trait]
impl Step for NoteRefunded {
    type Outcome = bool;

    async fn decide(self, transaction: &mut Transaction<'_>) -> Result<(Writes, bool)> {
        let mut writes = Writes::default();
        let sale = load(transaction, self.sale).await?;
        let row = transaction.row(REFUNDED_ELSEWHERE, &[&self.sale.to_string()]).await?;
        let known: i64 = get(&row.ok_or(JournalError::NotFound)?, "refunded_elsewhere")?;
        let elsewhere = match self.refunded {
            Refunded::Elsewhere(minor) => minor,
            Refunded::InAll(minor) => minor.saturating_sub(sent_back(transaction, self.sale).await?),
        };
        if elsewhere <= known {
            return Ok((writes, false));
        }
        let now = whole_milliseconds(self.now);
        writes
            .add("UPDATE operation SET refunded_elsewhere = ?, updated_at = ? WHERE id = ?")
            .bind(elsewhere)
            .bind(now.as_millisecond())
            .bind(self.sale.to_string());
        let event = json!({"event": "refunded_elsewhere", "amount": elsewhere});
        append_event(&mut writes, &sale.attempt, "refunded_elsewhere", &event, now)?;
        // Without it on disk, the next refund could be the one that this tells of.
        if let Some(alarm) = &self.alarm
            && !stands(transaction, self.sale, alarm.kind).await?
        {
            raise_alarm(&mut writes, &sale, alarm, now);
        }
        Ok((writes, true))
    }
}

/// The sum of every refund of the sale that may stand in the provider's books: one that is only reserved was never sent.
async fn sent_back(transaction: &mut Transaction<'_>, sale: OperationId) -> Result<i64> {
    let row = transaction.row(SENT_BACK, &[&sale.to_string()]).await?.ok_or(JournalError::NotFound)?;
    get(&row, "sent_back")
}

/// An alarm that does not come of an event. Whoever finds its cause comes back to it, so it is raised once for ever.
pub(super) struct Raise {
    pub(super) operation: OperationId,
    pub(super) alarm: Alarm,
    pub(super) now: Timestamp,
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
            .bind(terminal.map(|terminal| device(terminal.provider, &terminal.terminal_id)))
            .bind(self.now.as_millisecond());
        Ok((writes, AlarmState::Raised))
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

#[async_trait]
impl Step for Callback {
    type Outcome = bool;

    async fn decide(self, transaction: &mut Transaction<'_>) -> Result<(Writes, bool)> {
        let mut writes = Writes::default();
        if transaction.row(SAME_CALLBACK, &[self.provider.name(), &self.delivery]).await?.is_some() {
            return Ok((writes, false));
        }
        writes
            .add("INSERT INTO callback (provider, delivery, attempt, query, received_at) VALUES (?, ?, ?, ?, ?)")
            .bind(self.provider.name())
            .bind(self.delivery)
            .bind(self.about.map(|about| match about {
                Subject::Attempt(attempt) => attempt.to_string(),
                Subject::Payment(payment) => payment.as_str().to_owned(),
            }))
            .bind(without_card_numbers(&self.query))
            .bind(self.received_at.as_millisecond());
        let kept_since = self.received_at.saturating_sub(CALLBACKS_KEPT).unwrap_or(Timestamp::MIN);
        writes.add(FORGET_OLDEST_CALLBACKS).bind(kept_since.as_millisecond());
        Ok((writes, true))
    }
}

/// Writes one row durably, to measure the disk.
pub(super) struct Probe {
    pub(super) now: Timestamp,
}

#[async_trait]
impl Step for Probe {
    type Outcome = ();

    async fn decide(self, _: &mut Transaction<'_>) -> Result<(Writes, ())> {
        let mut writes = Writes::default();
        writes
            .add("INSERT INTO probe (id, at) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET at = excluded.at")
            .bind(self.now.as_millisecond());
        Ok((writes, ()))
    }
}

/// What may have been sent of the refunds of a sale.
pub(super) const SENT_BACK: &str = "SELECT COALESCE(SUM(a.set_aside), 0) AS sent_back FROM operation refund \
    JOIN attempt a ON a.operation = refund.id WHERE refund.original = ? AND a.phase <> 'reserved'";

/// What the back office gave back of a sale.
pub(super) const REFUNDED_ELSEWHERE: &str = "SELECT refunded_elsewhere FROM operation WHERE id = ?";

/// The alarm on a subject, by its kind and its words, seen to or not.
pub(super) const SAME_ALARM: &str = "SELECT 1 FROM alarm WHERE subject = ? AND kind = ? AND text = ?";

/// The alarm on a payment, by its kind, seen to or not.
pub(super) const KNOWN_ALARM: &str = "SELECT acknowledged_at FROM alarm WHERE subject = ? AND kind = ?";

/// The alarm with a number.
pub(super) const ALARM: &str = "SELECT 1 FROM alarm WHERE id = CAST(? AS INTEGER)";

/// A delivery of a provider.
pub(super) const SAME_CALLBACK: &str = "SELECT 1 FROM callback WHERE provider = ? AND delivery = ?";

/// Two go where one comes, so that they become fewer and no call has much to do.
pub(super) const FORGET_OLDEST_CALLBACKS: &str =
    "DELETE FROM callback WHERE rowid <= (SELECT MIN(rowid) + 1 FROM callback) AND received_at < ?";

const INSERT_WARNED_EVENT: &str = "\
    INSERT INTO event (at, operation, attempt, name, event, phase) SELECT ?, o.id, a.number, 'warned', \
    '{\"event\":\"warned\"}', a.phase FROM operation o JOIN attempt a ON a.reference = o.deciding_attempt WHERE o.id = ? \
    AND o.warned_at IS NULL";

const UPDATE_WARNED: &str = "UPDATE operation SET warned_at = ? WHERE id = ? AND warned_at IS NULL";
