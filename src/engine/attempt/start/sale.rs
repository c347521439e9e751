//! A sale is prepared where its provider needs that, and sent once.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, sleep};

use super::{Sent, Starting, not_sent};
use crate::domain::attempt::{Event, Phase, Preparation};
use crate::domain::operation::Operation;
use crate::engine::Engine;
use crate::engine::attempt::look_again::LOOK_AGAIN_PAUSES;
use crate::ports::{Prepared, Provider, SaleOrder};

/// The longest pause between two searches for the attempt that was paid.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How long the payment of an earlier attempt may stay undecided until this one is read by itself.
const UNDECIDED_PATIENCE: SignedDuration = SignedDuration::from_secs(10);

impl Engine {
    pub(super) async fn start_sale(&self, starting: Starting<'_>) -> Option<Sent> {
        let Starting { provider, operation, details, .. } = starting;
        let attempt = operation.attempt.clone();
        let Some(store) = self.directory.store(&operation.store) else {
            let text = "the configuration no longer knows the shop of this terminal";
            return Some(Sent { attempt, event: not_sent("unknown_store", text) });
        };
        let till_reference = format!("{}/{}", operation.till, operation.reference);
        let order = SaleOrder { attempt: &attempt, store, till_reference: &till_reference, details };
        if !matches!(attempt.phase, Phase::Reserved) {
            let event = self.send(starting, || provider.start_sale(order)).await;
            return Some(Sent { attempt, event });
        }
        let event = match self.prepare(starting, order).await {
            Ok(preparation) => Event::Dispatched { preparation: Some(preparation) },
            Err(event) => return Some(Sent { attempt, event }),
        };
        let dispatched = match self.dispatch(&attempt, event).await? {
            Ok(dispatched) => dispatched,
            Err(event) => return Some(Sent { attempt, event }),
        };
        let order = SaleOrder { attempt: &dispatched, ..order };
        let event = self.send(starting, || provider.start_sale(order)).await;
        Some(Sent { attempt: dispatched, event })
    }

    /// Has the provider prepare a sale; what comes instead of that is an event. Nothing here can take money.
    async fn prepare(&self, starting: Starting<'_>, order: SaleOrder<'_>) -> Result<Preparation, Event> {
        let Starting { provider, operation, .. } = starting;
        let begun = Instant::now();
        loop {
            let reason = match provider.prepare_sale(order).await {
                Prepared::Ready(preparation) => return Ok(preparation),
                Prepared::Decided => return Err(self.paid_before(provider, operation, SignedDuration::MAX).await),
                Prepared::Undecided => return Err(self.paid_before(provider, operation, UNDECIDED_PATIENCE).await),
                Prepared::Refused(reason) => return Err(Event::Refused { reason }),
                Prepared::Unreached(reason) => reason,
            };
            self.may_try_again(starting, begun, reason).await?;
        }
    }

    /// The payment of an earlier attempt was made after all, or perhaps. That is on disk before anything else, so that neither a
    /// cancel nor a restart says that nothing was taken; then it is found out for so long which one's it was, at the longest
    /// for as long as this one holds its terminal. Afterwards this one is read, and stopped if that is wished.
    async fn paid_before(&self, provider: &dyn Provider, operation: &Operation, patience: SignedDuration) -> Event {
        if self.record_surely(&operation.attempt, vec![Event::PaidBefore]).await.is_none() {
            return Event::PaidBefore;
        }
        let mut pauses = LOOK_AGAIN_PAUSES.into_iter();
        let until = provider.now().saturating_add(patience).unwrap_or(Timestamp::MAX).min(operation.attempt.horizon);
        while provider.now() < until {
            if self.another_is_paid(provider, &operation.attempt).await {
                return Event::PaidByEarlier;
            }
            let left = until.duration_since(provider.now()).max(SignedDuration::ZERO).unsigned_abs();
            let pause = pauses.next().unwrap_or(LONGEST_PAUSE).min(left);
            if self.stopping.run_until_cancelled(sleep(pause)).await.is_none() {
                break;
            }
        }
        Event::PaidBefore
    }
}
