//! Reading the journal, beside the writer and never behind it.

use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Sqlite, SqlitePool};

use super::error::{Result, of_step};
use super::rows::{self, get, optional_time, select_operations};
use super::steps::entries::{OPERATION, RUNS, STANDING_ALARM};
use crate::domain::attempt::{AlarmKind, Attempt, Kind};
use crate::domain::directory::Terminal;
use crate::domain::identifiers::{AttemptReference, Handle, OperationId, Reference, TillId};
use crate::domain::operation::Operation;
use crate::domain::request::Original;
use crate::domain::runs::with_attempt;
use crate::ports::{HistoryLine, OperationFilter, RaisedAlarm, TerminalUse};

/// At most so many operations come in one page.
const PAGE_MAX: u32 = 1000;

pub(super) async fn operation(pool: &SqlitePool, id: OperationId) -> Result<Option<Operation>> {
    one(sqlx::query(OPERATION).bind(id.to_string()).fetch_optional(pool).await)
}

pub(super) async fn find(
    pool: &SqlitePool,
    till: &TillId,
    kind: Kind,
    reference: &Reference,
    simulated: bool,
) -> Result<Option<Operation>> {
    let query = sqlx::query(BY_REFERENCE).bind(till.as_str()).bind(kind.name()).bind(reference.as_str());
    one(query.bind(simulated).fetch_optional(pool).await)
}

pub(super) async fn find_sale(
    pool: &SqlitePool,
    till: &TillId,
    original: &Original,
    simulated: bool,
) -> Result<Option<Operation>> {
    match original {
        Original::Reference { reference, till: other } => {
            let till = other.as_ref().unwrap_or(till);
            let query = sqlx::query(SALE_BY_REFERENCE).bind(till.as_str()).bind(reference.as_str());
            one(query.bind(simulated).fetch_optional(pool).await)
        }
        Original::Operation(id) => Ok(operation(pool, *id).await?.filter(|found| found.kind == Kind::Sale)),
        Original::Transaction(transaction) => {
            one(sqlx::query(SALE_BY_TRANSACTION).bind(transaction.as_str()).fetch_optional(pool).await)
        }
    }
}

pub(super) async fn find_attempt(
    pool: &SqlitePool,
    reference: AttemptReference,
) -> Result<Option<(Operation, Attempt)>> {
    let rows = sqlx::query(RUNS).bind(reference.to_string()).fetch_all(pool).await.map_err(of_step)?;
    wanted(rows.iter(), reference)
}

pub(super) async fn find_prepared(
    pool: &SqlitePool,
    payment: &Handle,
    kind: Kind,
) -> Result<Vec<(Operation, Attempt)>> {
    let query = sqlx::query(ON_PAYMENT).bind(payment.as_str()).bind(kind == Kind::Refund);
    let rows = query.fetch_all(pool).await.map_err(of_step)?;
    let mut found = Vec::new();
    for row in rows {
        found.extend(find_attempt(pool, rows::attempt_reference(&rows::get::<String>(&row, "reference")?)?).await?);
    }
    Ok(found)
}

pub(super) async fn last(pool: &SqlitePool, till: &TillId) -> Result<Option<Operation>> {
    let newest = OperationFilter { limit: 1, ..OperationFilter::default() };
    let newest = operations(pool, till, &newest).await?.pop();
    let again = sqlx::query(TRIED_AGAIN).bind(till.as_str()).fetch_optional(pool).await.map_err(of_step)?;
    let Some(again) = again else { return Ok(newest) };
    let tried_at = optional_time(&again, "tried_again_at")?;
    match newest {
        Some(newest) if tried_at.is_none_or(|tried_at| tried_at < newest.created_at) => Ok(Some(newest)),
        _ => rows::operation(&again).map(Some),
    }
}

pub(super) async fn operations(pool: &SqlitePool, till: &TillId, filter: &OperationFilter) -> Result<Vec<Operation>> {
    let rows = operations_query(till, filter).build().fetch_all(pool).await.map_err(of_step)?;
    rows.iter().map(rows::operation).collect()
}

/// Only the conditions that are asked for stand in the statement, so that each finds its index.
pub(super) fn operations_query(till: &TillId, filter: &OperationFilter) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(select_operations!(
        "SELECT",
        "operation o JOIN attempt a ON a.reference = o.deciding_attempt WHERE o.till = "
    ));
    query.push_bind(till.as_str().to_owned());
    if let Some(status) = filter.status {
        query.push(" AND o.status = ").push_bind(status.name());
    }
    match filter.open {
        Some(true) => query.push(" AND o.status IN ('pending', 'unknown')"),
        Some(false) => query.push(" AND o.status NOT IN ('pending', 'unknown')"),
        None => &mut query,
    };
    match filter.acknowledged {
        Some(true) => query.push(" AND o.acknowledged_at IS NOT NULL"),
        Some(false) => query.push(" AND o.acknowledged_at IS NULL"),
        None => &mut query,
    };
    if let Some(since) = filter.since {
        query.push(" AND o.created_at >= ").push_bind(since.as_millisecond());
    }
    if let Some(until) = filter.until {
        query.push(" AND o.created_at < ").push_bind(until.as_millisecond());
    }
    if let Some(amount) = filter.amount {
        query.push(" AND o.amount = ").push_bind(amount);
    }
    if let Some(after) = filter.after {
        query
            .push(" AND (o.created_at, o.sequence) < (SELECT created_at, sequence FROM operation WHERE id = ")
            .push_bind(after.to_string())
            .push(")");
    }
    query.push(" ORDER BY o.created_at DESC, o.sequence DESC LIMIT ").push_bind(filter.limit.min(PAGE_MAX));
    query
}

