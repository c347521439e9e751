//! Everything that is in the journal, row by row, while the bridge runs.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqliteConnection;

use crate::journal::copy_now;

pub(super) type Snapshot = BTreeSet<String>;

/// Taken when nothing is on its way to a provider and two in a row are the same: the notes of what tills were told come a
/// little later than the answers.
pub(super) async fn when_quiet(database: &Path) -> Snapshot {
    let mut last = Snapshot::new();
    loop {
        let now = take(database).await;
        if now == last && !now.is_empty() && !now.iter().any(|row| is_on_its_way(row)) {
            return now;
        }
        last = now;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn is_on_its_way(row: &str) -> bool {
    row.starts_with("attempt ") && ["'reserved'", "'sending'"].iter().any(|phase| row.contains(phase))
}

/// What is new, or is there no more.
pub(super) fn news<'a>(before: &'a Snapshot, after: &'a Snapshot) -> Vec<&'a String> {
    before.symmetric_difference(after).take(10).collect()
}

async fn take(database: &Path) -> Snapshot {
    let (_folder, file) = copy_now(database).await;
    let Some(mut file) = file else { return Snapshot::new() };
    let tables = texts(&mut file, "SELECT name FROM sqlite_schema WHERE type = 'table'".to_owned()).await;
    let mut rows = Snapshot::new();
    for table in tables {
        let columns =
            texts(&mut file, format!("SELECT 'quote(\"' || name || '\")' FROM pragma_table_info('{table}')")).await;
        let query = format!("SELECT '{table} ' || {} FROM \"{table}\"", columns.join(" || ',' || "));
        rows.extend(texts(&mut file, query).await);
    }
    rows
}

async fn texts(file: &mut SqliteConnection, query: String) -> Vec<String> {
    sqlx::query_scalar(AssertSqlSafe(query)).fetch_all(file).await.unwrap_or_default()
}

/// How many different callbacks the journal keeps.
pub(super) async fn callbacks_kept(database: &Path) -> usize {
    take(database).await.iter().filter(|row| row.starts_with("callback ")).count()
}
