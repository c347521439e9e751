//! The refunds of a payment as the journal holds them, beside what their provider tells where it gives them no reference of
//! ours: their sum, and what ran at machines.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::attempt::Attempt;
use super::identifiers::{AttemptReference, Handle};
use super::operation::Operation;

/// Beyond so many sums of refunds at machines, what a provider's sum holds may be any of them: they double with each refund.
const MOST_SUMS: usize = 1_024;

/// What the provider tells.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// Minor units that were given back in all. Whether that holds those at machines is documented nowhere.
    pub sum: i64,
    /// The runs at machines that gave money back or may yet.
    pub at_machines: &'a [RunAtMachine],
}

/// A refund at a machine, as the provider's record of its payment shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunAtMachine {
    /// What the provider calls it.
    pub run: Handle,
    /// Minor units.
    pub minor: i64,
    /// It ended so long ago that the provider's sum holds it, if it ever will.
    pub is_settled: bool,
}

/// What the journal knows.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Minor units of all that was given back of the sale.
    pub sum: i64,
    /// The refunds of the payment, with their attempts.
    pub refunds: &'a [(Operation, Attempt)],
}

/// How the two differ, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Difference {
    /// What the provider's sum holds and the journal does not know of. What an operator called given back counts as unknown:
    /// the provider may never have heard of it.
    pub surplus: i64,
    /// What the sum holds beside our own refunds without the card: it changes only with what others do.
    pub beside_ours: i64,
    /// What was given back at machines and stands in no refund of the journal's.
    pub lost_at_machines: i64,
    /// What the journal knows of and the sum does not hold, where that is neither all nor nothing of the refunds at machines;
    /// 0 for an old record.
    pub unexplained: i64,
    /// What others gave back, where the sum provably leaves out the refunds at machines, so that it need not be greater than
    /// what is known to hold that; else 0.
    pub elsewhere: i64,
    /// The provider's record is an old one, or a refund at a machine may come to its sum yet.
    pub is_behind: bool,
}

impl Difference {
    /// What the provider tells, beside what is known, before another refund (`asked`) is sent. After so much `patience` an
    /// approved refund is in the sum, if it ever will be.
    #[must_use]
    pub fn between(
        known: Known<'_>,
        told: Told<'_>,
        asked: AttemptReference,
        now: Timestamp,
        patience: SignedDuration,
    ) -> Self {
        let by_word = by_word(known.refunds);
        let left_out = left_out(known.refunds, now, patience);
        let lost = lost_at_machines(known.refunds, told.at_machines, Some(asked));
        let lost_at_machines = lost.iter().map(|run| run.minor).sum();
        let missing = known.sum - by_word - told.sum;
        // What was lost at machines may have been noted before, so that it is known, and the sum may hold it all the same.
        let is_explained = [0, left_out, lost_at_machines, left_out + lost_at_machines].contains(&missing);
        let is_old = told.sum < held_before(known.refunds).max(proven(known.refunds, |_, _| true) - left_out);
        let own_may_come = proven(known.refunds, |_, refund| refund.card_present) > left_out;
        let is_behind = is_old || own_may_come && missing > 0 || lost.iter().any(|run| !run.is_settled);
        let unexplained = if is_explained || is_behind { 0 } else { missing.max(0) };
        let beside_ours = told.sum - proven(known.refunds, |_, refund| !refund.card_present);
        let elsewhere = if is_old || beside_ours >= left_out {
            0
        } else {
            lost_at_machines + beyond_machines(known.refunds, &lost, asked, beside_ours - by_word)
        };
        Self { surplus: (-missing).max(0), beside_ours, lost_at_machines, unexplained, elsewhere, is_behind }
    }

    /// Money was given back that the journal does not know of, or that nobody can tell from what it knows of.
    #[must_use]
    pub const fn needs_a_person(&self) -> bool {
        self.surplus > 0 || self.lost_at_machines > 0 || self.unexplained > 0
    }
}

/// The run at a machine that a refund is known to be.
#[must_use]
pub fn run_of(refund: &Attempt) -> Option<&Handle> {
    refund.preparation.as_ref().and_then(|prepared| prepared.run.as_ref())
}

