//! The files: private, local, of one bridge, and ours.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use pos_bridge::journal::{JournalOptions, OpenError, SqliteJournal};
use sqlx::{Connection, SqliteConnection};

use crate::fixture::*;

async fn open(path: &Path) -> Result<SqliteJournal, OpenError> {
    SqliteJournal::open(JournalOptions::at(path)).await
}

async fn refusal(path: &Path) -> OpenError {
    open(path).await.err().expect("must be refused")
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn nobody_else_can_read_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made/by/us/journal.db");
    fs::create_dir_all(folder.path().join("made")).unwrap();
    let journal = open(&path).await.unwrap();
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    for suffix in ["", "-wal", "-shm", ".lock"] {
        let file = path.with_file_name(format!("journal.db{suffix}"));
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    assert!(journal.size_bytes() > 4096);
    journal.close().await;
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    let journal = open(&path).await.unwrap();
    assert_eq!(mode(&path), 0o600, "what was opened up by hand is closed again");
    journal.close().await;
}

/// `pos-bridge check` is run by root, in the folder of the service's user.
#[tokio::test]
async fn what_root_makes_belongs_to_whoever_the_folder_belongs_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let owner = if rustix::process::geteuid().is_root() { 65_534 } else { folder.path().metadata().unwrap().uid() };
    std::os::unix::fs::chown(folder.path(), Some(owner), None).unwrap();
    for _ in 0..2 {
        let journal = open(&path).await.unwrap();
        for suffix in ["", "-wal", "-shm", ".lock"] {
            let file = path.with_file_name(format!("journal.db{suffix}"));
            assert_eq!(file.metadata().unwrap().uid(), owner, "{}", file.display());
        }
        journal.close().await;
        // A backup that was put back has none.
        fs::remove_file(path.with_file_name("journal.db.lock")).unwrap();
    }
}

#[tokio::test]
async fn a_folder_in_which_others_could_swap_the_files_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
    let refused = refusal(&folder.path().join("journal.db")).await;
    assert!(matches!(refused, OpenError::FolderWritableByOthers(_)), "{refused}");
    assert!(refused.to_string().contains("chmod 700"));
}

#[tokio::test]
async fn links_in_the_place_of_files_are_refused() {
    for suffix in ["", "-wal", "-shm", ".lock"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        let target = folder.path().join("elsewhere");
        fs::write(&target, "").unwrap();
        std::os::unix::fs::symlink(&target, folder.path().join(format!("journal.db{suffix}"))).unwrap();
        let refused = refusal(&path).await;
        assert!(matches!(refused, OpenError::NotRegular(_)), "{suffix}: {refused}");
    }
}

#[tokio::test]
async fn a_second_bridge_on_the_same_file_is_refused() {
    let fixture = Fixture::new().await;
    let path = fixture.folder.path().join("journal.db");
    let refused = refusal(&path).await;
    assert!(matches!(refused, OpenError::InUse(_)), "{refused}");
    fixture.journal.close().await;
    open(&path).await.unwrap().close().await;
}

#[tokio::test]
async fn a_file_that_is_something_else_is_refused_and_left_alone() {
    for garbage in ["short", "this is a text that somebody has put in the place of the journal"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        fs::write(&path, garbage).unwrap();
        let refused = refusal(&path).await;
        assert!(matches!(refused, OpenError::NotAJournal(_)), "{refused}");
        assert_eq!(fs::read_to_string(&path).unwrap(), garbage);
    }
}

#[tokio::test]
async fn another_programs_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut other = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query("CREATE TABLE theirs (id INTEGER)").execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    let refused = refusal(&path).await;
    assert!(matches!(refused, OpenError::NotAJournal(_)), "{refused}");
}

#[tokio::test]
async fn a_damaged_file_is_refused() {
    let fixture = Fixture::new().await;
    let path = fixture.folder.path().join("journal.db");
    fixture.journal.close().await;
    let mut content = fs::read(&path).unwrap();
    content[100..4096].fill(0xff);
    fs::write(&path, content).unwrap();
    let refused = refusal(&path).await;
    assert!(matches!(refused, OpenError::Damaged { .. }), "{refused}");
    assert!(refused.to_string().contains("backup"));
}

/// P41.
#[tokio::test]
async fn a_newer_schema_is_refused() {
    let fixture = Fixture::new().await;
    let path = fixture.folder.path().join("journal.db");
    let mut raw = fixture.raw().await;
    sqlx::query("INSERT INTO _sqlx_migrations VALUES (9999, 'from the future', CURRENT_TIMESTAMP, TRUE, x'00', 1)")
        .execute(&mut raw)
        .await
        .unwrap();
    raw.close().await.unwrap();
    fixture.journal.close().await;
    let refused = refusal(&path).await;
    assert!(matches!(refused, OpenError::Newer { found: 9999, .. }), "{refused}");
    assert!(refused.to_string().contains("newer"));
}

/// P41: a start that died before its first migration left an empty table of migrations, and nothing else.
#[tokio::test]
async fn a_start_that_died_before_the_first_migration_is_no_stranger() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut died = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::migrate::Migrate::ensure_migrations_table(&mut died, "_sqlx_migrations").await.unwrap();
    died.close().await.unwrap();
    let journal = open(&path).await.unwrap();
    assert_eq!(journal.check_integrity().await, Ok(vec![]));
    journal.close().await;
}
