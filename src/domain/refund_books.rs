//! The refunds of a payment as the journal holds them, beside what their provider tells where it gives them no reference of
//! ours: their sum, and what ran at machines.

use jiff::{SignedDuration, Timestamp};

use super::attempt::{Attempt, Phase};
use super::identifiers::{AttemptReference, Handle};
use super::operation::Operation;

/// What the provider tells.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// Minor units that were given back in all. Whether that holds those at machines is documented nowhere.
    pub sum: i64,
    /// The runs at machines that gave money back or may yet, with their minor units.
    pub at_machines: &'a [(Handle, i64)],
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
    /// What the journal knows of and the provider's sum does not hold; negative where that holds more.
    pub missing: i64,
    /// What of it the sum leaves out, if it holds no refunds at machines.
    pub left_out: i64,
    /// What was given back at machines and stands in no refund of the journal's.
    pub lost_at_machines: i64,
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
        Self {
            missing: known.sum - by_word(known.refunds) - told.sum,
            left_out: left_out(known.refunds, now, patience),
            lost_at_machines: lost_at_machines(known.refunds, told.at_machines, asked),
        }
    }

    /// The provider's record is an old one. (What was lost at machines may have been noted before, so that it is known.)
    #[must_use]
    pub const fn is_behind(&self) -> bool {
        let is_explained = self.missing == self.left_out || self.missing == self.left_out + self.lost_at_machines;
        self.missing > 0 && !is_explained
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
        .filter_map(|(_, refund)| approved(refund).filter(|(_, is_proven)| !is_proven))
        .map(|(minor, _)| minor)
        .sum()
}

fn left_out(refunds: &[(Operation, Attempt)], now: Timestamp, patience: SignedDuration) -> i64 {
    let settled = refunds.iter().filter(|(refund, _)| now.duration_since(refund.updated_at) >= patience);
    let at_machines = settled.map(|(_, refund)| refund).filter(|refund| refund.card_present);
    at_machines.filter_map(|refund| approved(refund).filter(|(_, is_proven)| *is_proven)).map(|(minor, _)| minor).sum()
}

/// One of the journal's whose run nobody knows may be any of them.
fn lost_at_machines(refunds: &[(Operation, Attempt)], at_machines: &[(Handle, i64)], asked: AttemptReference) -> i64 {
    let others = || refunds.iter().map(|(_, refund)| refund).filter(|refund| refund.order.reference != asked);
    if others().any(|refund| refund.card_present && refund.phase.may_move_money() && run_of(refund).is_none()) {
        return 0;
    }
    let is_lost = |(run, _): &&(Handle, i64)| others().all(|refund| run_of(refund) != Some(run));
    at_machines.iter().filter(is_lost).map(|(_, minor)| *minor).sum()
}

/// Minor units that were given back, and whether the provider's record says so.
fn approved(refund: &Attempt) -> Option<(i64, bool)> {
    match &refund.phase {
        Phase::Approved { approval, .. } => Some((approval.amount.minor(), approval.transaction.is_some())),
        _ => None,
    }
}
