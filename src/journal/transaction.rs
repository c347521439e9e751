//! The writer's transaction, in as few trips to SQLite's thread as possible. A trip wakes that thread and then the
//! writer, which costs more than most statements do.

use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments, AssertSqlSafe, Encode, Sqlite, SqliteConnection, Type};

use super::error::of_step;
use crate::ports::JournalError;

/// The transaction of a batch of steps. What one step writes goes ahead of the next one's reading in the same trip, and
/// the last writes go with the commit. Each step's writes have a savepoint, so that those that fail are taken back alone.
pub(super) struct Transaction<'connection> {
    connection: &'connection mut SqliteConnection,
    /// What the next trip begins with: `BEGIN` for the first one, then what a step wrote.
    ahead: Writes,
    /// Whose writes go ahead.
    writer: Option<usize>,
    refused: Vec<Refused>,
    /// Why it can be used no more. Outside of a transaction a savepoint would commit by itself.
    lost: Option<JournalError>,
}

/// A step whose writes were taken back.
pub(super) struct Refused {
    /// Its place in the batch.
    pub(super) step: usize,
    /// What was wrong with them.
    pub(super) error: JournalError,
}

/// Why a transaction did not end with a commit.
pub(super) enum Uncommitted {
    /// It broke before.
    Lost(JournalError),
    /// The commit failed.
    Failed(sqlx::Error),
}

impl<'connection> Transaction<'connection> {
    /// One that begins with its first trip.
    pub(super) fn new(connection: &'connection mut SqliteConnection) -> Self {
        Self { connection, ahead: Writes::of("BEGIN IMMEDIATE"), writer: None, refused: Vec::new(), lost: None }
    }

    /// The rows of a reading; its values are all texts, one for each question mark. What is wrong with them is this
    /// step's alone: for the others the transaction is lost, and may be tried again.
    pub(super) async fn rows(
        &mut self,
        reading: &'static str,
        values: &[&str],
    ) -> Result<Vec<SqliteRow>, JournalError> {
        if let Some(lost) = &self.lost {
            return Err(lost.clone());
        }
        match self.trip(reading, values).await {
            Ok(rows) => Ok(rows),
            Err(error) => {
                let error = of_step(error);
                self.lost = Some(of_neighbours(error.clone()));
                Err(error)
            }
        }
    }

    /// The only row of a reading, or the first; `None` when there is none.
    pub(super) async fn row(
        &mut self,
        reading: &'static str,
        values: &[&str],
    ) -> Result<Option<SqliteRow>, JournalError> {
        Ok(self.rows(reading, values).await?.into_iter().next())
    }

    /// Takes what a step writes. Whether that was possible is known after the commit.
    pub(super) async fn write(&mut self, step: usize, writes: Writes) {
        if writes.is_empty() {
            return;
        }
        if self.writer.is_some() {
            // An error is kept as the reason why the transaction is lost.
            let _ = self.rows("", &[]).await;
        }
        let beginning = if self.ahead.is_empty() { "" } else { "BEGIN IMMEDIATE; " };
        self.ahead = writes.enclosed(&format!("{beginning}SAVEPOINT step; "), "; RELEASE step");
        self.writer = Some(step);
    }

    /// Commits, and returns the steps whose writes could not be made part of it.
    pub(super) async fn commit(mut self) -> Result<Vec<Refused>, Uncommitted> {
        if let Some(lost) = self.lost {
            return Err(Uncommitted::Lost(lost));
        }
        let has_begun = self.writer.is_some() || self.ahead.is_empty();
        if has_begun {
            self.trip("COMMIT", &[]).await.map_err(Uncommitted::Failed)?;
        }
        Ok(self.refused)
    }

    /// Sends what goes ahead and then a statement; the statement alone once more where what went ahead had to be taken
    /// back.
    async fn trip(&mut self, statement: &'static str, values: &[&str]) -> Result<Vec<SqliteRow>, sqlx::Error> {
        loop {
            let mut trip = std::mem::take(&mut self.ahead);
            trip.add(statement);
            for value in values {
                trip.bind(*value);
            }
            let result = trip.run(self.connection).await;
            match (result, self.writer.take()) {
                (Err(error), Some(step)) if self.take_back().await => {
                    self.refused.push(Refused { step, error: of_step(error) });
                }
                (result, _) => return result,
            }
        }
    }

    /// Whether a step's writes were under way and are taken back now.
    async fn take_back(&mut self) -> bool {
        sqlx::query("ROLLBACK TO step; RELEASE step").execute(&mut *self.connection).await.is_ok()
    }
}

/// What a step's error means for the others of its batch.
fn of_neighbours(error: JournalError) -> JournalError {
    match error {
        JournalError::Corrupt(text) => JournalError::Unavailable(text),
        other => other,
    }
}

/// What a step writes: statements without results, run in the order in which they were added.
#[derive(Default)]
pub(super) struct Writes {
    statements: String,
    values: SqliteArguments,
    mistake: Option<sqlx::Error>,
}

impl Writes {
    fn of(statement: &'static str) -> Self {
        Self { statements: statement.to_owned(), ..Self::default() }
    }

    /// Adds a statement; a value for each of its question marks must be bound next.
    pub(super) fn add(&mut self, statement: &'static str) -> &mut Self {
        if !self.statements.is_empty() {
            self.statements.push_str("; ");
        }
        self.statements.push_str(statement);
        self
    }

    /// The value of the next question mark.
    pub(super) fn bind<'value>(&mut self, value: impl Encode<'value, Sqlite> + Type<Sqlite>) -> &mut Self {
        if let Err(error) = self.values.add(value) {
            self.mistake.get_or_insert(sqlx::Error::Encode(error));
        }
        self
    }

    /// Itself, unless a value could not be bound.
    pub(super) fn checked(mut self) -> Result<Self, JournalError> {
        self.mistake.take().map_or(Ok(self), |mistake| Err(of_step(mistake)))
    }

    fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    fn enclosed(self, before: &str, after: &str) -> Self {
        Self { statements: format!("{before}{}{after}", self.statements), ..self }
    }

    async fn run(self, connection: &mut SqliteConnection) -> Result<Vec<SqliteRow>, sqlx::Error> {
        if let Some(mistake) = self.mistake {
            return Err(mistake);
        }
        // The text is made of literals alone; values are bound.
        sqlx::query_with(AssertSqlSafe(self.statements), self.values).fetch_all(connection).await
    }
}
