//! A till's results as they stand in the event log, for whoever follows them.

use sqlx::SqlitePool;

use crate::domain::identifiers::TillId;
use crate::journal::error::{Result, of_step};
use crate::journal::rows::{self, get, select_operations};
use crate::ports::{LogPage, LoggedResult};

/// How many events one page looks at, whosever they are: a reading is short, however much there is to read.
const PAGE: i64 = 500;

/// Where the log ends; 0 when nothing happened yet.
pub(super) async fn end(pool: &SqlitePool) -> Result<i64> {
    sqlx::query_scalar(END).fetch_one(pool).await.map_err(of_step)
}

/// Sequences appear in their order, since there is one writer: what is not there up to the end never will be.
pub(super) async fn results_after(pool: &SqlitePool, till: &TillId, position: i64) -> Result<LogPage> {
    let log_end = end(pool).await?;
    let page_end = position.saturating_add(PAGE).min(log_end);
    let query = sqlx::query(RESULTS).bind(position).bind(page_end).bind(till.as_str());
    let found = query.fetch_all(pool).await.map_err(of_step)?;
    let logged = |row| Ok(LoggedResult { sequence: get(row, "logged_as")?, operation: rows::operation(row)? });
    Ok(LogPage {
        results: found.iter().map(logged).collect::<Result<_>>()?,
        end: page_end.max(position),
        more: page_end < log_end,
    })
}

pub(super) async fn is_result(pool: &SqlitePool, till: &TillId, position: i64) -> Result<bool> {
    let query = sqlx::query(RESULT_AT).bind(position).bind(till.as_str());
    Ok(query.fetch_optional(pool).await.map_err(of_step)?.is_some())
}

/// The event of an approval that turned out to be of another amount.
pub(in crate::journal) const AMOUNT_CHANGED: &str = "amount_changed";

/// Also where nothing was new in it: a till was told no other position.
pub(in crate::journal) const RESULT_AT: &str = "\
    SELECT 1 FROM event e JOIN operation o ON o.id = e.operation WHERE e.sequence = CAST(? AS INTEGER) AND o.till = ? AND \
    (e.phase IN ('approved', 'declined', 'cancelled', 'failed') OR e.name = 'amount_changed')";

pub(in crate::journal) const END: &str = "SELECT COALESCE(MAX(sequence), 0) FROM event";

/// Events that brought one of the operation's attempts to a proven end, or changed the amount of one. An operation that is
/// under way again has no result to tell; its next one comes with an event of its own. Sales write no index for this: the log
/// is read in stretches instead.
pub(in crate::journal) const RESULTS: &str = select_operations!(
    "SELECT e.sequence AS logged_as,",
    "event e CROSS JOIN operation o ON o.id = e.operation JOIN attempt a ON a.reference = o.deciding_attempt \
     WHERE e.sequence > ? AND e.sequence <= ? AND e.phase IN ('approved', 'declined', 'cancelled', 'failed') \
     AND o.till = ? AND o.status NOT IN ('pending', 'unknown') AND (e.name = 'amount_changed' OR e.phase IS NOT \
     (SELECT earlier.phase FROM event earlier WHERE earlier.operation = e.operation AND earlier.sequence < e.sequence AND \
     earlier.attempt = e.attempt ORDER BY earlier.sequence DESC LIMIT 1)) ORDER BY e.sequence"
);
