//! What was given back of a sale, by others or by a journal that was lost, is noted, and nothing more is given back before a
//! person has looked at what nobody understands.

use std::iter;

use crate::domain::attempt::{Alarm, AlarmKind, Attempt, Kind, Reason};
use crate::domain::identifiers::{AttemptReference, Handle, OperationId, TransactionId};
use crate::domain::operation::Operation;
use crate::domain::refund_books::{Difference, Known, RunAtMachine, Told, lost_at_machines, run_of};
use crate::engine::attempt::ring_out;
use crate::engine::{Engine, Refusal};
use crate::ports::{Provider, Refundable, Refunded, Trace};

/// Why a refund is not sent yet, though its sale can be refunded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum Doubt {
    /// An earlier one, which was said to have failed, is made after all.
    EarlierMade,
    /// The provider's record is an old one.
    Behind,
    /// Money was given back that the journal does not know of.
    PerhapsLost,
}

impl Doubt {
    pub(in crate::engine) fn reason(self) -> Reason {
        let (code, text) = match self {
            Self::EarlierMade => (
                "earlier_refund",
                "an earlier refund of this sale, which had failed, is made after all; see how the sale stands before \
                 anything more is given back",
            ),
            Self::Behind => (
                "provider_behind",
                "the provider's record does not show the earlier refunds of this sale yet; try again in a moment",
            ),
            Self::PerhapsLost => (
                "lost_refund",
                "money of this sale was given back that the bridge does not know of; a person must look first, and \
                 acknowledge the alarm",
            ),
        };
        Reason::new(code, text)
    }
}

impl Engine {
    /// Where refunds carry no reference of ours, what the provider tells of a payment's refunds must be what the journal
    /// knows.
    ///
    /// More may be the very refund that is asked for (a restored backup): nothing is sent until a person has looked. Less is
    /// an old record: what its sum grows by from there would be no proof of a refund that is told by the sum.
    pub(in crate::engine) async fn doubt(
        &self,
        provider: &dyn Provider,
        sale: OperationId,
        attempt: &Attempt,
        refundable: &Refundable,
    ) -> Result<Option<Doubt>, Refusal> {
        let Some(known) = self.health.journal(self.journal.operation(sale).await)? else { return Ok(None) };
        let refunds = match &refundable.preparation {
            Some(found) => self.health.journal(self.journal.find_prepared(&found.payment, Kind::Refund).await)?,
            None => Vec::new(),
        };
        if self.is_made_after_all(provider, &refunds, &refundable.at_machines).await {
            return Ok(Some(Doubt::EarlierMade));
        }
        let difference = Difference::between(
            Known { sum: known.refunded, refunds: &refunds },
            Told { sum: refundable.refunded, at_machines: &refundable.at_machines },
            attempt.order.reference,
            self.clock.now(),
            provider.timeouts().refund,
        );
        let is_too_early = difference.is_behind && !attempt.card_present;
        // What an old record holds too much is told by the next one; nothing is sent until then.
        let difference = if is_too_early { Difference { surplus: 0, ..difference } } else { difference };
        // An old reading looks like that, too.
        if difference.unexplained > 0 && !says_the_same(provider, attempt, refundable).await {
            return Ok(Some(Doubt::Behind));
        }
        if difference.needs_a_person() {
            self.tell_of_lost(sale, refundable.refunded, difference).await?;
        }
        if self.waits_for_a_person(&known, &refunds).await? {
            return Ok(Some(Doubt::PerhapsLost));
        }
        Ok(is_too_early.then_some(Doubt::Behind))
    }

    /// Notes what the journal does not know of, and tells a person once of what it cannot tell from what it knows.
    async fn tell_of_lost(&self, sale: OperationId, sum: i64, difference: Difference) -> Result<(), Refusal> {
        let Difference { surplus, beside_ours, lost_at_machines: at_machines, unexplained, elsewhere, .. } = difference;
        // An alarm of the same words is raised once. These change when somebody else gives back or something is lost, and with
        // a refund of ours at a machine, of which nobody can tell whether the sum holds it.
        let holds = format!("beside our own refunds without a card it holds {beside_ours} minor units");
        let lost = unknown_at_machines(at_machines);
        // Before any note: as much may have been noted before, of what others gave back.
        if at_machines > 0 {
            self.raise(sale, perhaps_lost(&lost)).await?;
        }
        if elsewhere > 0 {
            let alarm = perhaps_lost(&format!("{holds}, and {lost}"));
            if self.note(sale, Refunded::Elsewhere(elsewhere), Some(alarm)).await? {
                return Ok(());
            }
        }
        if unexplained > 0 {
            let what = format!("{holds}, {unexplained} less than are known here, which are not those at machines");
            self.raise(sale, perhaps_lost(&what)).await?;
        }
        let refunded = match at_machines {
            0 => Refunded::InAll(sum),
            at_machines => Refunded::InAllAndAtMachines { sum, at_machines },
        };
        if self.note_refunded(sale, refunded).await? {
            return Ok(());
        }
        if surplus > 0 {
            self.raise(sale, perhaps_lost(&format!("{holds}, {surplus} more than is proven here"))).await?;
        }
        Ok(())
    }

    /// The same of a list, whose sum may leave out what machines gave back: after a backup was put back, a till may have been
    /// told that a refund failed which a machine has made.
    pub(super) async fn tell_of_lost_at_machines(&self, sale: OperationId, trace: &Trace) -> Result<(), Refusal> {
        if trace.at_machines.is_empty() {
            return Ok(());
        }
        let refunds = self.refunds_of(&trace.payment.transaction).await?;
        let lost = lost_at_machines(&refunds, &trace.at_machines, None);
        if lost.is_empty() {
            return Ok(());
        }
        let minor = lost.iter().fold(0_i64, |sum, run| sum.saturating_add(run.minor));
        self.raise(sale, perhaps_lost(&unknown_at_machines(minor))).await
    }

