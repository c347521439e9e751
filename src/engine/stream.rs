//! A till follows its own results as they come, from any position in the log on.

use tokio::sync::watch;

use super::{Engine, Refusal};
use crate::domain::directory::Till;
use crate::domain::identifiers::TillId;
use crate::ports::LoggedResult;

/// A till's results, in the order of the log. What is past and what is new are read in the same way, by position, so
/// nothing can be lost where one becomes the other.
pub struct ResultStream {
    engine: Engine,
    till: TillId,
    position: i64,
    news: watch::Receiver<()>,
}

impl Engine {
    /// The till's results after a position in the log, or from now on.
    ///
    /// # Errors
    /// [`Refusal::StorageUnavailable`] when the journal cannot be read.
    pub async fn results(&self, till: &Till, after: Option<i64>) -> Result<ResultStream, Refusal> {
        // Listened first, read then: what is committed in between rings.
        let news = self.bells.listen(&till.id).ok_or(Refusal::NotFound("till"))?;
        let end = self.health.journal(self.journal.log_end().await)?;
        // A position beyond the end is of a journal that an older copy has replaced.
        let position = after.map_or(end, |after| after.min(end));
        Ok(ResultStream { engine: self.clone(), till: till.id.clone(), position, news })
    }
}

impl ResultStream {
    /// The next results; waits until there are some. May be given up at any time and called again.
    ///
    /// # Errors
    /// [`Refusal::StorageUnavailable`] when the journal cannot be read.
    pub async fn next(&mut self) -> Result<Vec<LoggedResult>, Refusal> {
        loop {
            self.news.mark_unchanged();
            let page = self.engine.journal.results_after(&self.till, self.position).await;
            let page = self.engine.health.journal(page)?;
            self.position = page.end;
            if !page.results.is_empty() {
                return Ok(page.results);
            }
            if !page.more && self.news.changed().await.is_err() {
                return Err(Refusal::ShuttingDown);
            }
        }
    }
}
