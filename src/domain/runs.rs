//! The runs of one operation, each an attempt: which of them decides, and what a move of one means for the others and for
//! what the till knows.
//!
//! Each run is the operation as that attempt sees it: the terminal, the shop and the provider are the attempt's.

use jiff::Timestamp;

use super::attempt::{Alarm, Attempt, Event, NotResolvable, Phase, Transition};
use super::identifiers::AttemptReference;
use super::operation::{Operation, paid_twice};

/// What an event makes of one run, and of the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The run's attempt after the event.
    pub attempt: Attempt,
    /// It was decided by it, or decided otherwise than before.
    pub decided: bool,
    /// What to raise, unless one of its kind stands.
    pub alarm: Option<Alarm>,
    /// The attempts that are to be stopped because this one was approved, as they are then.
    pub stopped: Vec<Attempt>,
}

/// The operation as the run sees it that decides what the till is told ([`Attempt::decides_over`]); `None` without runs.
#[must_use]
pub fn deciding(runs: &[Operation]) -> Option<&Operation> {
    runs.iter().reduce(|best, run| if run.attempt.decides_over(&best.attempt) { run } else { best })
}

/// An operation and one of its attempts. Another attempt may decide, and have run at another provider: the operation names the
/// one at which this attempt is read. `None` where no run is the attempt's.
#[must_use]
pub fn with_attempt(runs: &[Operation], reference: AttemptReference) -> Option<(Operation, Attempt)> {
    let run = runs.iter().find(|run| run.attempt.order.reference == reference)?;
    deciding(runs).map(|deciding| (Operation { provider: run.provider, ..deciding.clone() }, run.attempt.clone()))
}

/// What an event makes of `run`, which is one of `runs`; `None` when it changes nothing.
///
/// # Errors
/// [`NotResolvable`], as [`Attempt::step`].
pub fn step(runs: &[Operation], run: &Operation, event: &Event) -> Result<Option<Moved>, NotResolvable> {
    let Some(Transition { attempt, alarm }) = run.attempt.step(event)? else { return Ok(None) };
    let decided = attempt.phase.is_final() && attempt.phase.name() != run.attempt.phase.name();
    if !(decided && attempt.phase.is_approved()) {
        return Ok(Some(Moved { attempt, decided, alarm, stopped: Vec::new() }));
    }
    let paid = Operation { attempt: attempt.clone(), ..run.clone() };
    let approved = others(runs, &attempt).filter(|other| other.phase.is_approved());
    let alarm = paid_twice(&paid, approved).or(alarm);
    let stopped = stopped_for(runs, &attempt);
    Ok(Some(Moved { attempt, decided, alarm, stopped }))
}

/// The attempts that may still take money beside one that did, with the wish to stop them.
#[must_use]
pub fn stopped_for(runs: &[Operation], paid: &Attempt) -> Vec<Attempt> {
    others(runs, paid).filter(|other| other.phase.is_live()).map(Attempt::wanted_stopped).collect()
}

/// A lost payment as one more run of the sale that its till made under the same number since; `None` without runs.
#[must_use]
pub fn taken_in(runs: &[Operation], lost: &Attempt) -> Option<Attempt> {
    let known = &deciding(runs)?.attempt;
    let last = runs.iter().map(|run| run.attempt.number).max().unwrap_or_default();
    Some(Attempt {
        operation: known.operation,
        number: last + 1,
        // A till that had turned to the next sale must hear of this one first.
        cancel_wanted: known.cancel_wanted || matches!(known.phase, Phase::Cancelled { .. }),
        ..lost.clone()
    })
}

/// The operation at `now`, after its runs have moved. A result that is new to the till was neither told nor booked. `None`
/// without runs.
#[must_use]
pub fn settle(runs: &[Operation], before: &Operation, now: Timestamp) -> Option<Operation> {
    let operation = deciding(runs)?.clone();
    let same = operation.is_same_result(before);
    Some(Operation {
        told_at: before.told_at.filter(|_| same),
        acknowledged_at: before.acknowledged_at.filter(|_| same),
        updated_at: now,
        ..operation
    })
}

fn others<'a>(runs: &'a [Operation], attempt: &Attempt) -> impl Iterator<Item = &'a Attempt> {
    let reference = attempt.order.reference;
    runs.iter().map(|run| &run.attempt).filter(move |other| other.order.reference != reference)
}
