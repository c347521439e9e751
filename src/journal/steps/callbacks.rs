//! Callbacks, each kept once.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::domain::card::without_card_numbers;
use crate::journal::error::Result;
use crate::journal::writing::{Step, Transaction, Writes};
use crate::ports::{Callback, Subject};

/// Callbacks are kept for so long: by then none is delivered again, and what it was about stands in the event log.
const CALLBACKS_KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

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
        let too_late = self.received_at.saturating_add(CALLBACKS_KEPT).unwrap_or(Timestamp::MAX);
        let (kept_since, too_late) = (kept_since.as_millisecond(), too_late.as_millisecond());
        writes.add(FORGET_OLDEST_CALLBACKS).bind(kept_since).bind(too_late);
        Ok((writes, true))
    }
}

/// A delivery of a provider.
pub(in crate::journal) const SAME_CALLBACK: &str = "SELECT 1 FROM callback WHERE provider = ? AND delivery = ?";

/// Two go where one comes, so that they become fewer and no call has much to do. One that a wrong clock has dated far ahead
/// goes too: those that came after it wait behind it.
pub(in crate::journal) const FORGET_OLDEST_CALLBACKS: &str = "\
    DELETE FROM callback WHERE rowid <= (SELECT MIN(rowid) + 1 FROM callback) AND (received_at < ? OR received_at > \
    ?)";
