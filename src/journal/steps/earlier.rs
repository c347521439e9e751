//! What stands in the journal before an operation begins: whether it was asked for before, and what holds its terminal.
//! One reading, inside the step that then writes.

use sqlx::sqlite::SqliteRow;

use super::begin::set_aside;
use super::entries;
use crate::domain::attempt::Kind;
use crate::domain::operation::Operation;
use crate::domain::refund::leaves_nothing;
use crate::domain::repeat::{Fingerprint, KnownBy};
use crate::journal::error::Result;
use crate::journal::rows::{self, get, select_operations};
use crate::journal::writing::Transaction;
use crate::ports::{Begun, Earlier, JournalError, NewAttempt};

/// What was found of a request and its terminal.
pub(super) struct Found {
    /// What was asked for before.
    pub(super) earlier: Earlier,
    /// What the terminal is busy with.
    pub(super) obstacle: Obstacle,
}

/// Reads what stands in the journal of a request, and of its terminal.
pub(super) async fn read_before(
    transaction: &mut Transaction<'_>,
    new: &NewAttempt,
    kind: Kind,
    asked: &Fingerprint,
) -> Result<Found> {
    let row = before(transaction, new, kind, asked).await?.ok_or(JournalError::NotFound)?;
    let known = get::<Option<String>>(&row, "id")?.is_some();
    let known = known.then(|| rows::operation(&row)).transpose()?;
    let is_meant = match &known {
        Some(known) => is_meant(transaction, new, asked, known).await?,
        None => false,
    };
    Ok(Found {
        earlier: Earlier {
            operation: known.filter(|_| is_meant),
            generation: get::<Option<i64>>(&row, "generation")?.unwrap_or_default(),
            followed: get(&row, "followed")?,
        },
        obstacle: Obstacle { holder: get(&row, "holder")?, frozen: get(&row, "frozen")? },
    })
}

/// One reading, whatever the request is known by.
async fn before(
    transaction: &mut Transaction<'_>,
    new: &NewAttempt,
    kind: Kind,
    asked: &Fingerprint,
) -> Result<Option<SqliteRow>> {
    let device = new.terminal.device();
    let (till, terminal) = (new.till.as_str(), new.asked_terminal.as_str());
    let is_unlinked = kind == Kind::Refund && asked.original.is_none();
    // A refund without a sale is never taken for a sale of that amount: it always has a number.
    if new.known_by != KnownBy::Content || is_unlinked {
        let reference = new.till_reference.as_str();
        let simulated = if new.simulated { "1" } else { "0" };
        let values = [&device, &device, till, kind.name(), reference, till, kind.name(), reference, simulated];
        return transaction.row(BEFORE, &values).await;
    }
    let amount = asked.money.map_or_else(String::new, |money| money.amount.minor().to_string());
    match asked.original {
        None => {
            let currency = asked.money.map_or("", |money| money.currency.code());
            let values = [&device, &device, till, terminal, &amount, currency];
            transaction.row(BEFORE_SALE_WITHOUT_NUMBER, &values).await
        }
        Some(original) => {
            let values = [&device, &device, &original.to_string(), till, terminal, &amount, &amount];
            transaction.row(BEFORE_REFUND_WITHOUT_NUMBER, &values).await
        }
    }
}

/// Whoever has neither a number nor an amount means what is left of the sale: an earlier refund of a part is another one.
async fn is_meant(
    transaction: &mut Transaction<'_>,
    new: &NewAttempt,
    asked: &Fingerprint,
    known: &Operation,
) -> Result<bool> {
    match (new.known_by, asked.original, asked.money) {
        (KnownBy::Content, Some(original), None) => {
            let sale = entries::load(transaction, original).await?;
            Ok(leaves_nothing(known, &sale, set_aside(transaction, original).await?))
        }
        _ => Ok(true),
    }
}

/// Who holds the terminal, or why it takes nothing.
pub(super) struct Obstacle {
    holder: Option<String>,
    frozen: Option<String>,
}

