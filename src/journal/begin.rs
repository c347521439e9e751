//! Beginning a sale or a refund: the reference, the terminal's lease and the amount are taken in one commit.

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Serialize;

use super::entries::{self, append_event, insert_attempt, insert_operation};
use super::redact::clean_json;
use super::rows::{self, get, select_operations, whole_milliseconds};
use super::step::Step;
use super::transaction::{Transaction, Writes};
use crate::domain::attempt::{Attempt, Kind, Phase};
use crate::domain::evidence::Order;
use crate::domain::identifiers::{AttemptReference, OperationId, TillId, TransactionId};
use crate::domain::money::Money;
use crate::domain::operation::{Fingerprint, Operation, Repeat};
use crate::domain::refund::{Allowance, refund_amount};
use crate::domain::request::Details;
use crate::ports::{Begun, JournalError, NewAttempt, NewRefund, NewSale};

type Result<T> = std::result::Result<T, JournalError>;

#[async_trait]
impl Step for NewSale {
    type Outcome = Begun;

    async fn decide(self, transaction: &mut Transaction<'_>) -> Result<(Writes, Begun)> {
        let Self { attempt: new, money } = self;
        let asked = Fingerprint { money: Some(money), original: None };
        let found = found(transaction, &new, Kind::Sale).await?;
        let earlier = match repeated(found.operation, &new, &asked) {
            Repeated::Answered(answer) => return Ok((Writes::default(), answer)),
            Repeated::Never => None,
            Repeated::Again(operation) => Some(operation),
        };
        if let Some(obstacle) = found.obstacle.in_the_way(transaction).await? {
            return Ok((Writes::default(), obstacle));
        }
        let operation = new.operation(Kind::Sale, money, None, None, Phase::Sending, earlier.as_ref());
        write(operation, &new.details, earlier.as_ref(), true)
    }
}

#[async_trait]
impl Step for NewRefund {
    type Outcome = Begun;

    async fn decide(self, transaction: &mut Transaction<'_>) -> Result<(Writes, Begun)> {
        let Self { attempt: new, original, asked, allowance, on_terminal } = self;
        let fingerprint = Fingerprint { money: asked, original: Some(original) };
        let found = found(transaction, &new, Kind::Refund).await?;
        let earlier = match repeated(found.operation, &new, &fingerprint) {
            Repeated::Answered(answer) => return Ok((Writes::default(), answer)),
            Repeated::Never => None,
            Repeated::Again(operation) => Some(operation),
        };
        let sale = entries::load(transaction, original).await?;
        if sale.kind != Kind::Sale {
            return Err(JournalError::NotFound);
        }
        // A refund that runs again gives back what it was first made for.
        let asked = earlier.as_ref().map_or(asked, |operation| Some(operation.money));
        let amount = match refund_amount(&sale, set_aside(transaction, original).await?, asked) {
            Ok(amount) => amount,
            Err(reason) => return Ok((Writes::default(), Begun::NotRefundable(reason))),
        };
        let money = Money { amount, currency: sale.money.currency };
        if let Err(reason) = allowance.allows(money, given_back(transaction, &new.till, &allowance).await?) {
            return Ok((Writes::default(), Begun::NotRefundable(reason)));
        }
        if on_terminal && let Some(obstacle) = found.obstacle.in_the_way(transaction).await? {
            return Ok((Writes::default(), obstacle));
        }
        let transaction = sale.approval().and_then(|approval| approval.transaction.clone());
        let operation =
            new.operation(Kind::Refund, money, Some(original), transaction, Phase::Reserved, earlier.as_ref());
        write(operation, &new.details, earlier.as_ref(), on_terminal)
    }
}

/// What stands in the journal before anything begins.
struct Found {
    /// What the reference means so far.
    operation: Option<Operation>,
    /// What the terminal is busy with.
    obstacle: Obstacle,
}

async fn found(transaction: &mut Transaction<'_>, new: &NewAttempt, kind: Kind) -> Result<Found> {
    let device = entries::device(new.terminal.provider, &new.terminal.terminal_id);
    let values = [&device, &device, new.till.as_str(), kind.name(), new.till_reference.as_str()];
    let row = transaction.row(BEFORE, &values).await?.ok_or(JournalError::NotFound)?;
    let known = get::<Option<String>>(&row, "id")?.is_some();
    Ok(Found {
        operation: known.then(|| rows::operation(&row)).transpose()?,
        obstacle: Obstacle { holder: get(&row, "holder")?, frozen: get(&row, "frozen")? },
    })
}

/// What is known of the reference.
enum Repeated {
    /// Nothing.
    Never,
    /// It is answered from what is known.
    Answered(Begun),
    /// It is run again under this operation.
    Again(Operation),
}

fn repeated(known: Option<Operation>, new: &NewAttempt, asked: &Fingerprint) -> Repeated {
    let Some(known) = known else { return Repeated::Never };
    match known.repeat(asked, new.on_repeat) {
        Repeat::Conflict => Repeated::Answered(Begun::Conflict(known)),
        Repeat::Join => Repeated::Answered(Begun::Joined(known)),
        Repeat::Replay => Repeated::Answered(Begun::Replayed(known)),
        Repeat::NewAttempt => Repeated::Again(known),
    }
}

/// Who holds the terminal, or why it takes nothing.
struct Obstacle {
    holder: Option<String>,
    frozen: Option<String>,
}

