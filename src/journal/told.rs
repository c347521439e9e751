//! What tills were told. Every sale is told once, and nobody waits for the note of it: those that come while a commit is
//! under way are written together.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::error::Result;
use super::rows::whole_milliseconds;
use super::step::Step;
use super::transaction::{Transaction, Writes};
use crate::domain::identifiers::OperationId;
use crate::domain::operation::Status;

/// The till was given the final result of an attempt. What is not final, or no longer the result (the provider took it
/// back meanwhile), is not noted: a note allows the till's next request to run again.
pub(super) struct Told {
    pub(super) operation: OperationId,
    pub(super) attempt: u32,
    pub(super) status: Status,
    pub(super) now: Timestamp,
}

impl Told {
    fn row(&self) -> Value {
        let at = whole_milliseconds(self.now).as_millisecond();
        json!([at, self.operation.to_string(), self.attempt, self.status.name()])
    }
}

/// The notes that wait to be written.
#[derive(Clone, Default)]
pub(super) struct Notes(Arc<Mutex<Vec<Told>>>);

impl Notes {
    /// Adds a note; returns the step that writes it, unless the step of another note has written it by then.
    pub(super) fn add(&self, told: Told) -> WriteNotes {
        self.lock().push(told);
        WriteNotes(self.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Told>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes every note that waits when its turn comes.
pub(super) struct WriteNotes(Notes);

#[async_trait]
impl Step for WriteNotes {
    type Outcome = ();
    /// A till that sells again at once must not wait for the note of its last sale. A note that a crash takes along
    /// makes the till hear its result once more: harmless.
    fn can_wait(&self) -> bool {
        true
    }

    /// Nothing is read: the statements look for themselves.
    async fn decide(self, _: &mut Transaction<'_>) -> Result<(Writes, ())> {
        let mut writes = Writes::default();
        let notes = std::mem::take(&mut *self.0.lock());
        if !notes.is_empty() {
            note_told(&mut writes, &notes);
        }
        Ok((writes, ()))
    }
}

/// Writes that tills know these results.
pub(super) fn note_told(writes: &mut Writes, told: &[Told]) {
    let rows = Value::from_iter(told.iter().map(Told::row)).to_string();
    writes.add(INSERT_TOLD_EVENTS).bind(rows.clone());
    writes.add(UPDATE_TOLD).bind(rows);
}

/// Only of attempts that decide, and whose result is proven and not noted as told yet.
///
/// A plus keeps SQLite from preparing the statement anew each time, to see whether the status that is bound fits the
/// condition of a partial index.
pub(super) const INSERT_TOLD_EVENTS: &str = "\
    INSERT INTO event (at, operation, attempt, name, event, phase) SELECT MIN(told.value ->> 0), o.id, a.number, 'told', \
    '{\"event\":\"told\"}', a.phase FROM json_each(?) told CROSS JOIN operation o ON o.id = told.value ->> 1 JOIN attempt \
    a ON a.reference = o.deciding_attempt WHERE a.number = told.value ->> 2 AND +o.status = told.value ->> 3 AND o.told_at \
    IS NULL AND +o.status NOT IN ('pending', 'unknown') GROUP BY o.id";

pub(super) const UPDATE_TOLD: &str = "\
    UPDATE operation AS o SET told_at = note.at FROM (SELECT MIN(told.value ->> 0) AS at, told.value ->> 1 AS \
    operation, told.value ->> 2 AS attempt, told.value ->> 3 AS status FROM json_each(?) told GROUP BY 2, 3, 4) note \
    WHERE o.id = note.operation AND note.attempt = (SELECT number FROM attempt WHERE reference = o.deciding_attempt) AND \
    +o.status = note.status AND o.told_at IS NULL AND +o.status NOT IN ('pending', 'unknown')";
