//! A payment that the provider holds and that this journal had lost.

use jiff::Timestamp;
use pos_bridge::domain::attempt::{AlarmKind, Attempt, Event};
use pos_bridge::domain::operation::Operation;
use pos_bridge::domain::repeat::Kinship;
use pos_bridge::domain::runs::{stopped_for, taken_in};
use pos_bridge::ports::{Adopted, JournalError, Orphan, Recorded};

use super::{Entry, Pages, Run};

type Result<T> = std::result::Result<T, JournalError>;

impl Pages {
    pub(crate) fn adopt(&mut self, orphan: Orphan) -> Result<Option<Adopted>> {
        if self.position(orphan.trace.reference).is_some() {
            return Ok(None);
        }
        let lost = orphan.as_operation().expect("a simulated payment names its terminal");
        let known = self.newest_named(&lost).map(|at| {
            let known = self.decided(&self.entries[at]);
            (at, known.kinship(&lost, orphan.reuse_after), known)
        });
        Ok(Some(match known {
            Some((at, Kinship::SameSale, _)) => self.join_sale(at, &orphan, lost)?,
            known => {
                let known = known.as_ref().map(|(_, kinship, known)| (*kinship, known));
                self.begin_operation(&orphan, lost, known)?
            }
        }))
    }

    fn join_sale(&mut self, at: usize, orphan: &Orphan, lost: Operation) -> Result<Adopted> {
        let (before, now) = (self.decided(&self.entries[at]), lost.updated_at);
        let head = &mut self.entries[at].head;
        head.refunded = head.refunded.max(lost.refunded);
        let attempt =
            taken_in(&self.seen_by_each(&self.entries[at]), &lost.attempt).expect("an operation has an attempt");
        self.entries[at].runs.push(run_of(orphan, attempt.clone(), now));
        let stopped = stopped_for(&self.seen_by_each(&self.entries[at]), &attempt);
        stopped.iter().for_each(|stopped| self.put(at, stopped, now));
        self.settle(at, &before, now);
        let operation = self.decided(&self.entries[at]);
        let alarm = (!self.stands(&operation.id.to_string(), AlarmKind::Orphan)).then(|| orphan.alarm());
        if let Some(alarm) = &alarm {
            self.raise_on(&operation, alarm.clone(), now);
        }
        let payment = Recorded { operation, attempt, moved: true, decided: true, alarm, stopped };
        Ok(Adopted { payment, stopped: Vec::new() })
    }

    fn begin_operation(
        &mut self,
        orphan: &Orphan,
        operation: Operation,
        known: Option<(Kinship, &Operation)>,
    ) -> Result<Adopted> {
        let stopped = match known {
            Some((Kinship::Rival, _)) => self.stop_rivals(&operation)?,
            _ => Vec::new(),
        };
        let generations = || self.named(&operation).map(|(_, entry)| entry.generation);
        let taken = generations().min().zip(generations().max()).map(|(lowest, highest)| lowest..=highest);
        let generation = operation.lost_generation(known, taken);
        let run = run_of(orphan, operation.attempt.clone(), operation.updated_at);
        self.entries.push(Entry { head: operation.clone(), generation, runs: vec![run] });
        self.raise_on(&operation, orphan.alarm(), operation.updated_at);
        let (attempt, alarm) = (operation.attempt.clone(), Some(orphan.alarm()));
        let payment = Recorded { operation, attempt, moved: true, decided: true, alarm, stopped: Vec::new() };
        Ok(Adopted { payment, stopped })
    }

    fn stop_rivals(&mut self, lost: &Operation) -> Result<Vec<Recorded>> {
        let rivals = self.made_alike(lost).map(|(_, entry)| entry);
        let rivals = rivals.filter(|entry| !self.decided(entry).status().is_final());
        let live = rivals.flat_map(|entry| &entry.runs).filter(|run| run.attempt.phase.is_live());
        let live: Vec<_> = live.map(|run| run.attempt.order.reference).collect();
        let mut stopped = Vec::new();
        for attempt in live {
            let recorded = self.record(attempt, &Event::CancelWanted, lost.updated_at)?;
            stopped.extend(recorded.moved.then_some(recorded));
        }
        Ok(stopped)
    }

    fn newest_named(&self, operation: &Operation) -> Option<usize> {
        self.made_alike(operation).max_by_key(|(_, entry)| entry.generation).map(|(at, _)| at)
    }

    /// In the same environment.
    fn made_alike<'a>(&'a self, operation: &'a Operation) -> impl Iterator<Item = (usize, &'a Entry)> {
        self.named(operation).filter(|(_, entry)| entry.head.simulated == operation.simulated)
    }

    fn named<'a>(&'a self, operation: &'a Operation) -> impl Iterator<Item = (usize, &'a Entry)> {
        let name = (&operation.till, operation.kind, &operation.reference);
        let entries = self.entries.iter().enumerate();
        entries.filter(move |(_, entry)| (&entry.head.till, entry.head.kind, &entry.head.reference) == name)
    }
}

fn run_of(orphan: &Orphan, attempt: Attempt, now: Timestamp) -> Run {
    let terminal = orphan.terminal.clone().expect("a simulated payment names its terminal");
    Run { attempt, terminal, lease: None, phase_since: now }
}
