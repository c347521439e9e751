//! The outbox: results that are to be pushed to their tills.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use sqlx::SqlitePool;

use super::told::{Told, note_told};
use crate::domain::card::without_card_numbers;
use crate::domain::identifiers::TillId;
use crate::domain::operation::Operation;
use crate::journal::error::{Result, of_step};
use crate::journal::rows::{self, get};
use crate::journal::writing::{Step, Transaction, Writes};
use crate::ports::{JournalError, OutboxEntry, Pushes, whole_milliseconds};

/// What was given up is kept in the outbox for so long. The result itself stays in the journal.
const UNDELIVERED_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Whose results are pushed.
#[derive(Debug, Clone, Default)]
pub(in crate::journal) struct Outbox(Arc<HashSet<TillId>>);

impl Outbox {
    pub(in crate::journal) fn of(tills: HashSet<TillId>) -> Self {
        Self(Arc::new(tills))
    }

    /// Has a result pushed whose event was just appended; writes nothing for the other tills.
    pub(in crate::journal) fn add(&self, writes: &mut Writes, operation: &Operation, now: Timestamp) {
        if !operation.status().is_final() || !self.0.contains(&operation.till) {
            return;
        }
        writes
            .add(INSERT_PUSH)
            .bind(operation.till.as_str())
            .bind(operation.id.to_string())
            .bind(now.as_millisecond())
            .bind(now.as_millisecond());
    }
}

/// The till took a result, or there was none to take any more.
pub(super) struct Pushed {
    pub(super) number: i64,
    pub(super) told: Option<Told>,
}

#[async_trait]
impl Step for Pushed {
    type Outcome = ();
    /// A note that a crash takes along has the same message sent once more.
    fn can_wait(&self) -> bool {
        true
    }

    async fn decide(self, _: &mut Transaction<'_>) -> Result<(Writes, ())> {
        let mut writes = Writes::default();
        writes.add("DELETE FROM push WHERE number = ?").bind(self.number);
        if let Some(told) = self.told {
            note_told(&mut writes, &[told]);
        }
        Ok((writes, ()))
    }
}

/// A try failed.
pub(super) struct Postpone {
    pub(super) number: i64,
    pub(super) since: Timestamp,
    pub(super) why: String,
    pub(super) due_at: Option<Timestamp>,
    pub(super) now: Timestamp,
}

#[async_trait]
impl Step for Postpone {
    type Outcome = ();
    fn can_wait(&self) -> bool {
        true
    }

    async fn decide(self, _: &mut Transaction<'_>) -> Result<(Writes, ())> {
        let mut writes = Writes::default();
        writes
            .add("UPDATE push SET tries = tries + 1, since = ?, last_error = ?, due_at = ? WHERE number = ?")
            .bind(self.since.as_millisecond())
            .bind(without_card_numbers(&self.why))
            .bind(self.due_at.map(Timestamp::as_millisecond))
            .bind(self.number);
        if self.due_at.is_none() {
            let kept_since = self.now.saturating_sub(UNDELIVERED_KEPT).unwrap_or(Timestamp::MIN);
            writes.add("DELETE FROM push WHERE due_at IS NULL AND since < ?").bind(kept_since.as_millisecond());
        }
        Ok((writes, ()))
    }
}

/// Results of tills that are gone, or are pushed to no more: nobody would ever try them.
pub(super) struct GiveUpUnwanted {
    pub(super) outbox: Outbox,
}

#[async_trait]
impl Step for GiveUpUnwanted {
    type Outcome = ();
    /// The next start does it again.
    fn can_wait(&self) -> bool {
        true
    }

    async fn decide(self, _: &mut Transaction<'_>) -> Result<(Writes, ())> {
        let wanted = Value::from_iter(self.outbox.0.iter().map(TillId::as_str)).to_string();
        let mut writes = Writes::default();
        writes
            .add(
                "UPDATE push SET due_at = NULL, last_error = 'nothing is pushed to this till any more' WHERE due_at IS NOT \
                 NULL AND till NOT IN (SELECT value FROM json_each(?))",
            )
            .bind(wanted);
        Ok((writes, ()))
    }
}

/// An operator has one sent again, or all that were given up.
pub(super) struct PushAgain {
    pub(super) number: Option<i64>,
    pub(super) now: Timestamp,
}

#[async_trait]
impl Step for PushAgain {
    type Outcome = ();

    async fn decide(self, transaction: &mut Transaction<'_>) -> Result<(Writes, ())> {
        let now = whole_milliseconds(self.now).as_millisecond();
        let mut writes = Writes::default();
        match self.number {
            Some(number) => {
                transaction.row(PUSH, &[&number.to_string()]).await?.ok_or(JournalError::NotFound)?;
                let due = "UPDATE push SET tries = 0, since = ?, due_at = ? WHERE number = ?";
                writes.add(due).bind(now).bind(now).bind(number);
            }
            None => {
                let due = "UPDATE push SET tries = 0, since = ?, due_at = ? WHERE due_at IS NULL";
                writes.add(due).bind(now).bind(now);
            }
        }
        Ok((writes, ()))
    }
}

pub(super) async fn next(pool: &SqlitePool, till: &TillId) -> Result<Option<OutboxEntry>> {
    for first in [FRESH_PUSH, NEXT_PUSH] {
        if let Some(found) = sqlx::query(first).bind(till.as_str()).fetch_optional(pool).await.map_err(of_step)? {
            return rows::push(&found).map(Some);
        }
    }
    Ok(None)
}

pub(super) async fn pushes(pool: &SqlitePool) -> Result<Pushes> {
    let oldest = sqlx::query(OLDEST_PUSHES).fetch_all(pool).await.map_err(of_step)?;
    let counts = sqlx::query(COUNT_PUSHES).fetch_one(pool).await.map_err(of_step)?;
    Ok(Pushes {
        oldest: oldest.iter().map(rows::push).collect::<Result<_>>()?,
        waiting: get(&counts, "waiting")?,
        undelivered: get(&counts, "undelivered")?,
    })
}

const INSERT_PUSH: &str = "\
    INSERT INTO push (number, till, operation, since, due_at) VALUES ((SELECT MAX(sequence) FROM event), ?, ?, ?, ?)";

/// The push with a number.
pub(in crate::journal) const PUSH: &str = "SELECT 1 FROM push WHERE number = CAST(? AS INTEGER)";

/// The first of a till's that no earlier one of its operation is ahead of.
macro_rules! first_push {
    ($which:literal) => {
        concat!(
            "SELECT number, till, operation, tries, since, due_at, last_error FROM push WHERE till = ? AND due_at IS NOT NULL ",
            $which,
            "AND NOT EXISTS (SELECT 1 FROM push earlier WHERE earlier.operation = push.operation AND earlier.due_at IS NOT NULL \
             AND earlier.number < push.number) ORDER BY due_at, number LIMIT 1"
        )
    };
}

/// What the till may take comes before what it has refused.
pub(in crate::journal) const FRESH_PUSH: &str = first_push!("AND tries = 0 ");

pub(in crate::journal) const NEXT_PUSH: &str = first_push!("");

/// As many as a person reads.
pub(in crate::journal) const OLDEST_PUSHES: &str = "\
    SELECT number, till, operation, tries, since, due_at, last_error FROM push WHERE number > 0 ORDER BY number \
    LIMIT 200";

pub(in crate::journal) const COUNT_PUSHES: &str = "\
    SELECT (SELECT COUNT(*) FROM push WHERE due_at IS NOT NULL) AS waiting, \
    (SELECT COUNT(*) FROM push WHERE due_at IS NULL) AS undelivered";
