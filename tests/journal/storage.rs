//! Durability: full disks, callers that go away, closing.

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use pos_bridge::journal::{JournalOptions, SqliteJournal};
use pos_bridge::ports::{Journal, JournalError};

use crate::fixture::*;

#[tokio::test]
async fn a_full_disk_writes_nothing_and_says_so() {
    let fixture = Fixture::new().await;
    let path = fixture.folder.path().join("journal.db");
    fixture.journal.close().await;
    // The limit cannot be less than the file already has, so not one page more fits.
    let full = SqliteJournal::open(JournalOptions { max_pages: Some(1), ..JournalOptions::at(&path) }).await.unwrap();
    let mut written = 0;
    let refused = loop {
        match full.begin_sale(sale("till-1", &format!("R-{written}"), &format!("t-{written}"), 100)).await {
            Ok(_) => written += 1,
            Err(error) => break error,
        }
        assert!(written < 1_000, "the disk never filled up");
    };
    assert!(matches!(&refused, JournalError::Unavailable(why) if why.contains("full")), "{refused:?}");
    assert_eq!(full.live().await.unwrap().len(), written);
    full.close().await;

    let fixture = Fixture::in_folder(fixture.folder).await;
    assert_eq!(fixture.journal.live().await.unwrap().len(), written, "nothing of the refused one is on disk");
    assert_eq!(fixture.journal.check_integrity().await, Ok(vec![]));
    fixture.begin(sale("till-1", &format!("R-{written}"), &format!("t-{written}"), 100)).await;
}

#[tokio::test]
async fn a_journal_that_somebody_else_locks_is_unavailable_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let busy_timeout = Duration::from_millis(20);
    let options = JournalOptions { busy_timeout, ..JournalOptions::at(folder.path().join("journal.db")) };
    let fixture = Fixture { journal: SqliteJournal::open(options).await.unwrap(), folder };
    let mut other = fixture.raw().await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let refused = fixture.journal.begin_sale(sale("till-1", "R-1", "front", 100)).await;
    assert!(matches!(refused, Err(JournalError::Unavailable(_))), "{refused:?}");
    sqlx::query("COMMIT").execute(&mut other).await.unwrap();
    fixture.begin(sale("till-1", "R-1", "front", 100)).await;
}

/// After a sync that failed it may be in the system's memory alone, and what is committed behind it would go with it.
#[tokio::test]
async fn what_a_kill_leaves_in_the_log_is_put_on_disk_before_anything_is_committed_behind_it() {
    let fixture = Fixture::new().await;
    let sale = fixture.approved_sale("R-1").await;
    let killed = tempfile::tempdir().unwrap();
    for file in ["journal.db", "journal.db-wal"] {
        fs::copy(fixture.folder.path().join(file), killed.path().join(file)).unwrap();
    }
    let log = killed.path().join("journal.db-wal");
    let (left, long_ago) = (fs::read(&log).unwrap(), SystemTime::UNIX_EPOCH);
    File::options().write(true).open(&log).unwrap().set_modified(long_ago).unwrap();
    let next = Fixture::in_folder(killed).await;
    assert!(fs::metadata(&log).unwrap().modified().unwrap() > long_ago, "it was taken for written");
    assert!(fs::read(&log).unwrap() == left, "it was changed");
    assert_eq!(next.journal.operation(sale.id).await, Ok(Some(sale)));
}

#[tokio::test]
async fn a_caller_that_goes_away_stops_no_commit() {
    let fixture = Fixture::new().await;
    let begins = (0..20).map(|number| {
        let sale = sale("till-1", &format!("R-{number}"), &format!("t-{number}"), 100);
        let mut begin = fixture.journal.begin_sale(sale);
        async move {
            // Looked at once, which hands it in, and dropped.
            std::future::poll_fn(|context| std::task::Poll::Ready(begin.as_mut().poll(context).is_pending())).await
        }
    });
    assert!(join_all(begins).await.into_iter().all(|dropped| dropped));
    let fixture = fixture.reopened().await;
    assert_eq!(fixture.journal.live().await.unwrap().len(), 20);
}

#[tokio::test]
async fn a_closed_journal_takes_nothing_and_has_not_failed() {
    let fixture = Fixture::new().await;
    fixture.journal.close().await;
    fixture.journal.close().await;
    let refused = fixture.journal.begin_sale(sale("till-1", "R-1", "front", 100)).await;
    assert!(matches!(refused, Err(JournalError::Unavailable(_))), "{refused:?}");
    let unread = fixture.journal.last(&till("till-1")).await;
    assert!(matches!(unread, Err(JournalError::Unavailable(_))), "{unread:?}");
    let mut failed = std::pin::pin!(fixture.journal.failed());
    let pending = std::future::poll_fn(|context| std::task::Poll::Ready(failed.as_mut().poll(context).is_pending()));
    assert!(pending.await);
}

#[tokio::test]
async fn the_disk_can_be_measured() {
    let fixture = Fixture::new().await;
    let needed = fixture.journal.measure_sync().await.unwrap();
    assert!(needed > Duration::ZERO && needed < Duration::from_secs(5), "{needed:?}");
}
