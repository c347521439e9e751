//! Applying events to an attempt, and everything that follows from them, in one commit.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::json;

use super::entries::{append_event, load_runs, raise_alarm, stands, update_attempt, update_operation};
use super::error::Result;
use super::log::AMOUNT_CHANGED;
use super::outbox::Outbox;
use super::redact::masked;
use super::rows::whole_milliseconds;
use super::step::Step;
use super::transaction::{Transaction, Writes};
use crate::domain::attempt::{Alarm, Attempt, Event, Phase, Transition};
use crate::domain::identifiers::AttemptReference;
use crate::domain::operation::{Operation, paid_twice};
use crate::ports::{JournalError, Recorded};

/// Events of an attempt, in the order in which they came.
pub(super) struct Record {
    pub(super) attempt: AttemptReference,
    pub(super) events: Vec<Event>,
    pub(super) now: Timestamp,
    pub(super) outbox: Outbox,
}

#[async_trait]
impl Step for Record {
    type Outcome = Vec<Recorded>;

    async fn decide(self, transaction: &mut Transaction<'_>) -> Result<(Writes, Vec<Recorded>)> {
        let now = whole_milliseconds(self.now);
        let mut writes = Writes::default();
        let mut runs = load_runs(transaction, self.attempt).await?;
        let position = position(&runs, self.attempt)?;
        let before = deciding(&runs)?.clone();
        let mut recorded = Vec::with_capacity(self.events.len());
        for event in &self.events {
            let mut next = record(&mut writes, &mut runs, position, event, &self.outbox, now)?;
            if let Some(raised) = &next.alarm {
                let is_raised = recorded.iter().flat_map(|it: &Recorded| &it.alarm).any(|it| it.kind == raised.kind);
                if is_raised || stands(transaction, next.operation.id, raised.kind).await? {
                    next.alarm = None;
                } else {
                    raise_alarm(&mut writes, &runs[position], raised, now);
                }
            }
            recorded.push(next);
        }
        write(&mut writes, &runs, &before, &recorded, now)?;
        Ok((writes, recorded))
    }
}

/// Adds a run that took money before this journal knew of it, and stops the others. Its log is not written here.
pub(super) fn join(
    writes: &mut Writes,
    runs: &mut Vec<Operation>,
    run: Operation,
    outbox: &Outbox,
    now: Timestamp,
) -> Result<Recorded> {
    let before = deciding(runs)?.clone();
    let position = runs.len();
    runs.push(run);
    let recorded = conclude(writes, runs, position, &before, true, outbox, now)?;
    write(writes, runs, &before, std::slice::from_ref(&recorded), now)?;
    Ok(recorded)
}

/// Wants every run stopped that could still take money.
pub(super) fn stop_all(
    writes: &mut Writes,
    runs: &mut [Operation],
    outbox: &Outbox,
    now: Timestamp,
) -> Result<Vec<Recorded>> {
    let before = deciding(runs)?.clone();
    let mut recorded = Vec::new();
    for position in 0..runs.len() {
        if runs[position].attempt.phase.is_live() {
            recorded.push(record(writes, runs, position, &Event::CancelWanted, outbox, now)?);
        }
    }
    recorded.retain(|it| it.moved);
    write(writes, runs, &before, &recorded, now)?;
    Ok(recorded)
}

/// Writes what has moved of an operation.
fn write(
    writes: &mut Writes,
    runs: &[Operation],
    before: &Operation,
    recorded: &[Recorded],
    now: Timestamp,
) -> Result<()> {
    for run in runs.iter().filter(|run| has_moved(run, recorded)) {
        update_attempt(writes, &run.attempt, now)?;
    }
    if let Some(last) = recorded.iter().rfind(|it| it.moved) {
        update_operation(writes, before, &last.operation);
    }
    Ok(())
}

fn has_moved(run: &Operation, recorded: &[Recorded]) -> bool {
    let reference = run.attempt.order.reference;
    recorded.iter().any(|it| {
        it.moved
            && (it.attempt.order.reference == reference
                || it.stopped.iter().any(|stopped| stopped.order.reference == reference))
    })
}

