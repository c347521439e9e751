use async_trait::async_trait;
use jiff::Timestamp;

use super::*;
use crate::domain::identifiers::OperationId;
use crate::domain::operation::Status;
use crate::journal::JournalOptions;
use crate::journal::opening::{connection, files};
use crate::journal::results::told::{Notes, Told};
use crate::journal::writing::transaction::Writes;

/// Runs statements, with semicolons between them.
struct Statement(&'static str);

#[async_trait]
impl Step for Statement {
    type Outcome = ();

    async fn decide(self, _: &mut Transaction<'_>) -> Result<(Writes, ()), JournalError> {
        let mut writes = Writes::default();
        for statement in self.0.split("; ") {
            writes.add(statement);
        }
        Ok((writes, ()))
    }
}

/// Nobody waits for it.
struct Note;

#[async_trait]
impl Step for Note {
    type Outcome = ();
    fn can_wait(&self) -> bool {
        true
    }

    async fn decide(self, _: &mut Transaction<'_>) -> Result<(Writes, ()), JournalError> {
        Ok((Writes::default(), ()))
    }
}

const PROBE: Statement = Statement("INSERT INTO probe (id, at) VALUES (1, 1) ON CONFLICT (id) DO NOTHING");
/// Passes as a statement and fails as a commit.
const FAILS_ON_COMMIT: &str = "PRAGMA defer_foreign_keys = ON; INSERT INTO event (at, operation, attempt, name, \
                               event, phase) VALUES (1, 'nothing', 1, 'x', '{}', 'open')";

async fn stopped_writer() -> (tempfile::TempDir, Queue, Writer) {
    let folder = tempfile::tempdir().unwrap();
    let options = JournalOptions::at(folder.path().join("journal.db"));
    let lock = files::prepare(&options.path).unwrap();
    let connection = connection::open_writer(&options).await.unwrap();
    let (queue, writer) = Queue::prepare(connection, lock);
    (folder, queue, writer)
}

async fn value(folder: &tempfile::TempDir, statement: &'static str) -> i64 {
    let readers = connection::open_readers(&JournalOptions::at(folder.path().join("journal.db"))).await.unwrap();
    sqlx::query_scalar(statement).fetch_one(&readers).await.unwrap()
}

#[tokio::test]
async fn a_step_that_fails_takes_nothing_of_its_batch_with_it() {
    let (folder, queue, writer) = stopped_writer().await;
    let start = async { drop(tokio::spawn(writer.run())) };
    let half = "INSERT INTO callback VALUES ('p', 'half', NULL, '', 1); INSERT INTO probe (id, at) VALUES (2, 1)";
    // All three are queued before the writer takes its first step, so they are one batch.
    let (first, failing, last, _) = tokio::join!(
        queue.commit(PROBE),
        queue.commit(Statement(half)),
        queue.commit(Statement("INSERT INTO callback VALUES ('p', 'whole', NULL, '', 1)")),
        start
    );
    assert_eq!((first, last), (Ok(()), Ok(())));
    assert!(matches!(failing, Err(JournalError::Corrupt(text)) if text.contains("CHECK")));
    assert_eq!(value(&folder, "SELECT COUNT(*) FROM probe").await, 1);
    assert_eq!(value(&folder, "SELECT COUNT(*) FROM callback WHERE delivery = 'whole'").await, 1);
    assert_eq!(value(&folder, "SELECT COUNT(*) FROM callback").await, 1);
    queue.close().await;
}

#[tokio::test]
async fn whatever_fails_of_a_batch_leaves_what_the_others_wrote_before_and_after_it() {
    let (folder, queue, writer) = stopped_writer().await;
    let start = async { drop(tokio::spawn(writer.run())) };
    let (first, failing, second, again, third, _) = tokio::join!(
        queue.commit(Statement("INSERT INTO callback VALUES ('p', '1', NULL, '', 1)")),
        queue.commit(Statement("INSERT INTO callback VALUES ('p', 'a', NULL, '', 1); INSERT INTO probe VALUES (2, 1)")),
        queue.commit(Statement("INSERT INTO callback VALUES ('p', '2', NULL, '', 1)")),
        queue.commit(Statement("INSERT INTO callback VALUES ('p', 'b', NULL, '', 1); INSERT INTO probe VALUES (3, 1)")),
        queue.commit(Statement("INSERT INTO callback VALUES ('p', '3', NULL, '', 1)")),
        start
    );
    assert_eq!([first, second, third], [const { Ok(()) }; 3]);
    assert!(matches!((failing, again), (Err(JournalError::Corrupt(_)), Err(JournalError::Corrupt(_)))));
    assert_eq!(value(&folder, "SELECT COUNT(*) FROM callback").await, 3);
    assert_eq!(value(&folder, "SELECT COUNT(*) FROM callback WHERE delivery IN ('1', '2', '3')").await, 3);
    queue.close().await;
}

/// Reads how many probes there are.
struct Count;

#[async_trait]
impl Step for Count {
    type Outcome = usize;

    async fn decide(self, transaction: &mut Transaction<'_>) -> Result<(Writes, usize), JournalError> {
        Ok((Writes::default(), transaction.rows("SELECT id FROM probe", &[]).await?.len()))
    }
}

/// Its reading fails.
struct Unreadable;

#[async_trait]
impl Step for Unreadable {
    type Outcome = ();

    async fn decide(self, transaction: &mut Transaction<'_>) -> Result<(Writes, ()), JournalError> {
        transaction.rows("SELECT json('{') FROM (SELECT 1)", &[]).await?;
        Ok((Writes::default(), ()))
    }
}

#[tokio::test]
async fn a_step_reads_what_its_batch_wrote_before_it_and_nothing_that_was_taken_back() {
    let (_folder, queue, writer) = stopped_writer().await;
    let start = async { drop(tokio::spawn(writer.run())) };
    let half = "INSERT INTO callback VALUES ('p', 'half', NULL, '', 1); INSERT INTO probe (id, at) VALUES (2, 1)";
    let (none, _, one, failing, still_one, _) = tokio::join!(
        queue.commit(Count),
        queue.commit(PROBE),
        queue.commit(Count),
        queue.commit(Statement(half)),
        queue.commit(Count),
        start
    );
    assert_eq!((none, one, still_one), (Ok(0), Ok(1), Ok(1)));
    assert!(matches!(failing, Err(JournalError::Corrupt(text)) if text.contains("CHECK")));
    queue.close().await;
}

#[tokio::test]
async fn a_reading_that_fails_takes_its_batch_with_it_which_may_be_tried_again() {
    let (folder, queue, writer) = stopped_writer().await;
    let start = async { drop(tokio::spawn(writer.run())) };
    let (before, failing, counted, after, _) =
        tokio::join!(queue.commit(PROBE), queue.commit(Unreadable), queue.commit(Count), queue.commit(PROBE), start);
    assert!(matches!(failing, Err(JournalError::Corrupt(text)) if text.contains("malformed")));
    for told in [before, counted.map(drop), after] {
        assert!(matches!(told, Err(JournalError::Unavailable(_))), "{told:?}");
    }
    assert_eq!(value(&folder, "SELECT COUNT(*) FROM probe").await, 0);
    assert_eq!(queue.commit(PROBE).await, Ok(()));
    assert_eq!(value(&folder, "SELECT COUNT(*) FROM probe").await, 1);
    queue.close().await;
}

#[tokio::test]
async fn a_step_that_can_wait_goes_before_the_next_one_that_cannot_or_alone_after_a_while() {
    let (_folder, queue, mut writer) = stopped_writer().await;
    let mut received = async || {
        let mut batch = Vec::new();
        assert!(writer.receive(&mut batch).await);
        batch.iter().map(|command| command.can_wait()).collect::<Vec<_>>()
    };
    // What is received here is dropped unanswered, which ends the waiting of those who handed it in.
    let probe = async {
        tokio::task::yield_now().await;
        queue.commit(PROBE).await
    };
    let (_, _, together) = tokio::join!(queue.commit(Note), probe, received());
    assert_eq!(together, [true, false]);
    let (_, alone) = tokio::join!(queue.commit(Note), received());
    assert_eq!(alone, [true]);
}

#[tokio::test]
async fn a_step_whose_caller_is_gone_is_committed_all_the_same() {
    let (folder, queue, writer) = stopped_writer().await;
    {
        let mut commit = std::pin::pin!(queue.commit(PROBE));
        // Handed in, and dropped before the writer runs.
        assert!(
            std::future::poll_fn(|context| std::task::Poll::Ready(commit.as_mut().poll(context).is_pending())).await
        );
    }
    tokio::spawn(writer.run());
    queue.close().await;
    assert_eq!(value(&folder, "SELECT COUNT(*) FROM probe").await, 1);
}

#[tokio::test]
async fn a_lone_step_that_fails_is_rolled_back_and_the_next_one_works() {
    let (folder, queue, writer) = stopped_writer().await;
    tokio::spawn(writer.run());
    let half = "INSERT INTO callback VALUES ('p', 'half', NULL, '', 1); INSERT INTO probe (id, at) VALUES (2, 1)";
    let failed = queue.commit(Statement(half)).await;
    assert!(matches!(failed, Err(JournalError::Corrupt(text)) if text.contains("CHECK")));
    assert_eq!(queue.commit(PROBE).await, Ok(()));
    assert_eq!(value(&folder, "SELECT COUNT(*) FROM callback").await, 0);
    queue.close().await;
}

#[tokio::test]
async fn a_commit_that_fails_breaks_the_journal_for_good() {
    let (_folder, queue, writer) = stopped_writer().await;
    let failed = queue.failed();
    let start = async { drop(tokio::spawn(writer.run())) };
    let (first, broken, _) = tokio::join!(queue.commit(PROBE), queue.commit(Statement(FAILS_ON_COMMIT)), start);
    assert_eq!(first, broken, "they were to be committed together");
    assert!(matches!(&broken, Err(JournalError::Broken(why)) if why.contains("FOREIGN KEY")), "{broken:?}");
    assert!(failed.await.contains("FOREIGN KEY"));
    assert_eq!(queue.commit(PROBE).await, broken);
}

/// Closing it would fold its log into the database.
#[tokio::test]
async fn a_journal_that_is_broken_is_not_closed() {
    let (folder, queue, writer) = stopped_writer().await;
    let running = tokio::spawn(writer.run());
    assert!(matches!(queue.commit(Statement(FAILS_ON_COMMIT)).await, Err(JournalError::Broken(_))));
    drop(queue);
    running.await.unwrap();
    // SQLite's thread would close it.
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(folder.path().join("journal.db-wal").exists(), "it was closed");
}

#[tokio::test]
async fn a_long_log_is_folded_into_the_database() {
    let (folder, queue, mut writer) = stopped_writer().await;
    writer.checkpoints = Checkpoints::when(1, 1);
    tokio::spawn(writer.run());
    assert_eq!(queue.commit(PROBE).await, Ok(()));
    // The checkpoint goes ahead of it.
    assert_eq!(queue.commit(Note).await, Ok(()));
    let readers = connection::open_readers(&JournalOptions::at(folder.path().join("journal.db"))).await.unwrap();
    let (_, pages, folded): (i64, i64, i64) =
        sqlx::query_as("PRAGMA wal_checkpoint(NOOP)").fetch_one(&readers).await.unwrap();
    assert!(pages > 0 && folded == pages, "{folded} of {pages}");
    queue.close().await;
}

/// What it was to fold is answered; nothing that comes later is believed.
#[tokio::test]
async fn a_checkpoint_that_fails_breaks_the_journal_for_good() {
    let (folder, queue, mut writer) = stopped_writer().await;
    writer.checkpoints = Checkpoints::when(1, 2);
    tokio::spawn(writer.run());
    assert_eq!(queue.commit(PROBE).await, Ok(()));
    let log = std::fs::File::options().write(true).open(folder.path().join("journal.db-wal")).unwrap();
    log.set_len(0).unwrap();
    assert_eq!(queue.commit(Note).await, Ok(()), "it was committed");
    assert!(queue.failed().await.contains("disk I/O error"));
    assert!(matches!(queue.commit(PROBE).await, Err(JournalError::Broken(_))));
}

/// The step of the first note writes all of them; where it fails, none is on disk.
#[tokio::test]
async fn a_note_that_anothers_step_could_not_write_is_not_written() {
    let (_folder, queue, writer) = stopped_writer().await;
    let start = async { drop(tokio::spawn(writer.run())) };
    let notes = Notes::default();
    let told = || Told {
        operation: OperationId(ulid::Ulid::nil()),
        attempt: 1,
        status: Status::Approved,
        now: Timestamp::UNIX_EPOCH,
    };
    // No note can be written after it.
    let renamed = Statement("ALTER TABLE event RENAME COLUMN name TO renamed");
    let (_, first, second, _) =
        tokio::join!(queue.commit(renamed), notes.write(&queue, told()), notes.write(&queue, told()), start);
    assert!(matches!(first, Err(JournalError::Corrupt(text)) if text.contains("name")));
    assert!(matches!(second, Err(JournalError::Unavailable(_))), "{second:?}");
    queue.close().await;
}

#[tokio::test]
async fn a_closed_writer_has_committed_everything_and_takes_nothing() {
    let (folder, queue, writer) = stopped_writer().await;
    let start = async { drop(tokio::spawn(writer.run())) };
    let (committed, (), _) = tokio::join!(queue.commit(PROBE), queue.close(), start);
    assert_eq!(committed, Ok(()));
    assert_eq!(value(&folder, "SELECT COUNT(*) FROM probe").await, 1);
    assert!(matches!(queue.commit(PROBE).await, Err(JournalError::Unavailable(_))));
}

#[tokio::test]
async fn a_writer_that_died_is_reported() {
    let (_folder, queue, writer) = stopped_writer().await;
    drop(writer);
    assert_eq!(queue.failed().await, STOPPED);
    assert_eq!(queue.commit(PROBE).await, Err(JournalError::Broken(STOPPED.to_owned())));
}

/// A step that is on disk and whose caller has not heard of it yet.
struct OnDisk(oneshot::Sender<Result<(), JournalError>>);

#[async_trait]
impl Command for OnDisk {
    async fn decide(&mut self, _: &mut Transaction<'_>) -> Option<Writes> {
        None
    }

    fn fail(&mut self, _: JournalError) {}

    fn answer(self: Box<Self>, batch: &Result<(), JournalError>) {
        let _ = self.0.send(batch.clone());
    }

    fn can_wait(&self) -> bool {
        false
    }

    fn queued_at(&self) -> Instant {
        Instant::now()
    }
}

/// Has such a step held back.
fn held(writer: &mut Writer) -> oneshot::Receiver<Result<(), JournalError>> {
    let (reply, answer) = oneshot::channel();
    writer.answers.commit_took(Duration::from_secs(1));
    writer.answers.hold(&mut vec![Box::new(OnDisk(reply))]);
    answer
}

#[tokio::test]
async fn whatever_comes_next_a_step_that_is_on_disk_is_answered() {
    for next in [Some(PROBE), Some(Statement(FAILS_ON_COMMIT)), None] {
        let (_folder, queue, mut writer) = stopped_writer().await;
        let answer = held(&mut writer);
        let start = async { drop(tokio::spawn(writer.run())) };
        let handed_in = async {
            if let Some(next) = next {
                let _ = queue.commit(next).await;
            }
        };
        let (told, ..) = tokio::join!(answer, handed_in, start);
        assert_eq!(told.unwrap(), Ok(()));
    }
}

#[tokio::test]
async fn a_writer_that_is_closed_answers_first() {
    let (_folder, queue, mut writer) = stopped_writer().await;
    let answer = held(&mut writer);
    let start = async { drop(tokio::spawn(writer.run())) };
    tokio::join!(queue.close(), start);
    assert_eq!(answer.await.unwrap(), Ok(()));
}
