//! Taking in a payment of ours that the journal does not hold: a restored backup, a lost disk.
//!
//! Such a payment is approved, late, and comes with an alarm. Its till may have asked again under the same number after the
//! loss. Where that is the same sale ([`Kinship`]), the payment becomes a run of it: whoever waits hears that it is paid, and
//! what is under way is stopped. Else it becomes an operation of its own, and the two share the number as generations. The
//! number means the one that took money, so that a repeat never takes it again, and the newer one where it started over or
//! both took some. Both stay in the till's list.

use std::ops::RangeInclusive;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::json;

use super::entries::{append_event, insert_attempt, insert_operation, load_runs, raise_alarm, stands};
use super::error::{Result, unreadable};
use super::outbox::Outbox;
use super::record::Recording;
use super::redact::masked;
use super::rows::{self, select_operations};
use super::step::Step;
use super::transaction::{Transaction, Writes};
use crate::domain::attempt::{Alarm, AlarmKind, Attempt, Kind, Phase};
use crate::domain::evidence::{Approval, Finding, Order, PaymentState};
use crate::domain::identifiers::{ProviderTerminalId, Reference, TerminalName, TillId};
use crate::domain::money::{AMOUNT_MAX, Amount};
use crate::domain::operation::Operation;
use crate::domain::repeat::Kinship;
use crate::domain::request::Details;
use crate::domain::runs::taken_in;
use crate::ports::{Adopted, JournalError, Orphan, Recorded, Refunded, whole_milliseconds};

/// Stands for a till or terminal that nobody can name any more.
const UNNAMED: &str = "unknown";

/// A payment to take in.
pub(super) struct Adopt {
    pub(super) orphan: Orphan,
    pub(super) outbox: Outbox,
}

#[async_trait]
impl Step for Adopt {
    type Outcome = Option<Adopted>;

    async fn decide(self, transaction: &mut Transaction<'_>) -> Result<(Writes, Option<Adopted>)> {
        let Self { orphan, outbox } = self;
        let mut writes = Writes::default();
        if !load_runs(transaction, orphan.trace.reference).await?.is_empty() {
            return Ok((writes, None));
        }
        let now = whole_milliseconds(orphan.now);
        let lost = orphan.as_operation(now)?;
        let known = newest(transaction, &lost).await?;
        let known = known.map(|known| (known.kinship(&lost, orphan.reuse_after), known));
        let adopted = match known {
            Some((Kinship::SameSale, known)) => {
                join_sale(transaction, &mut writes, &orphan, lost, &known, &outbox).await?
            }
            known => begin_operation(transaction, &mut writes, &orphan, lost, known, &outbox).await?,
        };
        Ok((writes, Some(adopted)))
    }
}

/// What the number of a lost payment means so far, where it was made.
async fn newest(transaction: &mut Transaction<'_>, lost: &Operation) -> Result<Option<Operation>> {
    let row = transaction.row(NEWEST, &name_where_made(lost)).await?;
    row.map(|row| rows::operation(&row)).transpose()
}

/// The payment is a run of the sale that its till made under the same number since.
async fn join_sale(
    transaction: &mut Transaction<'_>,
    writes: &mut Writes,
    orphan: &Orphan,
    lost: Operation,
    known: &Operation,
    outbox: &Outbox,
) -> Result<Adopted> {
    let runs = load_runs(transaction, known.attempt.order.reference).await?;
    let attempt = taken_in(&runs, &lost.attempt).ok_or(JournalError::NotFound)?;
    let refunded = known.refunded.max(orphan.given_back());
    let run = Operation { id: known.id, refunded, created_at: known.created_at, attempt, ..lost };
    let now = run.updated_at;
    insert_attempt(writes, &run, false)?;
    append_adopted(writes, orphan, &run)?;
    writes
        .add("UPDATE operation SET refunded_elsewhere = MAX(refunded_elsewhere, ?) WHERE id = ?")
        .bind(orphan.given_back())
        .bind(run.id.to_string());
    let payment = Recording { writes, runs, outbox, now }.join(run)?;
    let alarm = (!stands(transaction, known.id, AlarmKind::Orphan).await?).then(|| alarm(orphan));
    if let Some(alarm) = &alarm {
        raise_alarm(writes, &payment.operation, alarm, now);
    }
    Ok(Adopted { payment: Recorded { alarm, ..payment }, stopped: Vec::new() })
}

