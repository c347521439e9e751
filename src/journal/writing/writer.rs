//! The one writer: steps wait in a queue, are committed together, and are answered only after the commit.
//!
//! A step that somebody waits for is committed at once; batches form by themselves while a commit is under way. Steps
//! that can wait ([`Step::can_wait`]) go with the next one that cannot, in the order in which they were handed in. A step
//! whose writes fail takes nothing of its neighbours with it. A step that was queued is run to its end whether or not its
//! caller still waits. On a slow disk answers may wait for the next batch to be ready ([`Answers`]).

use std::fs::File;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use metrics::{counter, histogram};
use sqlx::{Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout_at;
use tokio_util::sync::CancellationToken;

use super::answers::Answers;
use super::checkpoints::Checkpoints;
use super::step::{Command, Pending, Step};
use super::transaction::{Refused, Transaction, Uncommitted};
use crate::journal::error::{Result, is_no_transaction, may_be_rolled_back, of_step};
use crate::ports::JournalError;

const QUEUE: usize = 4096;
const BATCH: usize = 128;
/// How long steps that can wait do so when nothing else comes.
const GROUP_COMMIT_DELAY: Duration = Duration::from_millis(10);
const STOPPED: &str = "its writer stopped unexpectedly";

/// Whether the writer can be relied on.
#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Running,
    Closed,
    Failed(String),
}

/// Where steps are handed in.
pub(in crate::journal) struct Queue {
    steps: mpsc::Sender<Box<dyn Command>>,
    state: watch::Receiver<State>,
    closing: CancellationToken,
}

impl Queue {
    /// Starts the writer. It keeps the lock until it has closed the connection.
    pub(in crate::journal) fn start(connection: SqliteConnection, lock: File) -> Self {
        let (queue, writer) = Self::prepare(connection, lock);
        tokio::spawn(writer.run());
        queue
    }

    fn prepare(connection: SqliteConnection, lock: File) -> (Self, Writer) {
        let (steps, waiting) = mpsc::channel(QUEUE);
        let (announce, state) = watch::channel(State::Running);
        let closing = CancellationToken::new();
        let answers = Answers::new();
        let checkpoints = Checkpoints::new();
        let writer = Writer { connection, lock, waiting, answers, checkpoints, announce, closing: closing.clone() };
        (Self { steps, state, closing }, writer)
    }

    /// Has a step committed, and returns its outcome after that.
    pub(in crate::journal) async fn commit<S: Step>(&self, step: S) -> Result<S::Outcome> {
        let (reply, answer) = oneshot::channel();
        if self.steps.send(Box::new(Pending::new(step, reply))).await.is_err() {
            return Err(self.why_not());
        }
        answer.await.unwrap_or_else(|_| Err(self.why_not()))
    }

    fn why_not(&self) -> JournalError {
        match &*self.state.borrow() {
            State::Closed => JournalError::Unavailable("it is closed".to_owned()),
            State::Failed(why) => JournalError::Broken(why.clone()),
            State::Running => JournalError::Broken(STOPPED.to_owned()),
        }
    }

    /// Commits what is queued, and returns when the connection is closed and the lock released.
    pub(in crate::journal) async fn close(&self) {
        self.closing.cancel();
        // An error means that the writer is gone, which is what is waited for.
        let _ = self.state.clone().wait_for(|state| *state != State::Running).await;
    }

    /// Returns once, and only if, the writer can no longer be relied on.
    pub(in crate::journal) fn failed(&self) -> impl Future<Output = String> + Send + 'static {
        let mut state = self.state.clone();
        async move {
            let _ = state.wait_for(|state| matches!(state, State::Failed(_))).await;
            let last = state.borrow().clone();
            match last {
                State::Failed(why) => why,
                State::Running => STOPPED.to_owned(),
                State::Closed => std::future::pending().await,
            }
        }
    }
}

struct Writer {
    connection: SqliteConnection,
    lock: File,
    waiting: mpsc::Receiver<Box<dyn Command>>,
    answers: Answers,
    checkpoints: Checkpoints,
    announce: watch::Sender<State>,
    closing: CancellationToken,
}

impl Writer {
    async fn run(mut self) {
        let mut batch = Vec::with_capacity(BATCH);
        while self.receive(&mut batch).await {
            let Err(error) = self.commit_and_fold(&mut batch).await else { continue };
            // Told first, so that nobody who reads an answer still believes in the journal.
            if let JournalError::Broken(why) = &error {
                self.announce.send_replace(State::Failed(why.clone()));
            }
            for command in batch.drain(..) {
                command.answer(&Err(error.clone()));
            }
            if let JournalError::Broken(_) = error {
                return self.refuse_everything(&error).await;
            }
        }
        self.close().await;
    }

