//! Starting an attempt: what may start it is sent at most once, and what the answer means is written.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::Engine;
use super::follow::Looked;
use super::readers::Reading;
use crate::domain::attempt::{Attempt, Event, Kind, Phase, Reason};
use crate::domain::identifiers::Handle;
use crate::domain::operation::Operation;
use crate::domain::refund::sendable;
use crate::domain::request::Details;
use crate::ports::{Answer, Provider, RefundOrder, Refundable, SaleOrder};

/// How long a call that provably never left is tried again while the till waits.
const SEND_PATIENCE: Duration = Duration::from_secs(10);
/// Between two such tries.
const SEND_PAUSE: Duration = Duration::from_millis(250);

/// An attempt after the answer to its start is on disk.
pub(super) struct Started {
    pub(super) attempt: Attempt,
    /// How the first look at the provider's record went, where there was one meanwhile.
    pub(super) looked: Option<Looked>,
    /// When a wish to cancel was passed on, where there was one already.
    pub(super) cancelled_at: Option<Instant>,
}

impl Started {
    /// One that was under way before: it was neither read nor cancelled since.
    pub(super) const fn earlier(attempt: Attempt) -> Self {
        Self { attempt, looked: None, cancelled_at: None }
    }
}

impl Engine {
    /// Sends what starts the attempt, at most once, and writes what the answer means.
    pub(super) async fn start(&self, operation: &Operation, details: &Details, reading: &Reading) -> Option<Started> {
        let provider = self.provider(operation.provider).ok()?;
        let event = match operation.kind {
            Kind::Sale => self.start_sale(provider.as_ref(), operation, details, reading).await,
            Kind::Refund => self.start_refund(provider.as_ref(), operation, details, reading).await?,
        };
        self.write_and_look(provider.as_ref(), operation, event).await
    }

    /// Writes what the answer means. An accepted attempt is read meanwhile, so that a result that is there already goes
    /// to disk right behind the acceptance, in the order in which the two were handed in, instead of after it. A wish to
    /// cancel that came before the acceptance does not wait for that reading.
    async fn write_and_look(&self, provider: &dyn Provider, operation: &Operation, event: Event) -> Option<Started> {
        let accepted = operation.attempt.step(&event).ok().flatten().map(|transition| transition.attempt);
        let looking = async {
            let mut attempt = accepted.clone().filter(|attempt| attempt.phase.handle().is_some())?;
            let looked = self.look(provider, operation, &mut attempt).await;
            Some((attempt, looked))
        };
        let writing = async {
            let written = self.record_surely(&operation.attempt, event).await?;
            let cancelled_at = self.pass_on_cancel(provider, &written, None).await;
            Some((written, cancelled_at))
        };
        let (written, looked) = tokio::join!(writing, looking);
        let (written, cancelled_at) = written?;
        Some(match looked {
            // What the look made of it came after the acceptance.
            Some((attempt, looked)) if accepted.as_ref() != Some(&attempt) => {
                Started { attempt, looked: Some(looked), cancelled_at }
            }
            looked => Started { attempt: written, looked: looked.map(|(_, looked)| looked), cancelled_at },
        })
    }

    async fn start_sale(
        &self,
        provider: &dyn Provider,
        operation: &Operation,
        details: &Details,
        reading: &Reading,
    ) -> Event {
        let Some(store) = self.store(&operation.store) else {
            return not_sent("unknown_store", "the configuration no longer knows the shop of this terminal");
        };
        let till_reference = format!("{}/{}", operation.till, operation.reference);
        let order = SaleOrder { attempt: &operation.attempt, store, till_reference: &till_reference, details };
        self.send(operation, reading, || provider.start_sale(order)).await
    }

    /// Asks the provider what is left to refund, writes that the refund is being sent, and sends it.
    async fn start_refund(
        &self,
        provider: &dyn Provider,
        operation: &Operation,
        details: &Details,
        reading: &Reading,
    ) -> Option<Event> {
        let attempt = &operation.attempt;
        let Some(transaction) = &attempt.refunds else {
            return Some(not_sent("no_transaction", "the sale has no payment at the provider"));
        };
        match provider.refundable(transaction).await {
            Err(error) => return Some(not_sent("provider_unreachable", error.to_string())),
            Ok(refundable) => {
                if let Some(event) = self.lost_refund(operation, &refundable).await {
                    return Some(event);
                }
                if let Err(reason) = sendable(attempt.order.money.amount, refundable.captured, refundable.refunded) {
                    return Some(Event::Refused { reason });
                }
            }
        }
        match self.record(attempt.order.reference, Event::Dispatched).await {
            Ok(dispatched) if matches!(dispatched.phase, Phase::Sending) => {}
            // It was cancelled meanwhile.
            Ok(_) => return None,
            // Later, what was just read of the payment would be stale.
            Err(error) => return Some(not_sent("storage_unavailable", error.to_string())),
        }
        let order = RefundOrder { attempt, transaction, details };
        Some(self.send(operation, reading, || provider.start_refund(order)).await)
    }

    /// A refund of ours that this journal does not hold (a restored backup) may be the very one that is asked for.
    async fn lost_refund(&self, operation: &Operation, refundable: &Refundable) -> Option<Event> {
        for reference in &refundable.references {
            match self.health.journal(self.journal.find_attempt(*reference).await) {
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

    /// Sends until there is an answer other than "it provably never left"; that one is tried again while a till waits.
    async fn send<'a, Sending>(&self, operation: &Operation, reading: &Reading, call: impl Fn() -> Sending) -> Event
    where
        Sending: Future<Output = Answer<Handle>> + 'a,
    {
        let begun = Instant::now();
        loop {
            let reason = match call().await {
                Answer::Yes(handle) => {
                    self.health.provider(operation.provider, None);
                    return Event::Accepted { handle };
                }
                Answer::No(reason) => return Event::Refused { reason },
                Answer::Unknown(cause) => return Event::Silent { cause },
                Answer::NotSent(reason) => reason,
            };
            self.health.provider(operation.provider, Some(reason.text.clone()));
            tokio::select! {
                () = sleep(SEND_PAUSE) => {}
                () = reading.woken() => return Event::NotSent { reason },
                () = self.stopping.cancelled() => return Event::NotSent { reason },
            }
            if begun.elapsed() > SEND_PATIENCE || !self.waiters.anybody_waits(operation.id) {
                return Event::NotSent { reason };
            }
        }
    }
}

fn not_sent(code: &str, text: impl Into<String>) -> Event {
    Event::NotSent { reason: Reason::new(code, text) }
}
