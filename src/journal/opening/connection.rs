//! Connections to the database, and what is proven of it before anything else happens.

use std::path::Path;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection, SqlitePool};

use super::files;
use crate::journal::error::{OpenError, is_damage};
use crate::journal::results::log;
use crate::journal::{JournalOptions, Schema};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// What the first migration writes into the file's header.
const APPLICATION_ID: i64 = 0x5042_4a31;
/// Earlier ones can corrupt the file when a commit meets a checkpoint (<https://sqlite.org/wal.html#walresetbug>).
const SQLITE_MIN: [u32; 3] = [3, 51, 3];
/// How long a reading waits for a free reader.
const READER_WAIT: Duration = Duration::from_secs(5);
/// Each is a thread of its own.
const READERS: u32 = 4;

/// The only connection that writes, with the schema up to date.
pub(in crate::journal) async fn open_writer(options: &JournalOptions) -> Result<SqliteConnection, OpenError> {
    let path = &options.path;
    let mut connect = common(options)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        // The writer makes them itself, and hears when the disk fails.
        .pragma("wal_autocheckpoint", "0")
        // What a rush or a long reading has made of SQLite's log goes back to this, twice its usual size.
        .pragma("journal_size_limit", "67108864")
        // Of use on macOS alone, where a plain sync stops at the disk's cache.
        .pragma("fullfsync", "ON")
        .thread_name(|_| "journal-writer".to_owned());
    if let Some(pages) = options.max_pages {
        connect = connect.pragma("max_page_count", pages.to_string());
    }
    let mut connection = SqliteConnection::connect_with(&connect).await.map_err(explain(path))?;
    check_version(&mut connection, path).await?;
    let found = check_ours(&mut connection, path).await?;
    migrate(&mut connection, found, path).await?;
    Ok(connection)
}

/// How the schema stands, whoever looks. Nothing of ours is made or changed; SQLite leaves an empty `-wal` and a `-shm`,
/// which belong to the database's owner.
pub(in crate::journal) async fn schema(options: &JournalOptions) -> Result<Schema, OpenError> {
    let path = &options.path;
    if !files::look(path)? {
        return Ok(Schema::Missing);
    }
    let reader = common(options).read_only(true);
    let mut connection = SqliteConnection::connect_with(&reader).await.map_err(explain(path))?;
    let found = check_ours(&mut connection, path).await?;
    connection.close().await.map_err(explain(path))?;
    Ok(if found == newest() { Schema::Current } else { Schema::Earlier })
}

/// Brings the schema up to date. A table that is made anew is dropped in between, which must not be taken for deleting
/// what others refer to; SQLite takes that word outside a transaction only. What comes of it is checked.
async fn migrate(connection: &mut SqliteConnection, found: i64, path: &Path) -> Result<(), OpenError> {
    let failed = |cause: String| OpenError::Migration { path: path.to_owned(), cause };
    sqlx::query("PRAGMA foreign_keys = OFF").execute(&mut *connection).await.map_err(explain(path))?;
    MIGRATIONS.run(&mut *connection).await.map_err(|error| failed(error.to_string()))?;
    sqlx::query("PRAGMA foreign_keys = ON").execute(&mut *connection).await.map_err(explain(path))?;
    if found == newest() {
        return Ok(());
    }
    let broken = sqlx::query("PRAGMA foreign_key_check").fetch_optional(connection).await.map_err(explain(path))?;
    match broken {
        None => Ok(()),
        Some(_) => Err(failed("what is referred to is not there any more".to_owned())),
    }
}

fn newest() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default()
}

/// Connections that only read, and never wait for the writer.
pub(in crate::journal) async fn open_readers(options: &JournalOptions) -> Result<SqlitePool, OpenError> {
    SqlitePoolOptions::new()
        .min_connections(1)
        .max_connections(READERS)
        .acquire_timeout(READER_WAIT)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_with(common(options).read_only(true).thread_name(|number| format!("journal-reader-{number}")))
        .await
        .map_err(explain(&options.path))
}

/// Where the log ends.
pub(in crate::journal) async fn log_end(readers: &SqlitePool, path: &Path) -> Result<i64, OpenError> {
    sqlx::query_scalar(log::END).fetch_one(readers).await.map_err(explain(path))
}

fn common(options: &JournalOptions) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(&options.path)
        .create_if_missing(false)
        .busy_timeout(options.busy_timeout)
        .pragma("trusted_schema", "OFF")
        .pragma("cell_size_check", "ON")
        .pragma("temp_store", "MEMORY")
        .disable_statement_logging()
}

async fn check_version(connection: &mut SqliteConnection, path: &Path) -> Result<(), OpenError> {
    let version: String =
        sqlx::query_scalar("SELECT sqlite_version()").fetch_one(connection).await.map_err(explain(path))?;
    let numbers: Vec<u32> = version.split('.').filter_map(|number| number.parse().ok()).collect();
    if numbers.as_slice() >= SQLITE_MIN.as_slice() { Ok(()) } else { Err(OpenError::OldSqlite(version)) }
}

/// An empty database becomes ours; one with tables must be ours already, and not from the future. Reading the schema
/// is also the cheap proof that the file is healthy where it matters first. Returns the version of its schema.
async fn check_ours(connection: &mut SqliteConnection, path: &Path) -> Result<i64, OpenError> {
    let application: i64 =
        sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *connection).await.map_err(explain(path))?;
    let tables: Vec<String> = sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table'")
        .fetch_all(&mut *connection)
        .await
        .map_err(explain(path))?;
    let migrated = tables.iter().any(|table| table == "_sqlx_migrations");
    // A start that died between making the migrations' own table and the first migration left only that table.
    let is_new = application == 0 && tables.iter().all(|table| table == "_sqlx_migrations");
    if application != APPLICATION_ID && !is_new {
        return Err(OpenError::NotAJournal(path.to_owned()));
    }
    if !migrated {
        return Ok(0);
    }
    let found: i64 = sqlx::query_scalar("SELECT COALESCE(MAX(version), 0) FROM _sqlx_migrations")
        .fetch_one(connection)
        .await
        .map_err(explain(path))?;
    let known = newest();
    if found > known { Err(OpenError::Newer { path: path.to_owned(), found, known }) } else { Ok(found) }
}

fn explain(path: &Path) -> impl Fn(sqlx::Error) -> OpenError {
    move |error| {
        let (path, cause) = (path.to_owned(), error.to_string());
        if is_damage(&error) { OpenError::Damaged { path, cause } } else { OpenError::Sqlite { path, cause } }
    }
}
