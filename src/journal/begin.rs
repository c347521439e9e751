//! Beginning a sale or a refund: the reference, the terminal's lease and the amount are taken in one commit.

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Serialize;
use sqlx::SqliteConnection;

use super::entries::{self, append_event, insert_attempt, insert_operation};
use super::error::of_step;
use super::redact::clean_json;
use super::rows::{self, get, select_operations, whole_milliseconds};
use super::step::Step;
use super::writes::Writes;
use crate::domain::attempt::{Attempt, Kind, Phase};
use crate::domain::evidence::Order;
use crate::domain::identifiers::{OperationId, TerminalName, TransactionId};
use crate::domain::money::Money;
use crate::domain::operation::{Fingerprint, Operation, Repeat};
use crate::domain::refund::refund_amount;
use crate::domain::request::Details;
use crate::ports::{Begun, JournalError, NewAttempt, NewRefund, NewSale};

type Result<T> = std::result::Result<T, JournalError>;

#[async_trait]
impl Step for NewSale {
    type Outcome = Begun;

    async fn run(self, connection: &mut SqliteConnection) -> Result<Begun> {
        let Self { attempt: new, money } = self;
        let asked = Fingerprint { money: Some(money), original: None };
        let earlier = match repeated(connection, &new, Kind::Sale, &asked).await? {
            Repeated::Answered(answer) => return Ok(answer),
            Repeated::Never => None,
            Repeated::Again(operation) => Some(operation),
        };
        if let Some(obstacle) = obstacle(connection, &new.terminal.name).await? {
            return Ok(obstacle);
        }
        let operation = new.operation(Kind::Sale, money, None, None, Phase::Sending, earlier.as_ref());
        write(connection, operation, &new.details, earlier.is_none(), true).await.map(Begun::New)
    }
}

#[async_trait]
impl Step for NewRefund {
    type Outcome = Begun;

    async fn run(self, connection: &mut SqliteConnection) -> Result<Begun> {
        let Self { attempt: new, original, asked, on_terminal } = self;
        let fingerprint = Fingerprint { money: asked, original: Some(original) };
        let earlier = match repeated(connection, &new, Kind::Refund, &fingerprint).await? {
            Repeated::Answered(answer) => return Ok(answer),
            Repeated::Never => None,
            Repeated::Again(operation) => Some(operation),
        };
        let sale = entries::load(connection, original).await?;
        if sale.kind != Kind::Sale {
            return Err(JournalError::NotFound);
        }
        // A refund that runs again gives back what it was first made for.
        let asked = earlier.as_ref().map_or(asked, |operation| Some(operation.money));
        let amount = match refund_amount(&sale, set_aside(connection, original).await?, asked) {
            Ok(amount) => amount,
            Err(reason) => return Ok(Begun::NotRefundable(reason)),
        };
        if on_terminal && let Some(obstacle) = obstacle(connection, &new.terminal.name).await? {
            return Ok(obstacle);
        }
        let money = Money { amount, currency: sale.money.currency };
        let transaction = sale.approval().and_then(|approval| approval.transaction.clone());
        let operation =
            new.operation(Kind::Refund, money, Some(original), transaction, Phase::Reserved, earlier.as_ref());
        write(connection, operation, &new.details, earlier.is_none(), on_terminal).await.map(Begun::New)
    }
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

async fn repeated(
    connection: &mut SqliteConnection,
    new: &NewAttempt,
    kind: Kind,
    asked: &Fingerprint,
) -> Result<Repeated> {
    let row = sqlx::query(BY_REFERENCE)
        .bind(new.till.as_str())
        .bind(kind.name())
        .bind(new.till_reference.as_str())
        .fetch_optional(connection)
        .await
        .map_err(of_step)?;
    let Some(known) = row.as_ref().map(rows::operation).transpose()? else {
        return Ok(Repeated::Never);
    };
    Ok(match known.repeat(asked, new.on_repeat) {
        Repeat::Conflict => Repeated::Answered(Begun::Conflict(known)),
        Repeat::Join => Repeated::Answered(Begun::Joined(known)),
        Repeat::Replay => Repeated::Answered(Begun::Replayed(known)),
        Repeat::NewAttempt => Repeated::Again(known),
    })
}

/// Who holds the terminal, or why it takes nothing.
async fn obstacle(connection: &mut SqliteConnection, terminal: &TerminalName) -> Result<Option<Begun>> {
    let row = sqlx::query(OBSTACLE).bind(terminal.as_str()).fetch_one(&mut *connection).await.map_err(of_step)?;
    if let Some(holder) = get::<Option<String>>(&row, "holder")? {
        let reference = rows::attempt_reference(&holder)?;
        let runs = entries::load_runs(connection, reference).await?;
        // The holder is shown as the attempt that holds, not as the one that decides.
        return Ok(runs.into_iter().find(|run| run.attempt.order.reference == reference).map(Begun::Busy));
    }
    Ok(get::<Option<String>>(&row, "frozen")?.map(Begun::Frozen))
}

/// The sum of every refund of the sale that has moved money or may still move it, whoever asked for it.
async fn set_aside(connection: &mut SqliteConnection, sale: OperationId) -> Result<i64> {
    sqlx::query_scalar(SET_ASIDE).bind(sale.to_string()).fetch_one(connection).await.map_err(of_step)
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

async fn write(
    connection: &mut SqliteConnection,
    operation: Operation,
    details: &Details,
    is_new: bool,
    on_terminal: bool,
) -> Result<Operation> {
    let mut writes = Writes::default();
    if is_new {
        insert_operation(&mut writes, &operation, FIRST_GENERATION, 0, details)?;
    } else {
        run_again(&mut writes, &operation, details)?;
    }
    insert_attempt(&mut writes, &operation, on_terminal)?;
    let Attempt { order, refunds, expires_at, .. } = &operation.attempt;
    let event = BegunEvent { event: "begun", order, refunds: refunds.as_ref(), expires_at: *expires_at };
    append_event(&mut writes, &operation.attempt, event.event, &event, operation.updated_at)?;
    writes.run(connection).await?;
    Ok(operation)
}

fn run_again(writes: &mut Writes, operation: &Operation, details: &Details) -> Result<()> {
    entries::update_operation(writes, operation);
    writes
        .add("UPDATE operation SET simulated = ?, details = ? WHERE id = ?")
        .bind(operation.simulated)
        .bind(clean_json(details)?)
        .bind(operation.id.to_string());
    Ok(())
}

/// Operations begin here; only payments found at the provider are put above or below.
pub(super) const FIRST_GENERATION: i64 = 1;

/// What the reference `$3` of kind `$2` means to the till `$1`.
pub(super) const BY_REFERENCE: &str = select_operations!(
    "SELECT",
    "operation o JOIN attempt a ON a.reference = o.deciding_attempt \
     WHERE o.till = $1 AND o.kind = $2 AND o.reference = $3 ORDER BY o.generation DESC LIMIT 1"
);

/// What stands between the terminal `$1` and a new attempt.
pub(super) const OBSTACLE: &str = "SELECT (SELECT reference FROM attempt WHERE leased_terminal = $1) AS holder, \
    (SELECT text FROM alarm WHERE terminal = $1 AND acknowledged_at IS NULL AND freezes = 1 ORDER BY id LIMIT 1) \
    AS frozen";

/// What may no longer be given back of the sale `$1`.
pub(super) const SET_ASIDE: &str = "SELECT (SELECT refunded_elsewhere FROM operation WHERE id = $1) \
    + COALESCE(SUM(a.set_aside), 0) FROM operation refund JOIN attempt a ON a.operation = refund.id \
    WHERE refund.original = $1";
