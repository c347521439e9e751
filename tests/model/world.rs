//! Everything there is at one instant: the journal, the memory of the process, the network, the provider's books, and
//! what the tills were told.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use pos_bridge::domain::attempt::{Attempt, Kind, Phase};

use crate::parts;
use crate::provider::{Books, View};
use crate::rules::Rule;

/// One state of the model.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct World {
    /// Minutes since the start, on everybody's clock.
    pub(crate) now: u8,
    /// The process does not run; what it had in memory is gone.
    pub(crate) down: bool,
    /// What tills asked for, in the journal.
    pub(crate) entries: Vec<Entry>,
    /// The attempts, in the journal (or only in memory, in a rig with that bug).
    pub(crate) runs: Vec<Run>,
    /// What the process is about to do for which run.
    pub(crate) memory: BTreeMap<u8, Work>,
    /// Messages under way, in no order.
    pub(crate) network: BTreeSet<Message>,
    /// The provider: the truth.
    pub(crate) books: Books,
    /// The final result of each run that its till was given.
    pub(crate) said: BTreeMap<u8, &'static str>,
    /// The runs of which a person said that nothing was taken, whatever showed afterwards.
    pub(crate) called_unpaid: BTreeSet<u8>,
    /// How often a run's order left the process.
    pub(crate) sends: BTreeMap<u8, u8>,
    /// How much may still go wrong, and be asked.
    pub(crate) left: Budget,
    /// Rules that a step broke.
    pub(crate) broken: BTreeSet<Rule>,
}

/// What a till asked for, by its number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Entry {
    pub(crate) till: u8,
    pub(crate) kind: Kind,
    pub(crate) number: u8,
    /// The sale that a refund gives back.
    pub(crate) original: Option<u8>,
    pub(crate) amount: i64,
    /// The till knows the final result.
    pub(crate) told: bool,
}

/// A real [`Attempt`], moved by the real step alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) entry: u8,
    pub(crate) attempt: Arc<Attempt>,
    pub(crate) on_disk: Disk,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Disk {
    Written,
    /// Not yet (a planted bug).
    InMemory,
    /// It was in memory when the process died.
    Lost,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Work {
    /// A reserved refund.
    Dispatch,
    Send,
    Await,
    /// Decided from what was read before (a planted bug).
    Insert {
        entry: u8,
        amount: i64,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Message {
    Order { run: u8 },
    Accepted { run: u8, session: u8 },
    Refused { run: u8 },
    Cancel { session: u8 },
    Record { run: u8, view: View, at: u8 },
}

impl Message {
    pub(crate) const fn is_for_bridge(&self) -> bool {
        matches!(self, Self::Accepted { .. } | Self::Refused { .. } | Self::Record { .. })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Budget {
    pub(crate) crashes: u8,
    pub(crate) losses: u8,
    pub(crate) duplicates: u8,
    pub(crate) sales: u8,
    pub(crate) refunds: u8,
    pub(crate) cancels: u8,
    pub(crate) forgeries: u8,
    pub(crate) lies: u8,
    pub(crate) lags: u8,
    pub(crate) operators: u8,
    pub(crate) minutes: u8,
}

impl World {
    pub(crate) fn runs_of(&self, entry: u8) -> impl Iterator<Item = (u8, &Run)> {
        (0..).zip(&self.runs).filter(move |(_, run)| run.entry == entry && run.on_disk != Disk::Lost)
    }

    /// The run that decides what the till is told, by the real rule.
    pub(crate) fn deciding(&self, entry: u8) -> Option<(u8, &Run)> {
        self.runs_of(entry).reduce(|best, run| if run.1.attempt.decides_over(&best.1.attempt) { run } else { best })
    }

    /// Live sales hold the one terminal.
    pub(crate) fn holders(&self) -> impl Iterator<Item = &Run> {
        self.runs
            .iter()
            .filter(|run| run.attempt.kind == Kind::Sale && run.attempt.phase.is_live() && run.on_disk != Disk::Lost)
    }

    /// The sessions that stand on a run's payment and were not there before it, as the provider's record of that payment
    /// tells them; without a preparation its own.
    pub(crate) fn sessions_of(&self, run: u8) -> Vec<u8> {
        let attempt = &self.runs[usize::from(run)].attempt;
        let sessions = (0_u8..).zip(&self.books.sessions);
        match &attempt.preparation {
            None => sessions.filter(|(_, session)| session.run == run).map(|(number, _)| number).collect(),
            Some(prepared) => {
                let on_payment = sessions.filter(|(_, session)| session.payment_of.as_ref() == Some(&prepared.payment));
                let numbers = on_payment.map(|(number, _)| number);
                numbers.filter(|number| !prepared.earlier_runs.contains(&parts::handle(*number))).collect()
            }
        }
    }

    /// Whether a refund of a sale is not decided.
    pub(crate) fn has_undecided_refund(&self, sale: u8) -> bool {
        let refunds = self.runs.iter().filter(|run| self.entries[usize::from(run.entry)].original == Some(sale));
        refunds.filter(|run| run.on_disk != Disk::Lost).any(|run| !run.attempt.phase.is_final())
    }

    /// What the provider gave back of the sale that a refund is of.
    pub(crate) fn given_back(&self, refund: u8) -> i64 {
        let sale = |run: u8| self.entries[usize::from(self.runs[usize::from(run)].entry)].original;
        let of_sale = self.books.refunds.iter().filter(|(paid, _)| sale(*paid) == sale(refund));
        of_sale.map(|(_, amount)| amount).sum()
    }

    /// What may no longer be given back of a sale.
    pub(crate) fn set_aside(&self, sale: u8) -> i64 {
        let refunds = self.runs.iter().filter(|run| self.entries[usize::from(run.entry)].original == Some(sale));
        refunds.filter(|run| run.attempt.phase.may_move_money()).map(|run| run.attempt.order.money.amount.minor()).sum()
    }
}

/// Stateright tells states apart by this alone: every part of an attempt that changes, or that no other part tells.
impl Hash for Run {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let Attempt {
            number, kind, order, refund_of, horizon, preparation, cancel_wanted, contradicted, phase, ..
        } = self.attempt.as_ref();
        (self.entry, self.on_disk, number, kind, order.money.amount, horizon).hash(hasher);
        refund_of.as_ref().map(|payment| payment.as_str()).hash(hasher);
        (cancel_wanted, contradicted, phase.name(), phase.handle().map(|handle| handle.as_str())).hash(hasher);
        if let Some(prepared) = preparation {
            (prepared.payment.as_str(), prepared.reference, prepared.refunded).hash(hasher);
            for run in prepared.earlier_runs.iter().chain(&prepared.run) {
                run.as_str().hash(hasher);
            }
        }
        match phase {
            Phase::Unknown { empty_since, .. } => empty_since.hash(hasher),
            Phase::Approved { approval, late, resolution } => {
                let transaction = approval.transaction.as_ref().map(|transaction| transaction.as_str());
                (transaction, approval.several, late, resolution.is_some()).hash(hasher);
            }
            Phase::Cancelled { resolution } => resolution.is_some().hash(hasher),
            Phase::Declined { reason } | Phase::Failed { reason } => reason.code.hash(hasher),
            _ => {}
        }
    }
}
