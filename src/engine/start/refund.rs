//! A refund is sent once, after the provider was asked what is left, and whether it is perhaps made already.

use std::iter;

use super::{Sent, Starting, not_sent};
use crate::domain::attempt::{AlarmKind, Attempt, Event, Kind, Phase, Preparation};
use crate::domain::identifiers::{Handle, OperationId};
use crate::domain::operation::Operation;
use crate::domain::refund::{RefundRoute, sendable};
use crate::engine::{Engine, Refusal};
use crate::ports::{Provider, RefundOrder, Refundable, Refunded};

impl Engine {
    /// Asks the provider what is left to refund, writes that the refund is being sent, and sends it.
    pub(super) async fn start_refund(&self, starting: Starting<'_>) -> Option<Sent> {
        let Starting { provider, operation, .. } = starting;
        let sent = self.send_refund(starting, &operation.attempt).await?;
        let Event::Refused { reason } = &sent.event else { return Some(sent) };
        let may_go_to_terminal = provider.refund_route() == RefundRoute::PlainThenTerminal;
        if !may_go_to_terminal || sent.attempt.card_present || !matches!(sent.attempt.phase, Phase::Sending) {
            return Some(sent);
        }
        if !self.nothing_was_given_back(provider, &sent.attempt).await {
            return Some(Sent { event: Event::Silent { cause: reason.text.clone() }, ..sent });
        }
        let rerouted = self.record_surely(&sent.attempt, vec![Event::Rerouted { reason: reason.clone() }]).await?;
        if !matches!(rerouted.phase, Phase::Reserved) {
            return None;
        }
        self.send_refund(starting, &rerouted).await
    }

    async fn send_refund(&self, starting: Starting<'_>, attempt: &Attempt) -> Option<Sent> {
        let Starting { provider, operation, .. } = starting;
        let instead = |event| Some(Sent { attempt: attempt.clone(), event });
        let Some(transaction) = &attempt.refund_of else {
            // Of no sale: nothing can be left of it, and nothing is to be read.
            return self.dispatch_refund(starting, attempt, None).await;
        };
        let refundable = match provider.refundable(transaction).await {
            Err(error) => return instead(not_sent("provider_unreachable", error.to_string())),
            Ok(refundable) => refundable,
        };
        if let Some(event) = self.refund_in_the_way(provider, operation, &refundable).await {
            return instead(event);
        }
        if provider.refunds_one_at_a_time()
            && let Some(event) = self.disagreement(provider, operation, attempt, &refundable).await
        {
            return instead(event);
        }
        if let Err(reason) = sendable(attempt.order.money.amount, refundable.captured, refundable.refunded) {
            return instead(Event::Refused { reason });
        }
        let preparation = match refundable.preparation {
            Some(found) if attempt.card_present => match self.with_known_runs(found).await {
                Ok(preparation) => Some(preparation),
                Err(refusal) => return instead(not_sent("storage_unavailable", refusal.to_string())),
            },
            preparation => preparation,
        };
        self.dispatch_refund(starting, attempt, preparation).await
    }

    /// The runs of the refunds before: one of them must not be taken for this one's, should its reply be lost.
    async fn with_known_runs(&self, found: Preparation) -> Result<Preparation, Refusal> {
        let before = self.health.journal(self.journal.find_prepared(&found.payment, Kind::Refund).await)?;
        let known = before.iter().filter_map(|(_, attempt)| attempt.preparation.as_ref());
        Ok(known.fold(found, Preparation::with_runs_of))
    }

    async fn dispatch_refund(
        &self,
        starting: Starting<'_>,
        attempt: &Attempt,
        preparation: Option<Preparation>,
    ) -> Option<Sent> {
        let dispatched = match self.dispatch(attempt, Event::Dispatched { preparation }).await? {
            Ok(dispatched) => dispatched,
            Err(event) => return Some(Sent { attempt: attempt.clone(), event }),
        };
        let transaction = dispatched.refund_of.as_ref();
        let order = RefundOrder { attempt: &dispatched, transaction, details: starting.details };
        let event = self.send(starting, || starting.provider.start_refund(order)).await;
        Some(Sent { attempt: dispatched, event })
    }

    /// Whether the provider's record still shows what it showed before the refund was sent: only then is its refusal
    /// proof enough to give the money back another way.
    async fn nothing_was_given_back(&self, provider: &dyn Provider, attempt: &Attempt) -> bool {
        let (Some(transaction), Some(before)) = (&attempt.refund_of, &attempt.preparation) else { return false };
        provider.refundable(transaction).await.is_ok_and(|now| now.captured > 0 && now.refunded == before.refunded)
    }

