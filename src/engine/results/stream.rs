//! A till follows its own results as they come, from any position in the log on.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::domain::directory::Till;
use crate::domain::identifiers::{AttemptReference, TillId};
use crate::domain::operation::Operation;
use crate::domain::prompt::AtTerminal;
use crate::engine::{Engine, Refusal};
use crate::ports::LoggedResult;

/// A till's results, in the order of the log. What is past and what is new are read in the same way, by position, so
/// nothing can be lost where one becomes the other.
pub struct ResultStream {
    engine: Engine,
    till: TillId,
    position: i64,
    news: watch::Receiver<()>,
    /// What the till was last told of its terminals.
    shown: HashMap<AttemptReference, AtTerminal>,
}

/// What comes next in a till's stream.
#[derive(Debug, Clone)]
pub enum News {
    /// Results of the log.
    Results(Vec<LoggedResult>),
    /// Operations under way whose terminals ask something else now. They have no place in the log: only the newest state
    /// is told, however long nobody listened.
    AtTerminals(Vec<Operation>),
}

impl Engine {
    /// The till's results after a position in the log, or from now on.
    ///
    /// # Errors
    /// [`Refusal::StorageUnavailable`] when the journal cannot be read.
    pub async fn results(&self, till: &Till, after: Option<i64>) -> Result<ResultStream, Refusal> {
        // Listened first, read then: what is committed in between rings.
        let news = self.bells.listen(&till.id).ok_or(Refusal::NotFound("till"))?;
        let position = match after {
            None => self.health.journal(self.journal.log_end().await)?,
            Some(after) if self.has_told(&till.id, after).await? => after,
            Some(_) => self.journal.log_end_at_opening(),
        };
        Ok(ResultStream { engine: self.clone(), till: till.id.clone(), position, news, shown: HashMap::new() })
    }

    /// A position that was neither in the log when this process opened it nor told by it since is of a journal that an older
    /// copy has replaced. What that copy lacked may have been taken in since: all that is new to this process is told.
    async fn has_told(&self, till: &TillId, position: i64) -> Result<bool, Refusal> {
        if position <= self.journal.log_end_at_opening() {
            return Ok(true);
        }
        if position > self.streamed.up_to(till) {
            return Ok(false);
        }
        self.health.journal(self.journal.is_result(till, position).await)
    }
}

/// How far this process has told each till its results.
#[derive(Debug, Default)]
pub(in crate::engine) struct Streamed(Mutex<HashMap<TillId, i64>>);

impl Streamed {
    fn up_to(&self, till: &TillId) -> i64 {
        self.lock().get(till).copied().unwrap_or_default()
    }

    fn note(&self, till: &TillId, position: i64) {
        let mut positions = self.lock();
        let known = positions.entry(till.clone()).or_default();
        *known = position.max(*known);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TillId, i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ResultStream {
    /// What comes next; waits until something does. May be given up at any time and called again.
    ///
    /// # Errors
    /// [`Refusal::StorageUnavailable`] when the journal cannot be read.
    pub async fn next(&mut self) -> Result<News, Refusal> {
        loop {
            self.news.mark_unchanged();
            let page = self.engine.journal.results_after(&self.till, self.position).await;
            let page = self.engine.health.journal(page)?;
            self.position = page.end;
            if let Some(last) = page.results.last() {
                self.engine.streamed.note(&self.till, last.sequence);
                return Ok(News::Results(page.results));
            }
            if page.more {
                continue;
            }
            let changed = self.changed_at_terminals().await?;
            if !changed.is_empty() {
                return Ok(News::AtTerminals(changed));
            }
            if self.news.changed().await.is_err() {
                return Err(Refusal::NotReady);
            }
        }
    }

    async fn changed_at_terminals(&mut self) -> Result<Vec<Operation>, Refusal> {
        let now = self.engine.readers.at_terminals_of(&self.till);
        let mut changed = Vec::new();
        for (attempt, operation, seen) in &now {
            if self.shown.get(attempt).copied().unwrap_or_default() == *seen {
                continue;
            }
            let read = self.engine.health.journal(self.engine.journal.operation(*operation).await)?;
            // The result of one that is over stands in the log.
            let is_told =
                |operation: &Operation| operation.attempt.order.reference == *attempt && !operation.status().is_final();
            changed.extend(read.filter(is_told));
        }
        self.shown = now.into_iter().map(|(attempt, _, seen)| (attempt, seen)).collect();
        Ok(changed)
    }
}