/// The payment is an operation of its own.
async fn begin_operation(
    transaction: &mut Transaction<'_>,
    writes: &mut Writes,
    orphan: &Orphan,
    lost: Operation,
    known: Option<(Kinship, Operation)>,
    outbox: &Outbox,
) -> Result<Adopted> {
    let operation = Operation { refunded: orphan.given_back(), ..lost };
    let now = operation.updated_at;
    let stopped = match &known {
        Some((Kinship::Rival, _)) => stop_rivals(transaction, writes, &operation, outbox).await?,
        _ => Vec::new(),
    };
    let known = known.as_ref().map(|(kinship, known)| (*kinship, known));
    let generation = operation.lost_generation(known, generations(transaction, &operation).await?);
    // A till without numbers asks for the lost sale again by what it was for.
    let asked = orphan.asked_terminal.as_ref().unwrap_or(&operation.terminal);
    let asked_terminal = operation.reference.looks_made().then_some(asked);
    insert_operation(writes, &operation, generation, operation.refunded, &Details::default(), asked_terminal)?;
    insert_attempt(writes, &operation, false)?;
    append_adopted(writes, orphan, &operation)?;
    outbox.add(writes, &operation, now);
    let alarm = alarm(orphan);
    raise_alarm(writes, &operation, &alarm, now);
    let attempt = operation.attempt.clone();
    let (moved, decided, alarm) = (true, true, Some(alarm));
    let payment = Recorded { operation, attempt, moved, decided, alarm, stopped: Vec::new() };
    Ok(Adopted { payment, stopped })
}

fn append_adopted(writes: &mut Writes, orphan: &Orphan, run: &Operation) -> Result<()> {
    let event = json!({"event": "adopted", "payment": orphan.trace.payment.transaction, "amount": run.money});
    append_event(writes, &run.attempt, "adopted", &event, run.updated_at)
}

impl Orphan {
    /// The orphan as an operation; an error when its terminal has a name that none can have.
    fn as_operation(&self, now: Timestamp) -> Result<Operation> {
        let money = self.money;
        let (till, reference) = match &self.till_reference {
            Some(known) => known.clone(),
            None => {
                let reference = Reference::new(self.trace.reference.to_string());
                (TillId::new(UNNAMED).map_err(unreadable)?, reference.map_err(unreadable)?)
            }
        };
        let (terminal, provider_terminal) = match &self.terminal {
            Some(terminal) => (terminal.name.clone(), terminal.terminal_id.clone()),
            None => {
                let named = self.trace.payment.terms.terminal.as_deref().unwrap_or(UNNAMED);
                let terminal = TerminalName::new(UNNAMED).map_err(unreadable)?;
                (terminal, ProviderTerminalId::new(named).map_err(unreadable)?)
            }
        };
        let (asked_at, horizon) = (whole_milliseconds(self.asked_at), whole_milliseconds(self.horizon));
        let order = Order {
            reference: self.trace.reference,
            money,
            terminal: provider_terminal,
            may_grow: self.trace.payment.added > 0,
        };
        Ok(Operation {
            id: self.operation,
            kind: Kind::Sale,
            till,
            reference,
            money,
            terminal,
            store: self.store.clone(),
            provider: self.provider,
            original: None,
            attempt: Attempt {
                phase: masked(Phase::Approved { approval: self.approval(money.amount), late: true, resolution: None }),
                ..Attempt::first(self.operation, Kind::Sale, order, asked_at, horizon)
            },
            refunded: 0,
            simulated: self.simulated,
            told_at: None,
            acknowledged_at: None,
            created_at: asked_at,
            updated_at: now,
        })
    }

    fn approval(&self, amount: Amount) -> Approval {
        let payment = &self.trace.payment;
        Approval {
            transaction: Some(payment.transaction.clone()),
            // What cannot be added was refused before.
            amount: amount.plus(payment.added).unwrap_or(amount),
            captured: payment.state == PaymentState::Approved { captured: true },
            card: payment.card.clone(),
            receipt: payment.receipt.clone(),
            several: false,
        }
    }

