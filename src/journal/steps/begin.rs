//! Beginning a sale or a refund: the reference, the terminal's lease and the amount are taken in one commit.

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Serialize;

use super::earlier::read_before;
use super::entries::{self, append_event, insert_attempt, insert_operation};
use super::redact::clean_json;
use crate::domain::attempt::{Attempt, Kind};
use crate::domain::evidence::Order;
use crate::domain::identifiers::{AttemptReference, OperationId, TillId, TransactionId};
use crate::domain::money::Money;
use crate::domain::operation::Operation;
use crate::domain::refund::{Allowance, NotRefundable, refund_amount};
use crate::domain::repeat::{Fingerprint, KnownBy};
use crate::domain::request::Details;
use crate::journal::error::Result;
use crate::journal::rows::{self, get, select_operations};
use crate::journal::writing::{Step, Transaction, Writes};
use crate::ports::{Begun, JournalError, NewAttempt, NewRefund, NewSale, Repeated, Target};

#[async_trait]
impl Step for NewSale {
    type Outcome = Begun;

    async fn decide(self, transaction: &mut Transaction<'_>) -> Result<(Writes, Begun)> {
        let new = &self.attempt;
        let asked = Fingerprint { money: Some(self.money), original: None };
        let found = read_before(transaction, new, Kind::Sale, &asked).await?;
        let target = match found.earlier.repeated(new, &asked) {
            Repeated::Answered(answer) => return Ok((Writes::default(), *answer)),
            Repeated::Begins(target) => target,
        };
        if new.rules.heeds_superseded
            && let Some(paid) = paid_unheard(transaction, new).await?
        {
            return Ok((Writes::default(), Begun::OlderPaid(paid)));
        }
        if let Some(obstacle) = found.obstacle.in_the_way(transaction).await? {
            return Ok((Writes::default(), obstacle));
        }
        write(self.operation(target.earlier()), new, &target, true)
    }
}

#[async_trait]
impl Step for NewRefund {
    type Outcome = Begun;

    async fn decide(self, transaction: &mut Transaction<'_>) -> Result<(Writes, Begun)> {
        let (new, on_terminal) = (&self.attempt, self.route.needs_terminal());
        let asked = Fingerprint { money: self.asked, original: self.original };
        let found = read_before(transaction, new, Kind::Refund, &asked).await?;
        let target = match found.earlier.repeated(new, &asked) {
            Repeated::Answered(answer) => return Ok((Writes::default(), *answer)),
            Repeated::Begins(target) => target,
        };
        let Returned { money, payment } = match returned(transaction, &self, target.money(self.asked)).await? {
            Ok(returned) => returned,
            Err(reason) => return Ok((Writes::default(), Begun::NotRefundable(reason))),
        };
        if on_terminal && let Some(obstacle) = found.obstacle.in_the_way(transaction).await? {
            return Ok((Writes::default(), obstacle));
        }
        write(self.operation(money, payment, target.earlier()), new, &target, on_terminal)
    }
}

/// What a refund gives back, and of which payment.
struct Returned {
    money: Money,
    payment: Option<TransactionId>,
}

/// What the refund gives back, or why it may not be made.
async fn returned(
    transaction: &mut Transaction<'_>,
    refund: &NewRefund,
    asked: Option<Money>,
) -> Result<Result<Returned, NotRefundable>> {
    let NewRefund { attempt: NewAttempt { till, .. }, original, allowance, one_at_a_time, .. } = refund;
    let returned = match original {
        Some(original) => of_sale(transaction, *original, asked).await?,
        None => of_no_sale(transaction, asked, till, allowance).await?,
    };
    let Ok(Returned { money, .. }) = &returned else { return Ok(returned) };
    if let Err(reason) = allowance.allows(*money, given_back(transaction, till, allowance).await?) {
        return Ok(Err(reason));
    }
    // Only now: who may never give back so much is not told to wait.
    if *one_at_a_time
        && let Some(original) = original
        && let Some(reason) = another_under_way(transaction, *original).await?
    {
        return Ok(Err(reason));
    }
    Ok(returned)
}

async fn of_sale(
    transaction: &mut Transaction<'_>,
    original: OperationId,
    asked: Option<Money>,
) -> Result<Result<Returned, NotRefundable>> {
    let sale = entries::load(transaction, original).await?;
    if sale.kind != Kind::Sale {
        return Err(JournalError::NotFound);
    }
    let amount = match refund_amount(&sale, set_aside(transaction, original).await?, asked) {
        Ok(amount) => amount,
        Err(reason) => return Ok(Err(reason)),
    };
    let payment = sale.approval().and_then(|approval| approval.transaction.clone());
    Ok(Ok(Returned { money: Money { amount, currency: sale.money.currency }, payment }))
}

async fn of_no_sale(
    transaction: &mut Transaction<'_>,
    asked: Option<Money>,
    till: &TillId,
    allowance: &Allowance,
) -> Result<Result<Returned, NotRefundable>> {
    let money = asked.ok_or(JournalError::NotFound)?;
    let first = AttemptReference::first_at(allowance.day_began).to_string();
    let row = transaction.row(GIVEN_BACK_UNLINKED, &[&first, till.as_str()]).await?;
    let given_back = get(&row.ok_or(JournalError::NotFound)?, "given_back")?;
    Ok(allowance.allows_unlinked(money, given_back).map(|()| Returned { money, payment: None }))
}

/// A refund of the sale of which it is not proven what became of it.
async fn another_under_way(transaction: &mut Transaction<'_>, sale: OperationId) -> Result<Option<NotRefundable>> {
    let Some(undecided) = transaction.row(UNDECIDED_REFUND, &[&sale.to_string()]).await? else { return Ok(None) };
    Ok(Some(NotRefundable::AnotherUnderWay { is_abandoned: get(&undecided, "is_abandoned")? }))
}

