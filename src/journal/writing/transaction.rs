//! The writer's transaction, in as few trips to SQLite's thread as possible. A trip wakes that thread and then the
//! writer, which costs more than most statements do.

use futures_util::TryStreamExt;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments, AssertSqlSafe, Either, Encode, Executor, Sqlite, SqliteConnection, Type};

use crate::journal::error::{Result, of_step};
use crate::ports::JournalError;

/// The transaction of a batch of steps. What one step writes goes ahead of the next one's reading in the same trip, and
/// the last writes go with the commit. Should a step's writes fail, everything is taken back and what the others wrote is
/// written anew: that hardly ever happens, and a savepoint for each step would cost two statements of six.
pub(in crate::journal) struct Transaction<'connection> {
    connection: &'connection mut SqliteConnection,
    has_begun: bool,
    /// What goes ahead with the next trip, and whose it is.
    ahead: Option<(usize, Writes)>,
    /// What was written so far.
    written: Vec<Writes>,
    refused: Vec<Refused>,
    /// Why it can be used no more.
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
        let (ahead, written, refused) = (None, Vec::new(), Vec::new());
        Self { connection, has_begun: false, ahead, written, refused, lost: None }
    }

    /// The rows of a reading; its values are all texts, one for each question mark. What is wrong with them is this
    /// step's alone: for the others the transaction is lost, and may be tried again.
    pub(in crate::journal) async fn rows(&mut self, reading: &'static str, values: &[&str]) -> Result<Vec<SqliteRow>> {
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
    pub(in crate::journal) async fn row(
        &mut self,
        reading: &'static str,
        values: &[&str],
    ) -> Result<Option<SqliteRow>> {
        Ok(self.rows(reading, values).await?.into_iter().next())
    }

    /// Takes what a step writes. Whether that was possible is known after the commit.
    pub(super) async fn write(&mut self, step: usize, writes: Writes) {
        if writes.is_empty() {
            return;
        }
        if self.ahead.is_some() {
            // An error is kept as the reason why the transaction is lost.
            let _ = self.rows("", &[]).await;
        }
        self.ahead = Some((step, writes));
    }

    /// Commits, and returns the steps whose writes could not be made part of it.
    pub(super) async fn commit(mut self) -> Result<Vec<Refused>, Uncommitted> {
        if let Some(lost) = self.lost {
            return Err(Uncommitted::Lost(lost));
        }
        if self.has_begun || self.ahead.is_some() {
            self.trip("COMMIT", &[]).await.map_err(Uncommitted::Failed)?;
        }
        Ok(self.refused)
    }

    /// Sends what goes ahead and then a statement; the statement alone once more where what went ahead had to be taken
    /// back.
    async fn trip(&mut self, statement: &'static str, values: &[&str]) -> Result<Vec<SqliteRow>, sqlx::Error> {
        loop {
            let (ahead, beginning) = (self.ahead.take(), if self.has_begun { Writes::default() } else { begin() });
            let began = beginning.count;
            let mut trip = ahead.as_ref().map_or_else(Writes::default, |(_, writes)| writes.copy()).behind(beginning);
            let written = trip.count;
            if !statement.is_empty() {
                trip.add(statement);
            }
            for value in values {
                trip.bind(*value);
            }
            let Stopped { done, error } = match trip.run(self.connection).await {
                Ok(rows) => {
                    self.has_begun = true;
                    self.written.extend(ahead.map(|(_, writes)| writes));
                    return Ok(rows);
                }
                Err(stopped) => stopped,
            };
            match ahead {
                Some((step, _)) if (began..written).contains(&done) => {
                    // SQLite has taken everything back by itself where there is nothing left to take back.
                    if Writes::of("ROLLBACK TO batch").run(self.connection).await.is_err() {
                        return Err(error);
                    }
                    self.write_anew().await?;
                    self.refused.push(Refused { step, error: of_step(error) });
                }
                _ => return Err(error),
            }
        }
    }

    /// Writes what the other steps wrote once more, under the same lock, after everything was taken back.
    async fn write_anew(&mut self) -> Result<(), sqlx::Error> {
        self.has_begun = true;
        for writes in &self.written {
            writes.copy().run(self.connection).await.map_err(|stopped| stopped.error)?;
        }
        Ok(())
    }
}

/// What the first trip begins with.
fn begin() -> Writes {
    let mut beginning = Writes::of("BEGIN IMMEDIATE");
    beginning.add("SAVEPOINT batch");
    beginning
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
pub(in crate::journal) struct Writes {
    statements: String,
    count: usize,
    values: SqliteArguments,
    mistake: Option<sqlx::Error>,
}

/// Statements of which one failed.
struct Stopped {
    /// How many went before it.
    done: usize,
    error: sqlx::Error,
}

impl Writes {
    fn of(statement: &'static str) -> Self {
        Self { statements: statement.to_owned(), count: 1, ..Self::default() }
    }

    /// Adds a statement; a value for each of its question marks must be bound next.
    pub(in crate::journal) fn add(&mut self, statement: &'static str) -> &mut Self {
        if !self.statements.is_empty() {
            self.statements.push_str("; ");
        }
        self.statements.push_str(statement);
        self.count += 1;
        self
    }

    /// The value of the next question mark.
    pub(in crate::journal) fn bind<'value>(&mut self, value: impl Encode<'value, Sqlite> + Type<Sqlite>) -> &mut Self {
        if let Err(error) = self.values.add(value) {
            self.mistake.get_or_insert(sqlx::Error::Encode(error));
        }
        self
    }

    /// Itself, unless a value could not be bound.
    pub(super) fn checked(mut self) -> Result<Self> {
        self.mistake.take().map_or(Ok(self), |mistake| Err(of_step(mistake)))
    }

    fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    /// The same once more, of what was checked. The values themselves are shared.
    fn copy(&self) -> Self {
        Self { statements: self.statements.clone(), count: self.count, values: self.values.clone(), mistake: None }
    }

    /// After statements that have no values.
    fn behind(self, mut before: Self) -> Self {
        if before.is_empty() {
            return self;
        }
        if !self.is_empty() {
            before.statements.push_str("; ");
        }
        before.statements.push_str(&self.statements);
        Self { statements: before.statements, count: before.count + self.count, ..self }
    }

    async fn run(self, connection: &mut SqliteConnection) -> Result<Vec<SqliteRow>, Stopped> {
        let (mut done, mut rows) = (0, Vec::new());
        if let Some(error) = self.mistake {
            return Err(Stopped { done, error });
        }
        // The text is made of literals alone; values are bound.
        let (query, count) = (sqlx::query_with(AssertSqlSafe(self.statements), self.values), self.count);
        let mut results = connection.fetch_many(query);
        loop {
            match results.try_next().await {
                Ok(None) if done == count => return Ok(rows),
                // SQLite's thread is gone: nobody knows what is on disk.
                Ok(None) => return Err(Stopped { done, error: sqlx::Error::WorkerCrashed }),
                Ok(Some(Either::Left(_))) => done += 1,
                Ok(Some(Either::Right(row))) => rows.push(row),
                Err(error) => return Err(Stopped { done, error }),
            }
        }
    }
}