    /// Fills the batch with what is to be committed now; `false` when nothing will come any more.
    async fn receive(&mut self, batch: &mut Vec<Box<dyn Command>>) -> bool {
        if self.closing.is_cancelled() {
            self.waiting.close();
        }
        // What came while the last batch was committed, where anything did.
        let _ = self.waiting.recv_many(batch, BATCH).now_or_never();
        if batch.iter().all(|command| command.can_wait()) {
            self.answers.give();
        }
        if batch.is_empty() && !self.receive_more(batch).await {
            return false;
        }
        let deadline = tokio::time::Instant::now() + GROUP_COMMIT_DELAY;
        while batch.len() < BATCH && batch.iter().all(|command| command.can_wait()) {
            // Too late for company, or closed.
            if !timeout_at(deadline, self.receive_more(batch)).await.unwrap_or(false) {
                break;
            }
        }
        true
    }

    /// Adds what waits to the batch; `false` when nothing will come any more.
    async fn receive_more(&mut self, batch: &mut Vec<Box<dyn Command>>) -> bool {
        let room = BATCH - batch.len();
        tokio::select! {
            biased;
            () = self.closing.cancelled(), if !self.waiting.is_closed() => self.waiting.close(),
            count = self.waiting.recv_many(batch, room) => return count > 0,
        }
        self.waiting.recv_many(batch, room).await > 0
    }

    /// Commits a batch, takes it for answering, and has the log folded now and then. `Err` is about what is left of the batch.
    async fn commit_and_fold(&mut self, batch: &mut Vec<Box<dyn Command>>) -> Result<()> {
        self.commit(batch).await?;
        self.answers.hold(batch);
        if self.checkpoints.count() {
            self.answers.give();
            self.checkpoints.fold(&mut self.connection).await?;
        }
        Ok(())
    }

    /// Commits a batch. `Err` is about all of it: [`JournalError::Broken`] when it is open what is on disk, anything
    /// else when nothing is.
    async fn commit(&mut self, batch: &mut [Box<dyn Command>]) -> Result<()> {
        let (began, steps) = (Instant::now(), batch.len());
        for command in batch.iter().filter(|command| !command.can_wait()) {
            histogram!("pos_bridge_journal_queue_seconds").record(began.duration_since(command.queued_at()));
        }
        self.commit_steps(batch).await?;
        measure(began, steps);
        Ok(())
    }

    async fn commit_steps(&mut self, batch: &mut [Box<dyn Command>]) -> Result<()> {
        let mut transaction = Transaction::new(&mut self.connection);
        self.answers.give_after(decide(batch, &mut transaction)).await;
        let began = Instant::now();
        let committed = transaction.commit().await;
        self.answers.commit_took(began.elapsed());
        match committed {
            Ok(refused) => {
                for Refused { step, error } in refused {
                    batch[step].fail(error);
                }
                Ok(())
            }
            // Nobody knows what is on disk.
            Err(Uncommitted::Failed(error)) if !may_be_rolled_back(&error) => {
                Err(JournalError::Broken(error.to_string()))
            }
            Err(Uncommitted::Failed(error)) => self.give_up(of_step(error)).await,
            Err(Uncommitted::Lost(error)) => self.give_up(error).await,
        }
    }

    /// Nothing of the batch is on disk, which is nobody's fault: it may be tried again.
    async fn give_up(&mut self, error: JournalError) -> Result<()> {
        self.roll_back().await?;
        Err(error)
    }

    /// Takes everything back; an error means that it is open what is on disk.
    async fn roll_back(&mut self) -> Result<()> {
        match self.execute("ROLLBACK").await {
            Err(error) if !is_no_transaction(&error) => Err(JournalError::Broken(error.to_string())),
            _ => Ok(()),
        }
    }

    async fn execute(&mut self, statement: &'static str) -> Result<(), sqlx::Error> {
        sqlx::query(statement).execute(&mut self.connection).await.map(drop)
    }

    /// After a failed sync the system may claim that lost pages are on disk, so nothing is written any more. Closing the
    /// connection would write too (a checkpoint), hence it stays open until the process ends, however that comes about.
    async fn refuse_everything(self, broken: &JournalError) {
        let Self { connection, lock: _lock, mut waiting, .. } = self;
        std::mem::forget(connection);
        while let Some(command) = waiting.recv().await {
            command.answer(&Err(broken.clone()));
        }
    }

    async fn close(mut self) {
        // Only for tidiness: what is in the log is as durable as what is in the database.
        if let Err(error) = self.execute("PRAGMA wal_checkpoint(TRUNCATE)").await {
            tracing::warn!(%error, "the journal could not be checkpointed while closing");
        }
        if let Err(error) = self.connection.close().await {
            tracing::warn!(%error, "the journal could not be closed cleanly");
        }
        drop(self.lock);
        self.announce.send_replace(State::Closed);
    }
}

async fn decide(batch: &mut [Box<dyn Command>], transaction: &mut Transaction<'_>) {
    for (step, command) in batch.iter_mut().enumerate() {
        if let Some(writes) = command.decide(transaction).await {
            transaction.write(step, writes).await;
        }
    }
}

fn measure(began: Instant, steps: usize) {
    histogram!("pos_bridge_journal_commit_seconds").record(began.elapsed());
    histogram!("pos_bridge_journal_batch_size").record(steps as f64);
    counter!("pos_bridge_journal_commits_total").increment(1);
}

#[cfg(test)]
mod tests;