pub(super) async fn live(pool: &SqlitePool) -> Result<Vec<(Operation, Attempt)>> {
    wanted_each(&sqlx::query(LIVE).fetch_all(pool).await.map_err(of_step)?)
}

pub(super) async fn abandoned(pool: &SqlitePool, since: Timestamp) -> Result<Vec<AttemptReference>> {
    references(sqlx::query_scalar(ABANDONED).bind(since.as_millisecond()).fetch_all(pool).await)
}

pub(super) async fn unpaid_refunds(pool: &SqlitePool, sale: OperationId) -> Result<Vec<AttemptReference>> {
    references(sqlx::query_scalar(UNPAID_REFUNDS).bind(sale.to_string()).fetch_all(pool).await)
}

fn references(found: Result<Vec<String>, sqlx::Error>) -> Result<Vec<AttemptReference>> {
    found.map_err(of_step)?.iter().map(|text| rows::attempt_reference(text)).collect()
}

pub(super) async fn terminals(pool: &SqlitePool, terminals: &[Terminal]) -> Result<Vec<TerminalUse>> {
    let mut known = Vec::with_capacity(terminals.len());
    for terminal in terminals {
        let device = terminal.device();
        let query = sqlx::query(TERMINAL).bind(&device).bind(&device).bind(terminal.name.as_str());
        let row = query.fetch_one(pool).await.map_err(of_step)?;
        known.push(TerminalUse {
            terminal: terminal.name.clone(),
            holder: holder(pool, get(&row, "holder")?).await?,
            last_approved_at: optional_time(&row, "last_approved_at")?,
            frozen: get(&row, "frozen")?,
        });
    }
    Ok(known)
}

/// The operation as its attempt sees it that holds the terminal; `None` when it has let go meanwhile.
async fn holder(pool: &SqlitePool, attempt: Option<String>) -> Result<Option<Operation>> {
    let Some(attempt) = attempt else { return Ok(None) };
    let rows = sqlx::query(RUNS).bind(&attempt).fetch_all(pool).await.map_err(of_step)?;
    let reference = rows::attempt_reference(&attempt)?;
    let runs = rows.iter().map(rows::operation).collect::<Result<Vec<_>>>()?;
    Ok(runs.into_iter().find(|run| run.attempt.order.reference == reference && run.attempt.phase.is_live()))
}

pub(super) async fn stands(pool: &SqlitePool, operation: OperationId, kind: AlarmKind) -> Result<bool> {
    let query = sqlx::query(STANDING_ALARM).bind(operation.to_string()).bind(kind.name());
    Ok(query.fetch_optional(pool).await.map_err(of_step)?.is_some())
}

pub(super) async fn standing_alarms(pool: &SqlitePool) -> Result<Vec<(AlarmKind, u64)>> {
    let rows = sqlx::query(COUNT_ALARMS).fetch_all(pool).await.map_err(of_step)?;
    rows.iter().map(|row| Ok((rows::word(get(row, "kind")?)?, get(row, "count")?))).collect()
}

pub(super) async fn alarms(pool: &SqlitePool) -> Result<Vec<RaisedAlarm>> {
    let rows = sqlx::query(ALARMS).fetch_all(pool).await.map_err(of_step)?;
    rows.iter().map(rows::alarm).collect()
}

pub(super) async fn history(pool: &SqlitePool, operation: OperationId) -> Result<Vec<HistoryLine>> {
    let rows = sqlx::query(HISTORY).bind(operation.to_string()).fetch_all(pool).await.map_err(of_step)?;
    rows.iter().map(rows::history_line).collect()
}

/// What SQLite finds wrong with the whole file; empty when it is healthy. Reads all of it.
pub(super) async fn check_integrity(pool: &SqlitePool) -> Result<Vec<String>> {
    let mut found: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check").fetch_all(pool).await.map_err(of_step)?;
    found.retain(|line| line != "ok");
    let dangling = sqlx::query("PRAGMA foreign_key_check").fetch_all(pool).await.map_err(of_step)?;
    for row in &dangling {
        found.push(format!("a row of {} refers to nothing", get::<String>(row, "table")?));
    }
    Ok(found)
}

fn one(found: Result<Option<SqliteRow>, sqlx::Error>) -> Result<Option<Operation>> {
    found.map_err(of_step)?.as_ref().map(rows::operation).transpose()
}