/// What an event makes of one run of an operation, and of the others. It is appended to the log; the runs and the alarm are
/// not written yet.
fn record(
    writes: &mut Writes,
    runs: &mut [Operation],
    position: usize,
    event: &Event,
    outbox: &Outbox,
    now: Timestamp,
) -> Result<Recorded> {
    let before = deciding(runs)?.clone();
    let Some(transition) = runs[position].attempt.step(event)? else {
        let attempt = runs[position].attempt.clone();
        return Ok(Recorded { operation: before, attempt, moved: false, alarm: None, stopped: Vec::new() });
    };
    let was_approved = is_approved(&runs[position].attempt);
    let alarm = apply(writes, &mut runs[position], transition, event, now)?;
    let is_news = !was_approved && is_approved(&runs[position].attempt);
    let recorded = conclude(writes, runs, position, &before, is_news, outbox, now)?;
    Ok(Recorded { alarm: recorded.alarm.or(alarm), ..recorded })
}

/// What follows for the operation from what one of its runs is now, and from its approval when that is news.
fn conclude(
    writes: &mut Writes,
    runs: &mut [Operation],
    position: usize,
    before: &Operation,
    is_news: bool,
    outbox: &Outbox,
    now: Timestamp,
) -> Result<Recorded> {
    let (mut alarm, mut stopped) = (None, Vec::new());
    if is_news {
        alarm = paid_twice(&runs[position], approved_beside(runs, position));
        stopped = stop_others(writes, runs, position, now)?;
    }
    let operation = settle(deciding(runs)?.clone(), before, now);
    if !operation.is_same_result(before) {
        outbox.add(writes, &operation, now);
        if operation.status() == before.status() && operation.attempt.number == before.attempt.number {
            // Its phase does not tell that anything has changed.
            append_event(writes, &operation.attempt, AMOUNT_CHANGED, &json!({"event": AMOUNT_CHANGED}), now)?;
        }
    }
    for run in runs.iter_mut() {
        (run.told_at, run.acknowledged_at) = (operation.told_at, operation.acknowledged_at);
        run.updated_at = operation.updated_at;
    }
    Ok(Recorded { operation, attempt: runs[position].attempt.clone(), moved: true, alarm, stopped })
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

/// Moves the attempt and appends its event; returns the alarm that goes with it.
fn apply(
    writes: &mut Writes,
    run: &mut Operation,
    transition: Transition,
    event: &Event,
    now: Timestamp,
) -> Result<Option<Alarm>> {
    let Transition { attempt, alarm } = transition;
    run.attempt = Attempt { phase: masked(attempt.phase), ..attempt };
    append_event(writes, &run.attempt, event.name(), event, now)?;
    Ok(alarm)
}

fn approved_beside(runs: &[Operation], position: usize) -> impl Iterator<Item = &Attempt> {
    let others = runs.iter().enumerate().filter(move |(other, _)| *other != position);
    others.map(|(_, run)| &run.attempt).filter(|attempt| is_approved(attempt))
}

/// Wants every other attempt of the operation stopped that could still take money.
fn stop_others(writes: &mut Writes, runs: &mut [Operation], position: usize, now: Timestamp) -> Result<Vec<Attempt>> {
    let mut stopped = Vec::new();
    for (other, run) in runs.iter_mut().enumerate() {
        if other != position && run.attempt.phase.is_live() {
            if let Some(transition) = run.attempt.step(&Event::CancelWanted)? {
                apply(writes, run, transition, &Event::CancelWanted, now)?;
            }
            stopped.push(run.attempt.clone());
        }
    }
    Ok(stopped)
}

/// The operation after its attempts have moved. A result that is new to the till was neither told nor booked.
fn settle(operation: Operation, before: &Operation, now: Timestamp) -> Operation {
    let same = operation.is_same_result(before);
    Operation {
        told_at: before.told_at.filter(|_| same),
        acknowledged_at: before.acknowledged_at.filter(|_| same),
        updated_at: now,
        ..operation
    }
}
