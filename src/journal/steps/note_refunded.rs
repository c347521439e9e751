//! Money of a sale that was given back by somebody else.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::json;

use super::entries::{append_event, load, raise_alarm, replace_alarm};
use crate::domain::attempt::Alarm;
use crate::domain::identifiers::OperationId;
use crate::journal::error::Result;
use crate::journal::rows::get;
use crate::journal::writing::{Step, Transaction, Writes};
use crate::ports::{JournalError, Refunded, whole_milliseconds};

/// Somebody else gave money of a sale back.
pub(in crate::journal) struct NoteRefunded {
    pub(in crate::journal) sale: OperationId,
    pub(in crate::journal) refunded: Refunded,
    pub(in crate::journal) alarm: Option<Alarm>,
    pub(in crate::journal) now: Timestamp,
}

#[async_trait]
impl Step for NoteRefunded {
    type Outcome = bool;

    async fn decide(self, transaction: &mut Transaction<'_>) -> Result<(Writes, bool)> {
        let mut writes = Writes::default();
        let sale = load(transaction, self.sale).await?;
        let known = refunded_elsewhere(transaction, self.sale).await?;
        let sent_back = sent_back(transaction, self.sale).await?;
        let Some(elsewhere) = self.refunded.news_elsewhere(sent_back, known) else { return Ok((writes, false)) };
        let now = whole_milliseconds(self.now);
        writes
            .add("UPDATE operation SET refunded_elsewhere = ?, updated_at = ? WHERE id = ?")
            .bind(elsewhere)
            .bind(now.as_millisecond())
            .bind(self.sale.to_string());
        let event = json!({"event": "refunded_elsewhere", "amount": elsewhere});
        append_event(&mut writes, &sale.attempt, "refunded_elsewhere", &event, now)?;
        // Without it on disk, the next refund could be the one that this tells of.
        if let Some(alarm) = &self.alarm {
            replace_alarm(&mut writes, self.sale, alarm.kind, now);
            raise_alarm(&mut writes, &sale, alarm, now);
        }
        Ok((writes, true))
    }
}

/// What others gave back of the sale, in minor units.
pub(super) async fn refunded_elsewhere(transaction: &mut Transaction<'_>, sale: OperationId) -> Result<i64> {
    let row = transaction.row(REFUNDED_ELSEWHERE, &[&sale.to_string()]).await?.ok_or(JournalError::NotFound)?;
    get(&row, "refunded_elsewhere")
}

/// The sum of every refund of the sale that may stand in the provider's books: one that is only reserved was never sent.
async fn sent_back(transaction: &mut Transaction<'_>, sale: OperationId) -> Result<i64> {
    let row = transaction.row(SENT_BACK, &[&sale.to_string()]).await?.ok_or(JournalError::NotFound)?;
    get(&row, "sent_back")
}

/// What may have been sent of the refunds of a sale.
pub(in crate::journal) const SENT_BACK: &str = "\
    SELECT COALESCE(SUM(a.set_aside), 0) AS sent_back FROM operation refund JOIN attempt a ON a.operation = refund.id \
    WHERE refund.original = ? AND a.phase <> 'reserved'";

/// What the back office gave back of a sale.
pub(in crate::journal) const REFUNDED_ELSEWHERE: &str = "SELECT refunded_elsewhere FROM operation WHERE id = ?";