/// The till's own sale on this terminal that it wanted stopped and that was paid all the same, while the till has neither
/// its result nor a warning of it. Read in the step that begins, so that nothing comes between the two.
async fn paid_unheard(transaction: &mut Transaction<'_>, new: &NewAttempt) -> Result<Option<Operation>> {
    let values = [new.till.as_str(), new.terminal.name.as_str()];
    transaction.row(PAID_UNHEARD, &values).await?.map(|row| rows::operation(&row)).transpose()
}

/// The sum of every refund of the sale that has moved money or may still move it, whoever asked for it.
pub(super) async fn set_aside(transaction: &mut Transaction<'_>, sale: OperationId) -> Result<i64> {
    let sale = sale.to_string();
    let row = transaction.row(SET_ASIDE, &[&sale, &sale]).await?.ok_or(JournalError::NotFound)?;
    get(&row, "set_aside")
}

/// The sum of the till's refunds of the day that have moved money or may still move it; not asked where nothing goes by
/// it.
async fn given_back(transaction: &mut Transaction<'_>, till: &TillId, allowance: &Allowance) -> Result<i64> {
    if allowance.limits.per_day.is_none() {
        return Ok(0);
    }
    let first = AttemptReference::first_at(allowance.day_began).to_string();
    let row = transaction.row(GIVEN_BACK, &[&first, till.as_str()]).await?.ok_or(JournalError::NotFound)?;
    get(&row, "given_back")
}

/// What the event log says of a new attempt.
#[derive(Serialize)]
struct BegunEvent<'a> {
    event: &'static str,
    order: &'a Order,
    refunds: Option<&'a TransactionId>,
    expires_at: Timestamp,
}

fn write(operation: Operation, new: &NewAttempt, target: &Target, on_terminal: bool) -> Result<(Writes, Begun)> {
    let mut writes = Writes::default();
    match target {
        Target::New(generation) => {
            let asked_terminal = (new.known_by != KnownBy::Reference).then_some(&new.asked_terminal);
            insert_operation(&mut writes, &operation, *generation, 0, &new.details, asked_terminal)?;
        }
        Target::Again(earlier) => run_again(&mut writes, earlier, &operation, &new.details)?,
    }
    insert_attempt(&mut writes, &operation, on_terminal)?;
    let Attempt { order, refund_of, expires_at, .. } = &operation.attempt;
    let event = BegunEvent { event: "begun", order, refunds: refund_of.as_ref(), expires_at: *expires_at };
    append_event(&mut writes, &operation.attempt, event.event, &event, operation.updated_at)?;
    Ok((writes, Begun::New(operation)))
}

fn run_again(writes: &mut Writes, earlier: &Operation, operation: &Operation, details: &Details) -> Result<()> {
    entries::update_operation(writes, earlier, operation);
    writes
        .add("UPDATE operation SET simulated = ?, details = ?, tried_again_at = ? WHERE id = ?")
        .bind(operation.simulated)
        .bind(clean_json(details)?)
        .bind(operation.updated_at.as_millisecond())
        .bind(operation.id.to_string());
    Ok(())
}

/// A till's superseded sale on a terminal that was paid, and of which the till has not heard.
pub(in crate::journal) const PAID_UNHEARD: &str = select_operations!(
    "SELECT",
    "operation o INDEXED BY operation_unheard JOIN attempt a ON a.reference = o.deciding_attempt \
     WHERE o.till = ? AND a.terminal = ? AND o.kind = 'sale' AND o.status = 'approved' AND o.told_at IS NULL \
     AND o.warned_at IS NULL AND o.acknowledged_at IS NULL AND a.cancel_wanted = 1 LIMIT 1"
);

/// What may no longer be given back of a sale (named twice).
pub(in crate::journal) const SET_ASIDE: &str = "SELECT (SELECT refunded_elsewhere FROM operation WHERE id = ?) \
    + COALESCE(SUM(a.set_aside), 0) AS set_aside FROM operation refund JOIN attempt a ON a.operation = refund.id \
    WHERE refund.original = ?";

/// Whether the refunds of a sale of which it is not proven what became of them all wait for a person; no row where there is
/// none.
pub(in crate::journal) const UNDECIDED_REFUND: &str = "\
    SELECT MIN(a.phase = 'abandoned') AS is_abandoned FROM operation refund JOIN attempt a ON a.operation = refund.id \
    WHERE refund.original = ? AND a.phase IN ('reserved', 'sending', 'open', 'unknown', 'abandoned') GROUP BY \
    refund.original";

/// What a till gave back since a moment. The attempts of a day are few and stand together, by their names; a till's
/// refunds of all times are not (`CROSS JOIN` is SQLite's way to say which of the two to begin with).
pub(in crate::journal) const GIVEN_BACK: &str = "\
    SELECT COALESCE(SUM(a.set_aside), 0) AS given_back FROM attempt a CROSS JOIN operation o ON o.id = a.operation \
    WHERE a.reference >= ? AND a.set_aside > 0 AND o.till = ? AND o.kind = 'refund'";

/// The same without a sale.
pub(in crate::journal) const GIVEN_BACK_UNLINKED: &str = "\
    SELECT COALESCE(SUM(a.set_aside), 0) AS given_back FROM attempt a CROSS JOIN operation o ON o.id = a.operation \
    WHERE a.reference >= ? AND a.set_aside > 0 AND o.till = ? AND o.kind = 'refund' AND o.original IS NULL";
