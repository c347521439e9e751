//! What the journal holds, and its steps, over the same rules of `domain` and `ports` as the SQLite one. `faithful.rs` proves
//! that the two answer alike.

mod adopt;
mod begin;
mod marks;
mod record;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use pos_bridge::domain::attempt::{Attempt, Phase};
use pos_bridge::domain::directory::Terminal;
use pos_bridge::domain::identifiers::{AttemptReference, OperationId, StoreId};
use pos_bridge::domain::operation::{Operation, ProviderName};
use pos_bridge::domain::runs::{deciding, with_attempt};
use pos_bridge::ports::RaisedAlarm;

/// Everything that is on disk.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pages {
    pub(crate) entries: Vec<Entry>,
    pub(crate) alarms: Vec<Standing>,
    pub(crate) callbacks: BTreeSet<(ProviderName, String)>,
    /// When each provider's list of a shop was last compared.
    pub(crate) swept_at: BTreeMap<(ProviderName, StoreId), Timestamp>,
}

/// An operation with all its attempts. Its `attempt` is of no meaning here.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) head: Operation,
    pub(crate) generation: i64,
    pub(crate) runs: Vec<Run>,
}

#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) attempt: Attempt,
    pub(crate) terminal: Terminal,
    /// The device that it holds.
    pub(crate) lease: Option<String>,
    pub(crate) phase_since: Timestamp,
}

#[derive(Debug, Clone)]
pub(crate) struct Standing {
    pub(crate) subject: String,
    pub(crate) raised: RaisedAlarm,
    pub(crate) freezes: Option<String>,
    pub(crate) acknowledged: bool,
}

impl Pages {
    /// The operation as one of its attempts sees it.
    pub(crate) fn seen_by(&self, entry: &Entry, run: &Run) -> Operation {
        let refunds = self.entries.iter().filter(|refund| refund.head.original == Some(entry.head.id));
        let given_back = refunds.flat_map(|refund| &refund.runs).map(|run| match &run.attempt.phase {
            Phase::Approved { approval, .. } => approval.amount.minor(),
            _ => 0,
        });
        Operation {
            attempt: run.attempt.clone(),
            terminal: run.terminal.name.clone(),
            store: run.terminal.store.clone(),
            provider: run.terminal.provider,
            refunded: entry.head.refunded + given_back.sum::<i64>(),
            ..entry.head.clone()
        }
    }

    /// The operation as each of its attempts sees it.
    pub(crate) fn seen_by_each(&self, entry: &Entry) -> Vec<Operation> {
        entry.runs.iter().map(|run| self.seen_by(entry, run)).collect()
    }

    pub(crate) fn decided(&self, entry: &Entry) -> Operation {
        deciding(&self.seen_by_each(entry)).expect("an operation has an attempt").clone()
    }

    pub(crate) fn operation(&self, id: OperationId) -> Option<Operation> {
        self.entries.iter().find(|entry| entry.head.id == id).map(|entry| self.decided(entry))
    }

    pub(crate) fn position(&self, attempt: AttemptReference) -> Option<(usize, usize)> {
        self.entries.iter().enumerate().find_map(|(entry, known)| {
            let run = known.runs.iter().position(|run| run.attempt.order.reference == attempt)?;
            Some((entry, run))
        })
    }

    pub(crate) fn wanted(&self, (entry, run): (usize, usize)) -> (Operation, Attempt) {
        let entry = &self.entries[entry];
        let wanted = with_attempt(&self.seen_by_each(entry), entry.runs[run].attempt.order.reference);
        wanted.expect("it is one of the runs")
    }

    pub(crate) fn runs(&self) -> impl Iterator<Item = (usize, usize, &Run)> {
        let entries = self.entries.iter().enumerate();
        entries.flat_map(|(entry, known)| known.runs.iter().enumerate().map(move |(run, known)| (entry, run, known)))
    }

    /// Whether an order is known to have left, or to have been about to.
    pub(crate) fn has_sent(&self, attempt: AttemptReference) -> bool {
        self.position(attempt).is_some_and(|at| self.wanted(at).1.phase != Phase::Reserved)
    }

    /// Whether what a till was told stands here as a result, or was none.
    pub(crate) fn still_tells(&self, told: &Operation) -> bool {
        let entry = self.entries.iter().find(|entry| entry.head.id == told.id);
        let run = entry.and_then(|entry| entry.runs.iter().find(|run| run.attempt.number == told.attempt.number));
        !told.status().is_final() || run.is_some_and(|run| run.attempt.phase.status() == told.status())
    }

    pub(crate) fn head(&mut self, operation: OperationId) -> &mut Operation {
        let entry = self.entries.iter_mut().find(|entry| entry.head.id == operation);
        &mut entry.expect("it was found just now").head
    }
}
