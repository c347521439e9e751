//! What the sweep must remember: until when it has compared, and where this bridge ever took payments.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::SqlitePool;

use crate::domain::identifiers::StoreId;
use crate::domain::operation::ProviderName;
use crate::journal::error::{Result, of_step};
use crate::journal::rows::optional_time;
use crate::journal::writing::{Step, Transaction, Writes};
use crate::ports::whole_milliseconds;

/// A shop's payments were compared.
pub(in crate::journal) struct Swept {
    pub(in crate::journal) provider: ProviderName,
    pub(in crate::journal) store: StoreId,
    pub(in crate::journal) complete_at: Timestamp,
}

#[async_trait]
impl Step for Swept {
    type Outcome = ();

    async fn decide(self, _: &mut Transaction<'_>) -> Result<(Writes, ())> {
        let mut writes = Writes::default();
        writes
            .add("INSERT OR REPLACE INTO sweep (provider, store, complete_at) VALUES (?, ?, ?)")
            .bind(self.provider.name())
            .bind(self.store.as_str())
            .bind(whole_milliseconds(self.complete_at).as_millisecond());
        Ok((writes, ()))
    }
}

pub(in crate::journal) async fn last(
    pool: &SqlitePool,
    provider: ProviderName,
    store: &StoreId,
) -> Result<Option<Timestamp>> {
    let query = sqlx::query(LAST).bind(provider.name()).bind(store.as_str());
    let row = query.fetch_optional(pool).await.map_err(of_step)?;
    row.map_or(Ok(None), |row| optional_time(&row, "complete_at"))
}

pub(in crate::journal) async fn has_used(pool: &SqlitePool, provider: ProviderName, terminal: &str) -> Result<bool> {
    sqlx::query_scalar(HAS_USED).bind(provider.name()).bind(terminal).fetch_one(pool).await.map_err(of_step)
}

pub(in crate::journal) const LAST: &str = "SELECT complete_at FROM sweep WHERE provider = ? AND store = ?";

/// Reads every attempt where there is none: it is asked once in a program's life, of a terminal that is not configured.
const HAS_USED: &str = "SELECT EXISTS (SELECT 1 FROM attempt WHERE provider = ? AND provider_terminal = ?)";