/// The rows of one operation, as the operation and the one attempt that was asked for ([`with_attempt`]).
fn wanted<'row>(
    rows: impl Iterator<Item = &'row SqliteRow>,
    reference: AttemptReference,
) -> Result<Option<(Operation, Attempt)>> {
    let runs = rows.map(rows::operation).collect::<Result<Vec<_>>>()?;
    Ok(with_attempt(&runs, reference))
}

fn wanted_each(rows: &[SqliteRow]) -> Result<Vec<(Operation, Attempt)>> {
    let named = rows
        .iter()
        .map(|row| Ok((rows::attempt_reference(&get::<String>(row, "wanted")?)?, row)))
        .collect::<Result<Vec<_>>>()?;
    let groups = named.chunk_by(|(one, _), (other, _)| one == other);
    groups
        .filter_map(|group| {
            let (reference, _) = group.first()?;
            wanted(group.iter().map(|(_, row)| *row), *reference).transpose()
        })
        .collect()
}

/// The attempts of one kind on a payment that the provider prepared: its sales, or the refunds, which name it too.
pub(super) const ON_PAYMENT: &str = "SELECT reference FROM attempt WHERE preparation ->> 'payment' = ? AND \
    preparation IS NOT NULL AND (refunds IS NOT NULL) = ? ORDER BY number";

/// What a reference means to a till, by kind, in an environment. One that is over in the other environment does not hide a
/// real one, nor the reverse.
pub(super) const BY_REFERENCE: &str = select_operations!(
    "SELECT",
    "operation o JOIN attempt a ON a.reference = o.deciding_attempt \
     WHERE o.till = ? AND o.kind = ? AND o.reference = ? \
     ORDER BY o.simulated <> ? AND o.status NOT IN ('pending', 'unknown'), o.generation DESC LIMIT 1"
);

/// The sale that a refund means by a number in an environment: a till's newest that is not proven unpaid, else the newest. One
/// that may have been paid must not hide behind an older customer's.
pub(super) const SALE_BY_REFERENCE: &str = select_operations!(
    "SELECT",
    "operation o JOIN attempt a ON a.reference = o.deciding_attempt \
     WHERE o.till = ? AND o.kind = 'sale' AND o.reference = ? \
     ORDER BY o.simulated <> ? AND o.status NOT IN ('pending', 'unknown'), o.status IN ('declined', 'cancelled', 'failed'), o.generation DESC LIMIT 1"
);

/// The newest sale with the payment `$1`.
pub(super) const SALE_BY_TRANSACTION: &str = select_operations!(
    "SELECT",
    "attempt paid JOIN operation o ON o.id = paid.operation JOIN attempt a ON a.reference = o.deciding_attempt \
     WHERE paid.transaction_id = $1 AND o.kind = 'sale' ORDER BY o.sequence DESC LIMIT 1"
);

/// What a till tried again last.
pub(super) const TRIED_AGAIN: &str = select_operations!(
    "SELECT o.tried_again_at,",
    "operation o JOIN attempt a ON a.reference = o.deciding_attempt \
     WHERE o.till = ? AND o.tried_again_at IS NOT NULL ORDER BY o.tried_again_at DESC LIMIT 1"
);

pub(super) const LIVE: &str = select_operations!(
    "SELECT wanted.reference AS wanted,",
    "attempt wanted JOIN operation o ON o.id = wanted.operation JOIN attempt a ON a.operation = o.id \
     WHERE wanted.phase IN ('reserved', 'sending', 'open', 'unknown') ORDER BY wanted.reference, a.number"
);

pub(super) const ABANDONED: &str = "SELECT reference FROM attempt WHERE phase = 'abandoned' AND phase_since >= ? \
    ORDER BY phase_since, reference";

pub(super) const UNPAID_REFUNDS: &str = "SELECT attempt.reference FROM operation \
    JOIN attempt ON attempt.operation = operation.id WHERE operation.original = ? \
    AND attempt.phase IN ('declined', 'cancelled', 'failed') ORDER BY attempt.reference";

/// Who holds a device (named twice) and why it is frozen, and when the terminal of a name last took money.
pub(super) const TERMINAL: &str = "SELECT (SELECT reference FROM attempt WHERE leased_terminal = ?) AS holder, \
    (SELECT text FROM alarm WHERE freezes = ? AND acknowledged_at IS NULL ORDER BY id LIMIT 1) AS frozen, \
    (SELECT MAX(phase_since) FROM attempt WHERE terminal = ? AND phase = 'approved') AS last_approved_at";

pub(super) const COUNT_ALARMS: &str =
    "SELECT kind, COUNT(*) AS count FROM alarm WHERE acknowledged_at IS NULL GROUP BY kind";

pub(super) const ALARMS: &str = "SELECT alarm.id, alarm.kind, alarm.text, alarm.operation, alarm.terminal, alarm.raised_at, o.till, o.reference \
     FROM alarm LEFT JOIN operation o ON o.id = alarm.operation WHERE alarm.acknowledged_at IS NULL ORDER BY alarm.id";

pub(super) const HISTORY: &str =
    "SELECT sequence, at, attempt, event, phase FROM event WHERE operation = $1 ORDER BY sequence";
