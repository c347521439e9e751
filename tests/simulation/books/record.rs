//! What an event makes of an attempt, and what follows from it.

use std::iter;

use jiff::Timestamp;
use pos_bridge::domain::attempt::{Attempt, Event};
use pos_bridge::domain::identifiers::AttemptReference;
use pos_bridge::domain::operation::Operation;
use pos_bridge::domain::runs::{self, Moved, settle};
use pos_bridge::ports::{JournalError, Recorded, whole_milliseconds};

use super::Pages;

type Result<T> = std::result::Result<T, JournalError>;

impl Pages {
    pub(crate) fn record(&mut self, attempt: AttemptReference, event: &Event, now: Timestamp) -> Result<Recorded> {
        let now = whole_milliseconds(now);
        let (entry, run) = self.position(attempt).ok_or(JournalError::NotFound)?;
        let before = self.decided(&self.entries[entry]);
        let known = self.seen_by_each(&self.entries[entry]);
        let Some(moved) = runs::step(&known, &known[run], event)? else {
            let (attempt, stopped) = (known[run].attempt.clone(), Vec::new());
            return Ok(Recorded { operation: before, attempt, moved: false, decided: false, alarm: None, stopped });
        };
        let Moved { attempt, decided, mut alarm, stopped } = moved;
        iter::once(&attempt).chain(&stopped).for_each(|moved| self.put(entry, moved, now));
        self.settle(entry, &before, now);
        let seen = self.seen_by(&self.entries[entry], &self.entries[entry].runs[run]);
        if let Some(raised) = &alarm {
            if self.stands(&seen.id.to_string(), raised.kind) {
                alarm = None;
            } else {
                self.raise_on(&seen, raised.clone(), now);
            }
        }
        let operation = Operation { refunded: before.refunded, ..self.decided(&self.entries[entry]) };
        Ok(Recorded { operation, attempt, moved: true, decided, alarm, stopped })
    }

    /// The lease ends with the last live phase.
    pub(super) fn put(&mut self, entry: usize, attempt: &Attempt, now: Timestamp) {
        let mut runs = self.entries[entry].runs.iter_mut();
        let run = runs.find(|run| run.attempt.order.reference == attempt.order.reference);
        let run = run.expect("it is one of the runs");
        if attempt.phase.name() != run.attempt.phase.name() {
            run.phase_since = now;
        }
        if !attempt.phase.is_live() {
            run.lease = None;
        }
        run.attempt = attempt.clone();
    }

    pub(super) fn settle(&mut self, entry: usize, before: &Operation, now: Timestamp) {
        let runs = self.seen_by_each(&self.entries[entry]);
        let after = settle(&runs, before, now).expect("an operation has an attempt");
        let head = &mut self.entries[entry].head;
        (head.told_at, head.acknowledged_at) = (after.told_at, after.acknowledged_at);
        head.updated_at = after.updated_at;
    }
}
