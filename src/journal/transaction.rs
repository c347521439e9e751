//! The writer's transaction, in as few trips to SQLite's thread as possible. A trip wakes that thread and then the
//! writer, which on an idle machine costs more than most statements do.

use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments, AssertSqlSafe, Encode, Sqlite, SqliteConnection, Type};

use super::error::{of_step, unreadable};
use crate::ports::JournalError;

/// A transaction as a step sees it: it can be read and nothing else.
pub(super) struct Transaction<'connection> {
    connection: &'connection mut SqliteConnection,
    begun: bool,
}

impl<'connection> Transaction<'connection> {
    /// One that begins with its first statement, in the same trip.
    pub(super) const fn lone(connection: &'connection mut SqliteConnection) -> Self {
        Self { connection, begun: false }
    }

    /// One that has begun.
    pub(super) const fn begun(connection: &'connection mut SqliteConnection) -> Self {
        Self { connection, begun: true }
    }

    /// The rows of a reading; its values are all texts.
    pub(super) async fn rows(
        &mut self,
        reading: &'static str,
        values: &[&str],
    ) -> Result<Vec<SqliteRow>, JournalError> {
        let mut arguments = SqliteArguments::default();
        for value in values {
            arguments.add(*value).map_err(unreadable)?;
        }
        // The text is made of literals alone; values are bound.
        let statement = AssertSqlSafe(format!("{}{reading}", self.beginning()));
        let rows = sqlx::query_with(statement, arguments).fetch_all(&mut *self.connection).await.map_err(of_step)?;
        self.begun = true;
        Ok(rows)
    }

    /// The only row of a reading, or the first; `None` when there is none.
    pub(super) async fn row(
        &mut self,
        reading: &'static str,
        values: &[&str],
    ) -> Result<Option<SqliteRow>, JournalError> {
        Ok(self.rows(reading, values).await?.into_iter().next())
    }

    /// Writes everything and commits. Nothing happens where nothing was read and nothing is to be written.
    pub(super) async fn commit(self, writes: Writes) -> Result<(), sqlx::Error> {
        let beginning = self.beginning();
        match (self.begun, writes.is_empty()) {
            (false, true) => Ok(()),
            (true, true) => writes.enclosed("COMMIT", "").run(self.connection).await,
            (_, false) => writes.enclosed(beginning, "; COMMIT").run(self.connection).await,
        }
    }

    const fn beginning(&self) -> &'static str {
        if self.begun { "" } else { "BEGIN IMMEDIATE; " }
    }
}

/// What a step writes: statements without results, run in the order in which they were added.
#[derive(Default)]
pub(super) struct Writes {
    statements: String,
    values: SqliteArguments,
    mistake: Option<JournalError>,
}

impl Writes {
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
            self.mistake.get_or_insert_with(|| unreadable(error));
        }
        self
    }

    /// Itself, unless a value could not be bound.
    pub(super) fn checked(mut self) -> Result<Self, JournalError> {
        self.mistake.take().map_or(Ok(self), Err)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    /// Writes everything as a step of a transaction that has begun, so that it can be taken back alone.
    pub(super) async fn run_as_step(self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        self.enclosed("SAVEPOINT step; ", "; RELEASE step").run(connection).await
    }

    fn enclosed(self, before: &str, after: &str) -> Self {
        Self { statements: format!("{before}{}{after}", self.statements), ..self }
    }

    async fn run(self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        // The text is made of literals alone; values are bound.
        sqlx::query_with(AssertSqlSafe(self.statements), self.values).execute(connection).await.map(drop)
    }
}