impl Obstacle {
    async fn in_the_way(self, transaction: &mut Transaction<'_>) -> Result<Option<Begun>> {
        let Some(holder) = self.holder else { return Ok(self.frozen.map(Begun::Frozen)) };
        let reference = rows::attempt_reference(&holder)?;
        let runs = entries::load_runs(transaction, reference).await?;
        // The holder is shown as the attempt that holds, not as the one that decides.
        Ok(runs.into_iter().find(|run| run.attempt.order.reference == reference).map(Begun::Busy))
    }
}

/// The sum of every refund of the sale that has moved money or may still move it, whoever asked for it.
async fn set_aside(transaction: &mut Transaction<'_>, sale: OperationId) -> Result<i64> {
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

impl NewAttempt {
    /// The operation with its new attempt: a new one, or the next run of an earlier one.
    fn operation(
        &self,
        kind: Kind,
        money: Money,
        original: Option<OperationId>,
        refunds: Option<TransactionId>,
        phase: Phase,
        earlier: Option<&Operation>,
    ) -> Operation {
        let now = whole_milliseconds(self.now);
        let id = earlier.map_or(self.operation, |operation| operation.id);
        Operation {
            id,
            kind,
            till: self.till.clone(),
            reference: self.till_reference.clone(),
            money,
            terminal: self.terminal.name.clone(),
            store: self.terminal.store.clone(),
            provider: self.terminal.provider,
            original,
            attempt: Attempt {
                operation: id,
                number: earlier.map_or(1, |operation| operation.attempt.number + 1),
                kind,
                order: Order { reference: self.reference, money, terminal: self.terminal.terminal_id.clone() },
                refunds,
                expires_at: whole_milliseconds(self.expires_at),
                horizon: whole_milliseconds(self.horizon),
                cancel_wanted: false,
                contradicted: false,
                phase,
            },
            refunded: earlier.map_or(0, |operation| operation.refunded),
            simulated: self.simulated,
            told_at: None,
            acknowledged_at: None,
            created_at: earlier.map_or(now, |operation| operation.created_at),
            updated_at: now,
        }
    }
}

/// What the event log says of a new attempt.
#[derive(Serialize)]
struct BegunEvent<'a> {
    event: &'static str,
    order: &'a Order,
    refunds: Option<&'a TransactionId>,
    expires_at: Timestamp,
}

fn write(
    operation: Operation,
    details: &Details,
    earlier: Option<&Operation>,
    on_terminal: bool,
) -> Result<(Writes, Begun)> {
    let mut writes = Writes::default();
    match earlier {
        None => insert_operation(&mut writes, &operation, FIRST_GENERATION, 0, details)?,
        Some(earlier) => run_again(&mut writes, earlier, &operation, details)?,
    }
    insert_attempt(&mut writes, &operation, on_terminal)?;
    let Attempt { order, refunds, expires_at, .. } = &operation.attempt;
    let event = BegunEvent { event: "begun", order, refunds: refunds.as_ref(), expires_at: *expires_at };
    append_event(&mut writes, &operation.attempt, event.event, &event, operation.updated_at)?;
    Ok((writes, Begun::New(operation)))
}

fn run_again(writes: &mut Writes, earlier: &Operation, operation: &Operation, details: &Details) -> Result<()> {
    entries::update_operation(writes, earlier, operation);
    writes
        .add("UPDATE operation SET simulated = ?, details = ? WHERE id = ?")
        .bind(operation.simulated)
        .bind(clean_json(details)?)
        .bind(operation.id.to_string());
    Ok(())
}

/// Operations begin here; only payments found at the provider are put above or below.
pub(super) const FIRST_GENERATION: i64 = 1;

/// What a reference means to a till, by kind.
pub(super) const BY_REFERENCE: &str = select_operations!(
    "SELECT",
    "operation o JOIN attempt a ON a.reference = o.deciding_attempt \
     WHERE o.till = ? AND o.kind = ? AND o.reference = ? ORDER BY o.generation DESC LIMIT 1"
);

/// The same, after what keeps a device from a new attempt (named twice); one row in any case.
pub(super) const BEFORE: &str = select_operations!(
    "SELECT (SELECT reference FROM attempt WHERE leased_terminal = ?) AS holder, (SELECT text FROM alarm WHERE \
     freezes = ? AND acknowledged_at IS NULL ORDER BY id LIMIT 1) AS frozen,",
    "(SELECT 1) one LEFT JOIN operation o ON o.till = ? AND o.kind = ? AND o.reference = ? \
     LEFT JOIN attempt a ON a.reference = o.deciding_attempt ORDER BY o.generation DESC LIMIT 1"
);

/// What may no longer be given back of a sale (named twice).
pub(super) const SET_ASIDE: &str = "SELECT (SELECT refunded_elsewhere FROM operation WHERE id = ?) \
    + COALESCE(SUM(a.set_aside), 0) AS set_aside FROM operation refund JOIN attempt a ON a.operation = refund.id \
    WHERE refund.original = ?";

/// What a till gave back since a moment. The attempts of a day are few and stand together, by their names; a till's
/// refunds of all times are not (`CROSS JOIN` is SQLite's way to say which of the two to begin with).
pub(super) const GIVEN_BACK: &str = "SELECT COALESCE(SUM(a.set_aside), 0) AS given_back FROM attempt a CROSS JOIN \
    operation o ON o.id = a.operation WHERE a.reference >= ? AND a.set_aside > 0 AND o.till = ? AND o.kind = 'refund'";
