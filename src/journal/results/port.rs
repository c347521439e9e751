//! The journal's port for results that nobody asked for.

use async_trait::async_trait;
use jiff::Timestamp;

use super::outbox::{GiveUpUnwanted, Postpone, PushAgain, Pushed};
use super::told::Told;
use super::{log, outbox};
use crate::domain::identifiers::TillId;
use crate::domain::operation::Status;
use crate::journal::SqliteJournal;
use crate::journal::error::Result;
use crate::ports::{LogPage, OutboxEntry, Pushes, Results};

#[async_trait]
impl Results for SqliteJournal {
    async fn next_push(&self, till: &TillId) -> Result<Option<OutboxEntry>> {
        outbox::next(&self.readers, till).await
    }

    async fn pushed(&self, push: &OutboxEntry, told: Option<(u32, Status)>, now: Timestamp) -> Result<()> {
        let told = told.map(|(attempt, status)| Told { operation: push.operation, attempt, status, now });
        self.queue.commit(Pushed { number: push.number, told }).await
    }

    async fn not_pushed(&self, push: &OutboxEntry, why: &str, due_at: Option<Timestamp>, now: Timestamp) -> Result<()> {
        self.queue.commit(Postpone { number: push.number, since: push.since, why: why.to_owned(), due_at, now }).await
    }

    async fn give_up_unwanted(&self) -> Result<()> {
        self.queue.commit(GiveUpUnwanted { outbox: self.outbox.clone() }).await
    }

    async fn push_again(&self, number: Option<i64>, now: Timestamp) -> Result<()> {
        self.queue.commit(PushAgain { number, now }).await
    }

    async fn pushes(&self) -> Result<Pushes> {
        outbox::pushes(&self.readers).await
    }

    async fn log_end(&self) -> Result<i64> {
        log::end(&self.readers).await
    }

    fn log_end_at_opening(&self) -> i64 {
        self.log_end_at_opening
    }

    async fn is_result(&self, till: &TillId, position: i64) -> Result<bool> {
        log::is_result(&self.readers, till, position).await
    }

    async fn results_after(&self, till: &TillId, position: i64) -> Result<LogPage> {
        log::results_after(&self.readers, till, position).await
    }
}