    /// What was given back of it already: elsewhere, and by refunds of ours that are as lost as the sale was.
    fn given_back(&self) -> i64 {
        let others = self.trace.refunded.elsewhere(0);
        let ours = self.trace.refunds.iter().map(|(_, finding)| match finding {
            Finding::Approved(approval) => approval.amount.minor(),
            _ => 0,
        });
        let given_back = match self.trace.refunded {
            Refunded::Elsewhere(_) => ours.fold(others, i64::saturating_add),
            Refunded::InAll(_) | Refunded::InAllAndAtMachines { .. } => others,
        };
        given_back.min(AMOUNT_MAX)
    }
}

/// Wants every live attempt stopped that runs under the orphan's number: it is paid already.
async fn stop_rivals(
    transaction: &mut Transaction<'_>,
    writes: &mut Writes,
    orphan: &Operation,
    outbox: &Outbox,
) -> Result<Vec<Recorded>> {
    let mut stopped = Vec::new();
    for row in transaction.rows(RIVALS, &name_where_made(orphan)).await? {
        let rival = rows::attempt_reference(&rows::get::<String>(&row, "reference")?)?;
        let runs = load_runs(transaction, rival).await?;
        stopped.extend(Recording { writes, runs, outbox, now: orphan.updated_at }.stop_all()?);
    }
    Ok(stopped)
}

/// The generations that the operation's number has, wherever they were made.
async fn generations(transaction: &mut Transaction<'_>, operation: &Operation) -> Result<Option<RangeInclusive<i64>>> {
    let row = transaction.row(GENERATIONS, &name_of(operation)).await?.ok_or(JournalError::NotFound)?;
    let (lowest, highest) = (rows::get::<Option<i64>>(&row, "lowest")?, rows::get::<Option<i64>>(&row, "highest")?);
    Ok(lowest.zip(highest).map(|(lowest, highest)| lowest..=highest))
}

/// What an operation is known by to its till.
fn name_of(operation: &Operation) -> [&str; 3] {
    [operation.till.as_str(), operation.kind.name(), operation.reference.as_str()]
}

/// The same, and whether no real money moves.
fn name_where_made(operation: &Operation) -> [&str; 4] {
    let [till, kind, reference] = name_of(operation);
    [till, kind, reference, if operation.simulated { "1" } else { "0" }]
}

fn alarm(orphan: &Orphan) -> Alarm {
    let payment = &orphan.trace.payment;
    Alarm {
        kind: AlarmKind::Orphan,
        text: format!(
            "the provider holds a payment that the journal had lost: {} of {} {} minor units, for {}{}; find out whether \
             the goods were given, and refund it if they were not",
            payment.transaction,
            payment.terms.amount,
            payment.terms.currency,
            orphan.trace.till_reference.as_deref().unwrap_or("a till that it does not name"),
            match orphan.given_back() {
                0 => String::new(),
                minor =>
                    format!(", of which {minor} were given back already, perhaps by a refund that was lost with it"),
            },
        ),
    }
}

/// What a reference means in one environment. What runs in the other is another sale, be it over or not.
pub(super) const NEWEST: &str = select_operations!(
    "SELECT",
    "operation o JOIN attempt a ON a.reference = o.deciding_attempt WHERE o.till = ? AND o.kind = ? AND o.reference = ? \
     AND o.simulated = CAST(? AS INTEGER) ORDER BY o.generation DESC LIMIT 1"
);

/// The deciding attempts of the unproven operations under a reference, in one environment.
pub(super) const RIVALS: &str = "SELECT deciding_attempt AS reference FROM operation WHERE till = ? AND kind = ? \
    AND reference = ? AND simulated = CAST(? AS INTEGER) AND status IN ('pending', 'unknown')";

/// The generations of a reference; nothing where it has none.
pub(super) const GENERATIONS: &str = "SELECT MIN(generation) AS lowest, MAX(generation) AS highest FROM operation \
    WHERE till = ? AND kind = ? AND reference = ?";
