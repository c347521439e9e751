//! What an event makes of an attempt, and what follows from it.

use jiff::Timestamp;
use pos_bridge::domain::attempt::{Attempt, Event, Phase};
use pos_bridge::domain::identifiers::AttemptReference;
use pos_bridge::domain::operation::{Operation, paid_twice};
use pos_bridge::ports::{JournalError, Recorded, whole_milliseconds};

use super::{Pages, Run};

type Result<T> = std::result::Result<T, JournalError>;

impl Pages {
    pub(crate) fn record(&mut self, attempt: AttemptReference, event: &Event, now: Timestamp) -> Result<Recorded> {
        let now = whole_milliseconds(now);
        let (entry, run) = self.position(attempt).ok_or(JournalError::NotFound)?;
        let before = self.decided(&self.entries[entry]);
        let known = self.entries[entry].runs[run].attempt.clone();
        let Some(transition) = known.step(event)? else {
            let (moved, decided, stopped) = (false, false, Vec::new());
            return Ok(Recorded { operation: before, attempt: known, moved, decided, alarm: None, stopped });
        };
        let is_approved = |attempt: &Attempt| matches!(attempt.phase, Phase::Approved { .. });
        let newly_approved = is_approved(&transition.attempt) && !is_approved(&known);
        let mut alarm = transition.alarm;
        put(&mut self.entries[entry].runs[run], transition.attempt, now);
        let mut stopped = Vec::new();
        if newly_approved {
            let seen = self.seen_by(&self.entries[entry], &self.entries[entry].runs[run]);
            let others = self.entries[entry].runs.iter().enumerate().filter(|(other, _)| *other != run);
            let paid = others
                .map(|(_, known)| &known.attempt)
                .filter(|attempt| matches!(attempt.phase, Phase::Approved { .. }));
            alarm = paid_twice(&seen, paid).or(alarm);
            stopped = self.stop_others((entry, run), now)?;
        }
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
        let decided = seen.attempt.phase.is_final() && seen.attempt.phase.name() != known.phase.name();
        Ok(Recorded { operation, attempt: seen.attempt, moved: true, decided, alarm, stopped })
    }

    /// Every other run that may still take money.
    pub(super) fn stop_others(&mut self, (entry, run): (usize, usize), now: Timestamp) -> Result<Vec<Attempt>> {
        let mut stopped = Vec::new();
        for (other, twin) in self.entries[entry].runs.iter_mut().enumerate() {
            if other != run && twin.attempt.phase.is_live() {
                stop(twin, now)?;
                stopped.push(twin.attempt.clone());
            }
        }
        Ok(stopped)
    }

    /// A result that is new to the till was neither told nor booked.
    pub(super) fn settle(&mut self, entry: usize, before: &Operation, now: Timestamp) {
        let after = self.decided(&self.entries[entry]);
        let same = after.is_same_result(before);
        let head = &mut self.entries[entry].head;
        head.told_at = before.told_at.filter(|_| same);
        head.acknowledged_at = before.acknowledged_at.filter(|_| same);
        head.updated_at = now;
    }
}

/// The lease ends with the last live phase.
fn put(run: &mut Run, attempt: Attempt, now: Timestamp) {
    if attempt.phase.name() != run.attempt.phase.name() {
        run.phase_since = now;
    }
    if !attempt.phase.is_live() {
        run.lease = None;
    }
    run.attempt = attempt;
}

fn stop(run: &mut Run, now: Timestamp) -> Result<()> {
    if let Some(transition) = run.attempt.step(&Event::CancelWanted)? {
        put(run, transition.attempt, now);
    }
    Ok(())
}
