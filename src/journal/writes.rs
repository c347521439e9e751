//! Statements that go to SQLite in one trip: its thread is woken, and wakes the writer, once for all of them. On a busy
//! machine that costs more than the statements do.

use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, AssertSqlSafe, Encode, Sqlite, SqliteConnection, Type};

use super::error::{of_step, unreadable};
use crate::ports::JournalError;

/// Statements without results, run in the order in which they were added.
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

    /// Runs all of them; with the first that fails, the rest is not run and the step must be rolled back.
    pub(super) async fn run(self, connection: &mut SqliteConnection) -> Result<(), JournalError> {
        if let Some(mistake) = self.mistake {
            return Err(mistake);
        }
        // The text is made of literals alone, see `add`; values are bound.
        let query = sqlx::query_with(AssertSqlSafe(self.statements), self.values);
        query.execute(connection).await.map(drop).map_err(of_step)
    }
}
