//! Applying an event to an attempt, and everything that follows from it, in one commit.

use async_trait::async_trait;
use jiff::Timestamp;

use super::entries::{append_event, load_runs, raise_alarm, stands, update_attempt, update_operation};
use super::outbox::Outbox;
use super::redact::masked;
use super::rows::whole_milliseconds;
use super::step::Step;
use super::transaction::{Transaction, Writes};
use crate::domain::attempt::{Alarm, Attempt, Event, Phase, Transition};
use crate::domain::identifiers::AttemptReference;
use crate::domain::operation::{Operation, paid_twice};
use crate::ports::{JournalError, Recorded};

type Result<T> = std::result::Result<T, JournalError>;

/// An event of an attempt.
pub(super) struct Record {
    pub(super) attempt: AttemptReference,
    pub(super) event: Event,
    pub(super) now: Timestamp,
    pub(super) outbox: Outbox,
}

#[async_trait]
impl Step for Record {
    type Outcome = Recorded;

    /// An acceptance is no result: a till waits for what comes after it, which may be there already. Without it on disk
    /// the attempt is looked up by its reference instead of by its handle.
    fn can_wait(&self) -> bool {
        matches!(self.event, Event::Accepted { .. })
    }

    async fn decide(self, transaction: &mut Transaction<'_>) -> Result<(Writes, Recorded)> {
        let now = whole_milliseconds(self.now);
        let mut writes = Writes::default();
        let mut runs = load_runs(transaction, self.attempt).await?;
        let position = position(&runs, self.attempt)?;
        let before = deciding(&runs)?.clone();
        let Some(transition) = runs[position].attempt.step(&self.event)? else {
            let attempt = runs.swap_remove(position).attempt;
            let unmoved = Recorded { operation: before, attempt, moved: false, alarm: None, stopped: Vec::new() };
            return Ok((writes, unmoved));
        };
        let was_approved = is_approved(&runs[position].attempt);
        let mut alarm = apply(&mut writes, &mut runs[position], transition, &self.event, now)?;
        let mut stopped = Vec::new();
        if !was_approved && is_approved(&runs[position].attempt) {
            alarm = paid_twice(&runs[position], approved_beside(&runs, position)).or(alarm);
            stopped = stop_others(&mut writes, &mut runs, position, now)?;
        }
        let operation = settle(deciding(&runs)?.clone(), &before, now);
        update_operation(&mut writes, &before, &operation);
        if !is_same_result(&operation, &before) {
            self.outbox.add(&mut writes, &operation, now);
        }
        let run = runs.swap_remove(position);
        if let Some(raised) = &alarm {
            if stands(transaction, run.id, raised.kind).await? {
                alarm = None;
            } else {
                raise_alarm(&mut writes, &run, raised, now);
            }
        }
        Ok((writes, Recorded { operation, attempt: run.attempt, moved: true, alarm, stopped }))
    }
}

fn position(runs: &[Operation], reference: AttemptReference) -> Result<usize> {
    runs.iter().position(|run| run.attempt.order.reference == reference).ok_or(JournalError::NotFound)
}

/// The operation as the attempt sees it that decides what the till is told.
pub(super) fn deciding(runs: &[Operation]) -> Result<&Operation> {
    runs.iter()
        .reduce(|best, run| if run.attempt.decides_over(&best.attempt) { run } else { best })
        .ok_or(JournalError::NotFound)
}

fn is_approved(attempt: &Attempt) -> bool {
    matches!(attempt.phase, Phase::Approved { .. })
}

/// Writes the attempt's move and its event, and returns the alarm that goes with it.
fn apply(
    writes: &mut Writes,
    run: &mut Operation,
    transition: Transition,
    event: &Event,
    now: Timestamp,
) -> Result<Option<Alarm>> {
    let Transition { attempt, alarm } = transition;
    run.attempt = Attempt { phase: masked(attempt.phase), ..attempt };
    update_attempt(writes, &run.attempt, now)?;
    append_event(writes, &run.attempt, event.name(), event, now)?;
    Ok(alarm)
}

fn approved_beside(runs: &[Operation], position: usize) -> impl Iterator<Item = &Attempt> {
    let others = runs.iter().enumerate().filter(move |(other, _)| *other != position);
    others.map(|(_, run)| &run.attempt).filter(|attempt| is_approved(attempt))
}

/// Wants every other attempt of the operation stopped that could still take money.
fn stop_others(
    writes: &mut Writes,
    runs: &mut [Operation],
    position: usize,
    now: Timestamp,
) -> Result<Vec<AttemptReference>> {
    let mut stopped = Vec::new();
    for (other, run) in runs.iter_mut().enumerate() {
        if other != position && run.attempt.phase.is_live() {
            stop(writes, run, now)?;
            stopped.push(run.attempt.order.reference);
        }
    }
    Ok(stopped)
}

/// Wants an attempt stopped that must not take money any more.
pub(super) fn stop(writes: &mut Writes, run: &mut Operation, now: Timestamp) -> Result<()> {
    if let Some(transition) = run.attempt.step(&Event::CancelWanted)? {
        apply(writes, run, transition, &Event::CancelWanted, now)?;
    }
    Ok(())
}

/// The operation after its attempts have moved. A result that is new to the till was neither told nor booked.
fn settle(operation: Operation, before: &Operation, now: Timestamp) -> Operation {
    let same = is_same_result(&operation, before);
    Operation {
        told_at: before.told_at.filter(|_| same),
        acknowledged_at: before.acknowledged_at.filter(|_| same),
        updated_at: now,
        ..operation
    }
}

fn is_same_result(operation: &Operation, before: &Operation) -> bool {
    operation.attempt.number == before.attempt.number && operation.status() == before.status()
}