impl Obstacle {
    /// What the till is told of it; `None` when nothing is in the way.
    pub(super) async fn in_the_way(self, transaction: &mut Transaction<'_>) -> Result<Option<Begun>> {
        let Some(holder) = self.holder else { return Ok(self.frozen.map(Begun::Frozen)) };
        let reference = rows::attempt_reference(&holder)?;
        let runs = entries::load_runs(transaction, reference).await?;
        // The holder is shown as the attempt that holds, not as the one that decides.
        Ok(runs.into_iter().find(|run| run.attempt.order.reference == reference).map(Begun::Busy))
    }
}

/// What a reference (named twice) means to a till, after what keeps a device from a new attempt (named twice); one row in any
/// case. A sandbox operation under the number does not hide a real one, nor the reverse.
pub(in crate::journal) const BEFORE: &str = select_operations!(
    "SELECT (SELECT reference FROM attempt WHERE leased_terminal = ?) AS holder, (SELECT text FROM alarm WHERE \
     freezes = ? AND acknowledged_at IS NULL ORDER BY id LIMIT 1) AS frozen, (SELECT MAX(generation) FROM operation \
     WHERE till = ? AND kind = ? AND reference = ?) AS generation, FALSE AS followed,",
    "(SELECT 1) one LEFT JOIN operation o ON o.till = ? AND o.kind = ? AND o.reference = ? \
     LEFT JOIN attempt a ON a.reference = o.deciding_attempt \
     ORDER BY o.simulated <> CAST(? AS INTEGER) AND o.status NOT IN ('pending', 'unknown'), o.generation DESC LIMIT 1"
);

/// What a sale without a number may be: a till's latest one on a terminal with an amount and a currency. After what keeps
/// a device from a new attempt (named twice); one row in any case.
pub(in crate::journal) const BEFORE_SALE_WITHOUT_NUMBER: &str = select_operations!(
    "SELECT (SELECT reference FROM attempt WHERE leased_terminal = ?) AS holder, (SELECT text FROM alarm WHERE \
     freezes = ? AND acknowledged_at IS NULL ORDER BY id LIMIT 1) AS frozen, o.generation, \
     EXISTS (SELECT 1 FROM operation later INDEXED BY operation_by_asked_terminal WHERE later.till = o.till \
     AND later.asked_terminal = o.asked_terminal AND later.sequence > o.sequence) AS followed,",
    "(SELECT 1) one LEFT JOIN operation o ON o.sequence = (SELECT sequence FROM operation WHERE kind = 'sale' AND \
     till = ? AND asked_terminal = ? AND amount = CAST(? AS INTEGER) AND currency = ? ORDER BY sequence DESC LIMIT 1) \
     LEFT JOIN attempt a ON a.reference = o.deciding_attempt"
);

/// The same of a refund: the latest one of a sale, with an amount (named twice) where it is not empty.
pub(in crate::journal) const BEFORE_REFUND_WITHOUT_NUMBER: &str = select_operations!(
    "SELECT (SELECT reference FROM attempt WHERE leased_terminal = ?) AS holder, (SELECT text FROM alarm WHERE \
     freezes = ? AND acknowledged_at IS NULL ORDER BY id LIMIT 1) AS frozen, o.generation, \
     EXISTS (SELECT 1 FROM operation later INDEXED BY operation_by_asked_terminal WHERE later.till = o.till \
     AND later.asked_terminal = o.asked_terminal AND later.sequence > o.sequence) AS followed,",
    "(SELECT 1) one LEFT JOIN operation o ON o.sequence = (SELECT sequence FROM operation WHERE original = ? AND \
     till = ? AND asked_terminal = ? AND (? = '' OR amount = CAST(? AS INTEGER)) ORDER BY sequence DESC LIMIT 1) \
     LEFT JOIN attempt a ON a.reference = o.deciding_attempt"
);
