//! A journal as the first version of the program wrote it, with everything in it that this one holds.

use std::path::Path;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

const FIRST: &str = "0001_journal.sql";

/// Takes the journal of a bridge that does not run back to the first version.
pub(crate) async fn turn_back(database: &Path) {
    let today = database.with_extension("today");
    std::fs::rename(database, &today).unwrap();
    let options = SqliteConnectOptions::new()
        .filename(database)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .foreign_keys(false);
    let mut file = options.connect().await.unwrap();
    first_migration().await.run(&mut file).await.unwrap();
    run(&mut file, format!("ATTACH '{}' AS today", today.display())).await;
    for table in names(
        &mut file,
        "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\'",
    )
    .await
    {
        let columns = names(&mut file, &format!("SELECT name FROM main.pragma_table_info('{table}')")).await.join(", ");
        run(&mut file, format!("INSERT OR REPLACE INTO main.{table} ({columns}) SELECT {columns} FROM today.{table}"))
            .await;
    }
    run(&mut file, "DETACH today".to_owned()).await;
    file.close().await.unwrap();
    std::fs::remove_file(today).unwrap();
}

async fn first_migration() -> Migrator {
    let folder = tempfile::tempdir().unwrap();
    let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    std::fs::copy(migrations.join(FIRST), folder.path().join(FIRST)).unwrap();
    Migrator::new(folder.path()).await.unwrap()
}

async fn names(file: &mut SqliteConnection, query: &str) -> Vec<String> {
    sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_all(file).await.unwrap()
}

async fn run(file: &mut SqliteConnection, statement: String) {
    sqlx::query(AssertSqlSafe(statement)).execute(file).await.unwrap();
}
