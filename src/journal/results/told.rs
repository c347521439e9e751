//! What tills were told. Every sale is told once, and nobody waits for the note of it: those that come while a commit is
//! under way are written together.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::domain::identifiers::OperationId;
use crate::domain::operation::Status;
use crate::journal::error::Result;
use crate::journal::writing::{Queue, Step, Transaction, Writes};
use crate::ports::{JournalError, whole_milliseconds};

/// The till was given the final result of an attempt. What is not final, or no longer the result (the provider took it
/// back meanwhile), is not noted: a note allows the till's next request to run again.
pub(in crate::journal) struct Told {
    pub(in crate::journal) operation: OperationId,
    pub(in crate::journal) attempt: u32,
    pub(in crate::journal) status: Status,
    pub(in crate::journal) now: Timestamp,
}

impl Told {
    fn row(&self) -> Value {
        let at = whole_milliseconds(self.now).as_millisecond();
        json!([at, self.operation.to_string(), self.attempt, self.status.name()])
    }
}

/// The notes that wait to be written.
#[derive(Clone, Default)]
pub(in crate::journal) struct Notes(Arc<Mutex<Vec<Note>>>);

/// A note, and who hears that it is on disk.
struct Note {
    told: Told,
    written: oneshot::Sender<()>,
}

impl Notes {
    /// Writes a note, with all others that wait; it may be the step of another one that writes it.
    pub(in crate::journal) async fn write(&self, queue: &Queue, told: Told) -> Result<()> {
        let (written, is_written) = oneshot::channel();
        self.lock().push(Note { told, written });
        for written in queue.commit(WriteNotes(self.clone())).await? {
            // Who no longer waits needs no word.
            let _ = written.send(());
        }
        is_written
            .await
            .map_err(|_| JournalError::Unavailable("the note could not be written with another's".to_owned()))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Note>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes every note that waits when its turn comes. Where that fails, those that hear of it are gone with it.
struct WriteNotes(Notes);

#[async_trait]
impl Step for WriteNotes {
    /// Who is to hear that the notes are on disk.
    type Outcome = Vec<oneshot::Sender<()>>;
    /// A till that sells again at once must not wait for the note of its last sale. A note that a crash takes along
    /// makes the till hear its result once more: harmless.
    fn can_wait(&self) -> bool {
        true
    }

    /// Nothing is read: the statements look for themselves.
    async fn decide(self, _: &mut Transaction<'_>) -> Result<(Writes, Self::Outcome)> {
        let mut writes = Writes::default();
        let waiting = std::mem::take(&mut *self.0.lock());
        let (told, written): (Vec<_>, Vec<_>) = waiting.into_iter().map(|note| (note.told, note.written)).unzip();
        if !told.is_empty() {
            note_told(&mut writes, &told);
        }
        Ok((writes, written))
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
pub(in crate::journal) const INSERT_TOLD_EVENTS: &str = "\
    INSERT INTO event (at, operation, attempt, name, event, phase) SELECT MIN(told.value ->> 0), o.id, a.number, 'told', \
    '{\"event\":\"told\"}', a.phase FROM json_each(?) told CROSS JOIN operation o ON o.id = told.value ->> 1 JOIN attempt \
    a ON a.reference = o.deciding_attempt WHERE a.number = told.value ->> 2 AND +o.status = told.value ->> 3 AND o.told_at \
    IS NULL AND +o.status NOT IN ('pending', 'unknown') GROUP BY o.id";

pub(in crate::journal) const UPDATE_TOLD: &str = "\
    UPDATE operation AS o SET told_at = note.at FROM (SELECT MIN(told.value ->> 0) AS at, told.value ->> 1 AS \
    operation, told.value ->> 2 AS attempt, told.value ->> 3 AS status FROM json_each(?) told GROUP BY 2, 3, 4) note \
    WHERE o.id = note.operation AND note.attempt = (SELECT number FROM attempt WHERE reference = o.deciding_attempt) AND \
    +o.status = note.status AND o.told_at IS NULL AND +o.status NOT IN ('pending', 'unknown')";
