//! Applying events to an attempt, and everything that follows from them, in one commit.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::json;

use super::entries::{append_event, load_runs, raise_alarm, stands, update_attempt, update_operation};
use super::redact::masked;
use crate::domain::attempt::{AlarmKind, Attempt, Event};
use crate::domain::identifiers::AttemptReference;
use crate::domain::operation::Operation;
use crate::domain::runs::{self, Moved, deciding, settle, stopped_for};
use crate::journal::error::Result;
use crate::journal::results::log::AMOUNT_CHANGED;
use crate::journal::results::outbox::Outbox;
use crate::journal::writing::{Step, Transaction, Writes};
use crate::ports::{JournalError, Recorded, whole_milliseconds};

/// Events of an attempt, in the order in which they came.
pub(in crate::journal) struct Record {
    pub(in crate::journal) attempt: AttemptReference,
    pub(in crate::journal) events: Vec<Event>,
    pub(in crate::journal) now: Timestamp,
    pub(in crate::journal) outbox: Outbox,
}

#[async_trait]
impl Step for Record {
    type Outcome = Vec<Recorded>;

    async fn decide(self, transaction: &mut Transaction<'_>) -> Result<(Writes, Vec<Recorded>)> {
        let now = whole_milliseconds(self.now);
        let mut writes = Writes::default();
        let runs = load_runs(transaction, self.attempt).await?;
        let position = position(&runs, self.attempt)?;
        let mut recording = Recording { writes: &mut writes, runs, outbox: &self.outbox, now };
        let before = recording.deciding()?.clone();
        let mut recorded = Vec::with_capacity(self.events.len());
        for event in &self.events {
            let mut next = recording.record(position, event)?;
            if let Some(alarm) = next.alarm.take()
                && !is_raised(&recorded, alarm.kind)
                && !stands(transaction, next.operation.id, alarm.kind).await?
            {
                raise_alarm(recording.writes, &recording.runs[position], &alarm, now);
                next.alarm = Some(alarm);
            }
            recorded.push(next);
        }
        recording.write(&before, &recorded)?;
        Ok((writes, recorded))
    }
}

/// The runs of one operation while a step moves them.
pub(super) struct Recording<'a> {
    pub(super) writes: &'a mut Writes,
    pub(super) runs: Vec<Operation>,
    pub(super) outbox: &'a Outbox,
    pub(super) now: Timestamp,
}

impl Recording<'_> {
    /// Adds a run that took money before this journal knew of it, and stops the others. Its log is not written here.
    pub(super) fn join(mut self, run: Operation) -> Result<Recorded> {
        let before = self.deciding()?.clone();
        let attempt = run.attempt.clone();
        let stopped = stopped_for(&self.runs, &attempt);
        self.runs.push(run);
        self.stop(&stopped)?;
        let operation = self.conclude(&before)?;
        let recorded = Recorded { operation, attempt, moved: true, decided: true, alarm: None, stopped };
        self.write(&before, std::slice::from_ref(&recorded))?;
        Ok(recorded)
    }

    /// Wants every run stopped that could still take money.
    pub(super) fn stop_all(mut self) -> Result<Vec<Recorded>> {
        let before = self.deciding()?.clone();
        let mut recorded = Vec::new();
        for position in 0..self.runs.len() {
            if self.runs[position].attempt.phase.is_live() {
                recorded.push(self.record(position, &Event::CancelWanted)?);
            }
        }
        recorded.retain(|it| it.moved);
        self.write(&before, &recorded)?;
        Ok(recorded)
    }

    /// Writes what has moved of the operation.
    fn write(self, before: &Operation, recorded: &[Recorded]) -> Result<()> {
        for run in self.runs.iter().filter(|run| has_moved(run, recorded)) {
            update_attempt(self.writes, &run.attempt, self.now)?;
        }
        if let Some(last) = recorded.iter().rfind(|it| it.moved) {
            update_operation(self.writes, before, &last.operation);
        }
        Ok(())
    }

    /// What an event makes of one run, and of the others. It is appended to the log; the runs and the alarm are not written
    /// yet.
    fn record(&mut self, position: usize, event: &Event) -> Result<Recorded> {
        let before = self.deciding()?.clone();
        let Some(moved) = runs::step(&self.runs, &self.runs[position], event)? else {
            let attempt = self.runs[position].attempt.clone();
            let (moved, decided, stopped) = (false, false, Vec::new());
            return Ok(Recorded { operation: before, attempt, moved, decided, alarm: None, stopped });
        };
        let Moved { attempt, decided, alarm, stopped } = moved;
        self.put(position, attempt, event)?;
        self.stop(&stopped)?;
        let operation = self.conclude(&before)?;
        let attempt = self.runs[position].attempt.clone();
        Ok(Recorded { operation, attempt, moved: true, decided, alarm, stopped })
    }

    /// What follows for the operation from what its runs are now; a result that is another one is told.
    fn conclude(&mut self, before: &Operation) -> Result<Operation> {
        let operation = settle(&self.runs, before, self.now).ok_or(JournalError::NotFound)?;
        if !operation.is_same_result(before) {
            self.outbox.add(self.writes, &operation, self.now);
            if operation.status() == before.status() && operation.attempt.number == before.attempt.number {
                // Its phase does not tell that anything has changed.
                let event = json!({"event": AMOUNT_CHANGED});
                append_event(self.writes, &operation.attempt, AMOUNT_CHANGED, &event, self.now)?;
            }
        }
        for run in &mut self.runs {
            (run.told_at, run.acknowledged_at) = (operation.told_at, operation.acknowledged_at);
            run.updated_at = operation.updated_at;
        }
        Ok(operation)
    }

    /// Moves a run and appends its event.
    fn put(&mut self, position: usize, attempt: Attempt, event: &Event) -> Result<()> {
        let run = &mut self.runs[position];
        run.attempt = Attempt { phase: masked(attempt.phase), ..attempt };
        append_event(self.writes, &run.attempt, event.name(), event, self.now)
    }

    /// Moves the runs that are stopped; one that was stopped before does not move.
    fn stop(&mut self, stopped: &[Attempt]) -> Result<()> {
        for attempt in stopped {
            let position = position(&self.runs, attempt.order.reference)?;
            if self.runs[position].attempt != *attempt {
                self.put(position, attempt.clone(), &Event::CancelWanted)?;
            }
        }
        Ok(())
    }

    fn deciding(&self) -> Result<&Operation> {
        deciding(&self.runs).ok_or(JournalError::NotFound)
    }
}

/// Whether an earlier event of the same step has raised one.
fn is_raised(recorded: &[Recorded], kind: AlarmKind) -> bool {
    recorded.iter().filter_map(|it| it.alarm.as_ref()).any(|alarm| alarm.kind == kind)
}

fn has_moved(run: &Operation, recorded: &[Recorded]) -> bool {
    let reference = run.attempt.order.reference;
    recorded.iter().any(|it| {
        it.moved
            && (it.attempt.order.reference == reference
                || it.stopped.iter().any(|stopped| stopped.order.reference == reference))
    })
}

fn position(runs: &[Operation], reference: AttemptReference) -> Result<usize> {
    runs.iter().position(|run| run.attempt.order.reference == reference).ok_or(JournalError::NotFound)
}