/// An operator's word alone says that they were given back, so that the provider may never hear of them.
fn by_word(refunds: &[(Operation, Attempt)]) -> i64 {
    refunds
        .iter()
        .filter_map(|(_, refund)| approved(refund))
        .filter(|(_, is_proven)| !is_proven)
        .map(|(minor, _)| minor)
        .sum()
}

fn left_out(refunds: &[(Operation, Attempt)], now: Timestamp, patience: SignedDuration) -> i64 {
    let is_settled = |operation: &Operation| now.duration_since(operation.updated_at) >= patience;
    proven(refunds, |operation, refund| refund.card_present && is_settled(operation))
}

/// What a sum holds beside our own refunds, unless it may be some of those at machines: then it tells nothing of others.
fn beyond_machines(
    refunds: &[(Operation, Attempt)],
    lost: &[&RunAtMachine],
    asked: AttemptReference,
    beside_ours: i64,
) -> i64 {
    let others = refunds.iter().map(|(_, refund)| refund).filter(|refund| refund.order.reference != asked);
    let at_machines = others.filter(|refund| refund.card_present && refund.phase.may_move_money());
    let mut sums = BTreeSet::from([0]);
    for minor in at_machines.map(|refund| refund.order.money.amount.minor()).chain(lost.iter().map(|run| run.minor)) {
        let with_it: Vec<i64> = sums.iter().map(|sum| sum + minor).filter(|sum| *sum <= beside_ours).collect();
        sums.extend(with_it);
        if sums.len() > MOST_SUMS {
            return 0;
        }
    }
    if sums.contains(&beside_ours) { 0 } else { beside_ours.max(0) }
}

/// What the provider itself called given back of some of the refunds.
fn proven(refunds: &[(Operation, Attempt)], is_meant: impl Fn(&Operation, &Attempt) -> bool) -> i64 {
    let meant = refunds.iter().filter(|(operation, refund)| is_meant(operation, refund));
    meant.filter_map(|(_, refund)| approved(refund)).filter(|(_, is_proven)| *is_proven).map(|(minor, _)| minor).sum()
}

/// The sum as it was seen before, or must have been since: it never shrinks.
fn held_before(refunds: &[(Operation, Attempt)]) -> i64 {
    let held = refunds.iter().filter_map(|(_, refund)| {
        let before = refund.preparation.as_ref()?.refunded;
        let own = approved(refund).filter(|(_, is_proven)| *is_proven && !refund.card_present);
        Some(before + own.map_or(0, |(minor, _)| minor))
    });
    held.max().unwrap_or_default()
}

/// Those of no refund of the journal's but the one that is asked for. One of the journal's whose run nobody knows may be one of
/// them, of its amount.
#[must_use]
pub fn lost_at_machines<'a>(
    refunds: &[(Operation, Attempt)],
    at_machines: &'a [RunAtMachine],
    asked: Option<AttemptReference>,
) -> Vec<&'a RunAtMachine> {
    let others = || refunds.iter().map(|(_, refund)| refund).filter(|refund| Some(refund.order.reference) != asked);
    let without_run =
        |refund: &&Attempt| refund.card_present && refund.phase.may_move_money() && run_of(refund).is_none();
    let mut may_be_one: Vec<i64> =
        others().filter(without_run).map(|refund| refund.order.money.amount.minor()).collect();
    let is_no_refunds = |told: &&RunAtMachine| others().all(|refund| run_of(refund) != Some(&told.run));
    let mut lost: Vec<&RunAtMachine> = at_machines.iter().filter(is_no_refunds).collect();
    lost.retain(|told| match may_be_one.iter().position(|refund| *refund == told.minor) {
        Some(place) => {
            may_be_one.swap_remove(place);
            false
        }
        None => true,
    });
    lost
}

/// Minor units that were given back, and whether the provider's record says so.
fn approved(refund: &Attempt) -> Option<(i64, bool)> {
    refund.phase.approval().map(|approval| (approval.amount.minor(), approval.transaction.is_some()))
}