    /// Those that were prepared, by the name of the payment.
    pub(super) async fn refunds_of(&self, payment: &TransactionId) -> Result<Vec<(Operation, Attempt)>, Refusal> {
        let Ok(payment) = Handle::new(payment.as_str()) else { return Ok(Vec::new()) };
        self.health.journal(self.journal.find_prepared(&payment, Kind::Refund).await)
    }

    /// A refund at a machine that had failed, or that a person had called so, and that its machine made after all.
    async fn is_made_after_all(
        &self,
        provider: &dyn Provider,
        refunds: &[(Operation, Attempt)],
        at_machines: &[RunAtMachine],
    ) -> bool {
        let is_told = |refund: &Attempt| at_machines.iter().any(|told| run_of(refund) == Some(&told.run));
        let unpaid = refunds.iter().filter(|(_, refund)| !refund.phase.may_move_money() && is_told(refund));
        for (operation, refund) in unpaid {
            let mut refund = refund.clone();
            // The record of the payment says so: what cannot be read now is no proof of the contrary.
            let looked = self.look(provider, operation, &mut refund).await;
            if looked.is_err() || refund.phase.may_move_money() {
                return true;
            }
        }
        false
    }

    /// Whether a person has yet to see which refunds of the sale were made.
    async fn waits_for_a_person(&self, sale: &Operation, refunds: &[(Operation, Attempt)]) -> Result<bool, Refusal> {
        // A lost sale comes with what was given back of it, perhaps by a refund that was lost with it.
        let was_lost = (given_back_elsewhere(sale, refunds) > 0).then_some((sale.id, AlarmKind::Orphan));
        let of_sale = iter::once((sale.id, AlarmKind::LostRefund)).chain(was_lost);
        let of_refunds = refunds.iter().map(|(refund, _)| (refund.id, AlarmKind::LateApproval));
        for (subject, alarm) in of_sale.chain(of_refunds) {
            if self.health.journal(self.journal.stands(subject, alarm).await)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Notes what somebody else gave back of a sale. Where the provider tells only the sum, it may have been a refund of
    /// ours that the journal lost: a person must look before another one is made.
    ///
    /// Returns whether it was news.
    pub(super) async fn note_refunded(&self, sale: OperationId, refunded: Refunded) -> Result<bool, Refusal> {
        let more = |what| perhaps_lost(&format!("{what}, more than the journal knows of"));
        let alarm = match refunded {
            Refunded::Elsewhere(_) => None,
            Refunded::InAll(sum) => Some(more(format!("it holds {sum} minor units that were given back"))),
            Refunded::InAllAndAtMachines { sum, at_machines } => Some(more(format!(
                "it holds {sum} minor units that were given back, and {at_machines} at machines by refunds of others"
            ))),
        };
        self.note(sale, refunded, alarm).await
    }

    /// What is noted, and the words about it, are one commit.
    async fn note(&self, sale: OperationId, refunded: Refunded, alarm: Option<Alarm>) -> Result<bool, Refusal> {
        let noted = self.journal.note_refunded(sale, refunded, alarm.clone(), self.clock.now()).await;
        let is_news = self.health.journal(noted)?;
        if let Some(alarm) = alarm.filter(|_| is_news) {
            ring_out(sale, &alarm);
        }
        Ok(is_news)
    }

    /// The provider holds a refund of ours that the journal does not know.
    pub(in crate::engine) async fn raise_lost_refund(&self, sale: OperationId, reference: AttemptReference) {
        let text = format!(
            "the provider holds a refund of this sale that the journal had lost ({reference}); further refunds of it are \
             not sent from here, make them in the provider's back office"
        );
        let alarm = Alarm { kind: AlarmKind::LostRefund, text };
        // Where it could not be written, the next sweep that finds it raises it again.
        let _ = self.raise(sale, alarm).await;
    }

    /// The provider holds a refund of ours that had failed, and that is not as it was asked for, or not decided.
    pub(in crate::engine) async fn raise_disproved_refund(&self, sale: OperationId, reference: AttemptReference) {
        let text = format!(
            "the provider's record of this sale shows a refund that had failed ({reference}), undecided or not as it was asked \
             for; further refunds of it are not sent from here meanwhile, make them in the provider's back office"
        );
        let alarm = Alarm { kind: AlarmKind::Mismatch, text };
        // Where it could not be written, the next refund that is asked for raises it again.
        let _ = self.raise(sale, alarm).await;
    }
}

/// Whether the payment's record, read once more, has the same sum.
async fn says_the_same(provider: &dyn Provider, refund: &Attempt, before: &Refundable) -> bool {
    let Some(payment) = &refund.refund_of else { return true };
    provider.refundable(payment).await.is_ok_and(|again| again.refunded == before.refunded)
}

fn given_back_elsewhere(sale: &Operation, refunds: &[(Operation, Attempt)]) -> i64 {
    let ours = refunds.iter().filter_map(|(_, refund)| refund.phase.approval()).map(|it| it.amount.minor());
    sale.refunded - ours.sum::<i64>()
}

fn unknown_at_machines(minor: i64) -> String {
    format!("{minor} minor units were given back at machines by refunds that are not known here")
}

fn perhaps_lost(what: &str) -> Alarm {
    let text = format!(
        "the provider's record of this sale is not what the journal knows: {what}; somebody gave money back in the back \
         office, or a refund was lost with the journal; compare the two, then acknowledge this, and refunds of the sale go on"
    );
    Alarm { kind: AlarmKind::LostRefund, text }
}