    /// What may be the very refund that is asked for: one that this journal does not hold (a restored backup), and one that
    /// was said to have failed and is made after all, which is read first.
    async fn refund_in_the_way(
        &self,
        provider: &dyn Provider,
        operation: &Operation,
        refundable: &Refundable,
    ) -> Option<Event> {
        for (reference, finding) in &refundable.refunds {
            match self.health.journal(self.journal.find_attempt(*reference).await) {
                Ok(Some((earlier, mut refund))) if refund.is_disproved_by(finding) => {
                    // What cannot be read now, the next sweep reads.
                    let looked = self.look(provider, &earlier, &mut refund).await;
                    if looked.is_ok() && refund.is_disproved_by(finding) {
                        self.raise_disproved_refund(operation.original.unwrap_or(operation.id), *reference).await;
                    }
                    let text = "an earlier refund of this sale, which had failed, is made after all; see how the sale \
                                stands before anything more is given back";
                    return Some(not_sent("earlier_refund", text));
                }
                Ok(Some(_)) => {}
                Ok(None) => {
                    self.raise_lost_refund(operation.original.unwrap_or(operation.id), *reference).await;
                    let text = "this sale has a refund that the bridge's journal lost; see the provider's back office";
                    return Some(not_sent("lost_refund", text));
                }
                Err(refusal) => return Some(not_sent("storage_unavailable", refusal.to_string())),
            }
        }
        None
    }

    /// Where refunds carry no reference of ours, what the provider tells of a payment's refunds must be what the journal knows:
    /// their sum, and the runs at machines, which the sum may leave out.
    ///
    /// More may be the very refund that is asked for (a restored backup): nothing is sent until a person has looked. Less is
    /// an old record: what its sum grows by from there would be no proof of a refund that is told by the sum.
    async fn disagreement(
        &self,
        provider: &dyn Provider,
        operation: &Operation,
        attempt: &Attempt,
        refundable: &Refundable,
    ) -> Option<Event> {
        let sale = operation.original?;
        match self.compare_with_journal(provider, sale, attempt, refundable).await {
            Ok(disagreement) => disagreement,
            Err(refusal) => Some(not_sent("storage_unavailable", refusal.to_string())),
        }
    }

    async fn compare_with_journal(
        &self,
        provider: &dyn Provider,
        sale: OperationId,
        attempt: &Attempt,
        refundable: &Refundable,
    ) -> Result<Option<Event>, Refusal> {
        let Some(known) = self.health.journal(self.journal.operation(sale).await)? else { return Ok(None) };
        let before = match &refundable.preparation {
            Some(found) => self.health.journal(self.journal.find_prepared(&found.payment, Kind::Refund).await)?,
            None => Vec::new(),
        };
        let missing = known.refunded - refundable.refunded;
        let lost = lost_at_machines(attempt, &before, &refundable.at_machines);
        let left_out = self.left_out(provider, &before);
        // A lost one that was noted before is left out as well.
        let is_explained = missing == left_out || missing == left_out + lost;
        if missing > 0 && !attempt.card_present && !is_explained {
            let text =
                "the provider's record does not show the earlier refunds of this sale yet; try again in a moment";
            return Ok(Some(not_sent("provider_behind", text)));
        }
        if missing < 0 {
            self.note_refunded(sale, Refunded::InAll(refundable.refunded)).await?;
        }
        if lost > 0 {
            self.note_lost_at_machines(sale, lost).await?;
        }
        let waits = self.is_in_doubt(sale, &before).await?;
        let text = "money of this sale was given back that the bridge does not know of; a person must look first, and \
                    acknowledge the alarm";
        Ok(waits.then(|| not_sent("lost_refund", text)))
    }

    /// Whether a person has yet to see which refunds of the sale were made.
    async fn is_in_doubt(&self, sale: OperationId, before: &[(Operation, Attempt)]) -> Result<bool, Refusal> {
        let refunds = before.iter().map(|(refund, _)| (refund.id, AlarmKind::LateApproval));
        for (subject, alarm) in iter::once((sale, AlarmKind::Orphan)).chain(refunds) {
            if self.health.journal(self.journal.stands(subject, alarm).await)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Minor units of refunds at machines that the payment's sum would show by now, if it held such.
    fn left_out(&self, provider: &dyn Provider, before: &[(Operation, Attempt)]) -> i64 {
        let settled =
            |refund: &Operation| self.clock.now().duration_since(refund.updated_at) >= provider.timeouts().refund;
        let approved = |(refund, attempt): &&(Operation, Attempt)| {
            attempt.card_present && matches!(attempt.phase, Phase::Approved { .. }) && settled(refund)
        };
        before.iter().filter(approved).map(|(_, attempt)| attempt.order.money.amount.minor()).sum()
    }
}

/// Minor units of refunds at machines that the journal does not hold. One of its own whose run nobody knows may be any of
/// them.
fn lost_at_machines(asked: &Attempt, before: &[(Operation, Attempt)], at_machines: &[(Handle, i64)]) -> i64 {
    let others = || before.iter().map(|(_, refund)| refund).filter(|it| it.order.reference != asked.order.reference);
    let run = |refund: &'_ Attempt| refund.preparation.as_ref().and_then(|prepared| prepared.run.clone());
    if others().any(|refund| refund.card_present && refund.phase.may_move_money() && run(refund).is_none()) {
        return 0;
    }
    let is_lost = |(found, _): &&(Handle, i64)| others().all(|refund| run(refund).as_ref() != Some(found));
    at_machines.iter().filter(is_lost).map(|(_, amount)| *amount).sum()
}
