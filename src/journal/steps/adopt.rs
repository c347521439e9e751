//! Taking in a payment of ours that the journal does not hold: a restored backup, a lost disk.
//!
//! Such a payment is approved, late, and comes with an alarm. Its till may have asked again under the same number after the
//! loss. Where that is the same sale ([`Kinship`]), the payment becomes a run of it: whoever waits hears that it is paid, and
//! what is under way is stopped. Else it becomes an operation of its own, and the two share the number as generations. The
//! number means the one that took money, so that a repeat never takes it again, and the newer one where it started over or
//! both took some. Both stay in the till's list.

use std::ops::RangeInclusive;

use async_trait::async_trait;
use serde_json::json;

use super::entries::{append_event, insert_attempt, insert_operation, load_runs, raise_alarm, stands};
use super::note_refunded::refunded_elsewhere;
use super::record::Recording;
use super::redact::masked;
use crate::domain::attempt::{AlarmKind, Attempt};
use crate::domain::operation::Operation;
use crate::domain::repeat::Kinship;
use crate::domain::request::Details;
use crate::domain::runs::taken_in;
use crate::journal::error::{Result, unreadable};
use crate::journal::results::outbox::Outbox;
use crate::journal::rows::{self, select_operations};
use crate::journal::writing::{Step, Transaction, Writes};
use crate::ports::{Adopted, JournalError, Orphan, Recorded};

/// A payment to take in.
pub(in crate::journal) struct Adopt {
    pub(in crate::journal) orphan: Orphan,
    pub(in crate::journal) outbox: Outbox,
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
        let lost = operation_of(&orphan)?;
        let known = newest(transaction, &lost).await?;
        let known = known.as_ref().map(|known| (known.kinship(&lost, orphan.reuse_after), known));
        let adopted = match known {
            Some((Kinship::SameSale, known)) => {
                join_sale(transaction, &mut writes, &orphan, lost, known, &outbox).await?
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
    let given_back = lost.refunded;
    // What is known of it already stands in the sum, beside what this journal gave back.
    let elsewhere = refunded_elsewhere(transaction, known.id).await?;
    let refunded = known.refunded + (given_back - elsewhere).max(0);
    let run = Operation { id: known.id, refunded, created_at: known.created_at, attempt, ..lost };
    let now = run.updated_at;
    insert_attempt(writes, &run, false)?;
    append_adopted(writes, orphan, &run)?;
    writes
        .add("UPDATE operation SET refunded_elsewhere = MAX(refunded_elsewhere, ?) WHERE id = ?")
        .bind(given_back)
        .bind(run.id.to_string());
    let payment = Recording { writes, runs, outbox, now }.join(run)?;
    let alarm = (!stands(transaction, known.id, AlarmKind::Orphan).await?).then(|| orphan.alarm());
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
    operation: Operation,
    known: Option<(Kinship, &Operation)>,
    outbox: &Outbox,
) -> Result<Adopted> {
    let now = operation.updated_at;
    let stopped = match known {
        Some((Kinship::Rival, _)) => stop_rivals(transaction, writes, &operation, outbox).await?,
        _ => Vec::new(),
    };
    let generation = operation.lost_generation(known, generations(transaction, &operation).await?);
    // A till without numbers asks for the lost sale again by what it was for.
    let asked = orphan.asked_terminal.as_ref().unwrap_or(&operation.terminal);
    let asked_terminal = operation.reference.looks_made().then_some(asked);
    insert_operation(writes, &operation, generation, operation.refunded, &Details::default(), asked_terminal)?;
    insert_attempt(writes, &operation, false)?;
    append_adopted(writes, orphan, &operation)?;
    outbox.add(writes, &operation, now);
    let alarm = orphan.alarm();
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

/// The payment as an operation, with nothing in it that never reaches the disk.
fn operation_of(orphan: &Orphan) -> Result<Operation> {
    let lost = orphan.as_operation().map_err(unreadable)?;
    let attempt = Attempt { phase: masked(lost.attempt.phase), ..lost.attempt };
    Ok(Operation { attempt, ..lost })
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

/// What a reference means in one environment. What runs in the other is another sale, be it over or not.
pub(in crate::journal) const NEWEST: &str = select_operations!(
    "SELECT",
    "operation o JOIN attempt a ON a.reference = o.deciding_attempt WHERE o.till = ? AND o.kind = ? AND o.reference = ? \
     AND o.simulated = CAST(? AS INTEGER) ORDER BY o.generation DESC LIMIT 1"
);

/// The deciding attempts of the unproven operations under a reference, in one environment.
pub(in crate::journal) const RIVALS: &str = "\
    SELECT deciding_attempt AS reference FROM operation WHERE till = ? AND kind = ? AND reference = ? AND simulated = \
    CAST(? AS INTEGER) AND status IN ('pending', 'unknown')";

/// The generations of a reference; nothing where it has none.
pub(in crate::journal) const GENERATIONS: &str = "\
    SELECT MIN(generation) AS lowest, MAX(generation) AS highest FROM operation WHERE till = ? AND kind = ? AND \
    reference = ?";
