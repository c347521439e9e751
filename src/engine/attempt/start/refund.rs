//! A refund is sent once, after the provider was asked what is left, and whether it is perhaps made already.

use super::{Sent, Starting, not_sent};
use crate::domain::attempt::{Attempt, Event, Kind, Phase, Preparation};
use crate::domain::operation::Operation;
use crate::domain::refund::{RefundRoute, sendable};
use crate::engine::reconciliation::Doubt;
use crate::engine::{Engine, Refusal};
use crate::ports::{Provider, RefundOrder, Refundable};

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
        if let Some(sale) = operation.original.filter(|_| provider.refunds_one_at_a_time()) {
            match self.doubt(provider, sale, attempt, &refundable).await {
                Ok(None) => {}
                Ok(Some(doubt)) => return instead(Event::NotSent { reason: doubt.reason() }),
                Err(refusal) => return instead(not_sent("storage_unavailable", refusal.to_string())),
            }
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
                    return Some(Event::NotSent { reason: Doubt::EarlierMade.reason() });
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
}
