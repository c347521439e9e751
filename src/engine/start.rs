//! Starting an attempt: what may start it is sent at most once, and what the answer means is written.

use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::follow::{Looked, ask};
use super::readers::Reading;
use super::record::news;
use super::sweep::LOOK_AGAIN_PAUSES;
use super::wishes::PassedOn;
use super::{Engine, Refusal};
use crate::domain::attempt::{AlarmKind, Attempt, Event, Kind, Phase, Preparation, Reason};
use crate::domain::identifiers::Handle;
use crate::domain::operation::Operation;
use crate::domain::refund::{RefundRoute, sendable};
use crate::domain::request::Details;
use crate::ports::{Answer, Prepared, Provider, ReadError, RefundOrder, Refundable, Refunded, SaleOrder, Seen};

/// How long a call that provably never left is tried again while the till waits.
const SEND_PATIENCE: Duration = Duration::from_secs(10);
/// Between two such tries.
const SEND_PAUSE: Duration = Duration::from_millis(250);

/// The longest pause between two searches for the attempt that was paid.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How long an acceptance waits for a result that may be there already. Nobody waits for it alone: without it on disk the
/// attempt is looked up by its reference instead of by its handle.
const FIRST_LOOK_WAIT: Duration = Duration::from_millis(10);

/// An attempt after the answer to its start is on disk.
pub(super) struct Started {
    pub(super) attempt: Attempt,
    /// How the first look at the provider's record went, where there was one meanwhile.
    pub(super) looked: Option<Looked>,
    /// The wishes that were passed on already.
    pub(super) passed_on: PassedOn,
}

impl Started {
    /// One that was neither read nor cancelled since it was written.
    pub(super) fn unread(attempt: Attempt) -> Self {
        Self { attempt, looked: None, passed_on: PassedOn::default() }
    }
}

/// What was sent, and what the answer to it means.
struct Sent {
    attempt: Attempt,
    event: Event,
}

impl Engine {
    /// Sends what starts the attempt, at most once, and writes what the answer means. `None` when it was decided
    /// meanwhile, or when the program must stop.
    pub(super) async fn start(&self, operation: &Operation, details: &Details, reading: &Reading) -> Option<Started> {
        let provider = self.provider(operation.provider).ok()?;
        let sent = match operation.kind {
            Kind::Sale => self.start_sale(provider.as_ref(), operation, details, reading).await?,
            Kind::Refund => self.start_refund(provider.as_ref(), operation, details, reading).await?,
        };
        self.write_and_look(provider.as_ref(), operation, sent).await
    }

    /// Writes what the answer means. An accepted attempt is read at once, and a result that is there already goes to disk
    /// together with the acceptance.
    async fn write_and_look(&self, provider: &dyn Provider, operation: &Operation, sent: Sent) -> Option<Started> {
        let Sent { attempt: before, event } = sent;
        let accepted = before.step(&event).ok().flatten().map(|transition| transition.attempt);
        let Some(accepted) = accepted.filter(|attempt| attempt.phase.handle().is_some()) else {
            return self.record_surely(&before, vec![event]).await.map(Started::unread);
        };
        let mut looking = pin!(ask(provider, &accepted));
        match timeout(FIRST_LOOK_WAIT, &mut looking).await {
            Ok(Ok(seen)) => {
                self.show(operation, &accepted, seen.at_terminal);
                let events = [event.clone()].into_iter().chain(news(&accepted, seen.finding, seen.at)).collect();
                let attempt = match self.record_surely(&before, events).await {
                    Some(attempt) => attempt,
                    // A result that cannot be written does not take the acceptance with it.
                    None => self.record_surely(&before, vec![event]).await?,
                };
                Some(Started { looked: Some(Ok(())), ..Started::unread(attempt) })
            }
            Ok(Err(error)) => {
                let mut attempt = self.record_surely(&before, vec![event]).await?;
                let looked = self.learn(provider, operation, &mut attempt, Err(error)).await;
                Some(Started { looked: Some(looked), ..Started::unread(attempt) })
            }
            Err(_) => self.write_while_looking(provider, operation, &before, event, looking).await,
        }
    }

    /// Writes the acceptance while the first look takes its time. A wish to cancel that came before does not wait for it.
    async fn write_while_looking(
        &self,
        provider: &dyn Provider,
        operation: &Operation,
        before: &Attempt,
        acceptance: Event,
        looking: impl Future<Output = Result<Seen, ReadError>>,
    ) -> Option<Started> {
        let mut attempt = self.record_surely(before, vec![acceptance]).await?;
        let mut passed_on = PassedOn::default();
        let written = attempt.clone();
        let passing = self.pass_on_wishes(provider, operation, &written, &mut passed_on);
        let learning = async { self.learn(provider, operation, &mut attempt, looking.await).await };
        let ((), looked) = tokio::join!(passing, learning);
        Some(Started { attempt, looked: Some(looked), passed_on })
    }

    async fn start_sale(
        &self,
        provider: &dyn Provider,
        operation: &Operation,
        details: &Details,
        reading: &Reading,
    ) -> Option<Sent> {
        let attempt = operation.attempt.clone();
        let Some(store) = self.store(&operation.store) else {
            let text = "the configuration no longer knows the shop of this terminal";
            return Some(Sent { attempt, event: not_sent("unknown_store", text) });
        };
        let till_reference = format!("{}/{}", operation.till, operation.reference);
        let order = SaleOrder { attempt: &attempt, store, till_reference: &till_reference, details };
        if !matches!(attempt.phase, Phase::Reserved) {
            let event = self.send(operation, reading, || provider.start_sale(order)).await;
            return Some(Sent { attempt, event });
        }
        let event = match self.prepare(provider, operation, order, reading).await {
            Ok(preparation) => Event::Dispatched { preparation: Some(preparation) },
            Err(event) => return Some(Sent { attempt, event }),
        };
        let dispatched = match self.dispatch(&attempt, event).await? {
            Ok(dispatched) => dispatched,
            Err(event) => return Some(Sent { attempt, event }),
        };
        let order = SaleOrder { attempt: &dispatched, ..order };
        let event = self.send(operation, reading, || provider.start_sale(order)).await;
        Some(Sent { attempt: dispatched, event })
    }

    /// Has the provider prepare a sale; what comes instead of that is an event. Nothing here can take money.
    async fn prepare(
        &self,
        provider: &dyn Provider,
        operation: &Operation,
        order: SaleOrder<'_>,
        reading: &Reading,
    ) -> Result<Preparation, Event> {
        let begun = Instant::now();
        loop {
            let reason = match provider.prepare_sale(order).await {
                Prepared::Ready(preparation) => return Ok(preparation),
                Prepared::Decided => return Err(self.paid_before(provider, operation).await),
                Prepared::Refused(reason) => return Err(Event::Refused { reason }),
                Prepared::Unreached(reason) => reason,
            };
            self.may_try_again(operation, reading, begun, reason).await?;
        }
    }

    /// The payment of an earlier attempt was made after all. That is on disk before anything else, so that neither a cancel nor
    /// a restart says that nothing was taken; then it is found out which one's it was, for as long as this one holds its
    /// terminal.
    async fn paid_before(&self, provider: &dyn Provider, operation: &Operation) -> Event {
        if self.record_surely(&operation.attempt, vec![Event::PaidBefore]).await.is_none() {
            return Event::PaidBefore;
        }
        let mut pauses = LOOK_AGAIN_PAUSES.into_iter();
        while provider.now() < operation.attempt.horizon {
            if self.look_at_earlier(provider, operation).await {
                return Event::PaidByEarlier;
            }
            let pause = pauses.next().unwrap_or(LONGEST_PAUSE);
            if self.stopping.run_until_cancelled(sleep(pause)).await.is_none() {
                break;
            }
        }
        Event::PaidBefore
    }

    /// Reads the attempts before this one, which ran on the same payment, until the one is found that was paid after all;
    /// whether it was found. The newest first: one that never reached a terminal would take a later one's run for its own.
    async fn look_at_earlier(&self, provider: &dyn Provider, operation: &Operation) -> bool {
        let Some(prepared) = &operation.attempt.preparation else { return false };
        let found = self.health.journal(self.journal.find_prepared(&prepared.payment, Kind::Sale).await);
        let is_earlier = |attempt: &Attempt| attempt.order.reference != operation.attempt.order.reference;
        for (earlier, mut attempt) in
            found.unwrap_or_default().into_iter().rev().filter(|(_, attempt)| is_earlier(attempt))
        {
            // What cannot be read now is read once more.
            let _ = self.look(provider, &earlier, &mut attempt).await;
            if matches!(attempt.phase, Phase::Approved { .. }) {
                return true;
            }
        }
        false
    }

    /// Writes that what was reserved is being sent now. `None` when it was stopped meanwhile.
    async fn dispatch(&self, attempt: &Attempt, event: Event) -> Option<Result<Attempt, Event>> {
        match self.record(attempt.order.reference, event).await {
            Ok(dispatched) if matches!(dispatched.phase, Phase::Sending) => Some(Ok(dispatched)),
            Ok(_) => None,
            // Later, what was just read of the payment would be stale.
            Err(error) => Some(Err(not_sent("storage_unavailable", error.to_string()))),
        }
    }

    /// Asks the provider what is left to refund, writes that the refund is being sent, and sends it.
    async fn start_refund(
        &self,
        provider: &dyn Provider,
        operation: &Operation,
        details: &Details,
        reading: &Reading,
    ) -> Option<Sent> {
        let sent = self.send_refund(provider, operation, &operation.attempt, details, reading).await?;
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
        self.send_refund(provider, operation, &rerouted, details, reading).await
    }

    async fn send_refund(
        &self,
        provider: &dyn Provider,
        operation: &Operation,
        attempt: &Attempt,
        details: &Details,
        reading: &Reading,
    ) -> Option<Sent> {
        let instead = |event| Some(Sent { attempt: attempt.clone(), event });
        let Some(transaction) = &attempt.refunds else {
            // Of no sale: nothing can be left of it, and nothing is to be read.
            return self.dispatch_refund(provider, operation, attempt, None, details, reading).await;
        };
        let refundable = match provider.refundable(transaction).await {
            Err(error) => return instead(not_sent("provider_unreachable", error.to_string())),
            Ok(refundable) => refundable,
        };
        if let Some(event) = self.refund_in_the_way(provider, operation, &refundable).await {
            return instead(event);
        }
        if provider.refunds_one_at_a_time()
            && let Some(event) = self.disagreement(operation, attempt, refundable.refunded).await
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
        self.dispatch_refund(provider, operation, attempt, preparation, details, reading).await
    }

    /// The runs of the refunds before: one of them must not be taken for this one's, should its reply be lost.
    async fn with_known_runs(&self, found: Preparation) -> Result<Preparation, Refusal> {
        let before = self.health.journal(self.journal.find_prepared(&found.payment, Kind::Refund).await)?;
        let known = before.iter().filter_map(|(_, attempt)| attempt.preparation.as_ref());
        Ok(known.fold(found, Preparation::with_runs_of))
    }

    async fn dispatch_refund(
        &self,
        provider: &dyn Provider,
        operation: &Operation,
        attempt: &Attempt,
        preparation: Option<Preparation>,
        details: &Details,
        reading: &Reading,
    ) -> Option<Sent> {
        let dispatched = match self.dispatch(attempt, Event::Dispatched { preparation }).await? {
            Ok(dispatched) => dispatched,
            Err(event) => return Some(Sent { attempt: attempt.clone(), event }),
        };
        let order = RefundOrder { attempt: &dispatched, transaction: dispatched.refunds.as_ref(), details };
        let event = self.send(operation, reading, || provider.start_refund(order)).await;
        Some(Sent { attempt: dispatched, event })
    }

    /// Whether the provider's record still shows what it showed before the refund was sent: only then is its refusal
    /// proof enough to give the money back another way.
    async fn nothing_was_given_back(&self, provider: &dyn Provider, attempt: &Attempt) -> bool {
        let (Some(transaction), Some(before)) = (&attempt.refunds, &attempt.preparation) else { return false };
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
                Ok(Some((earlier, mut refund))) if refund.is_belied_by(finding) => {
                    // What cannot be read now, the next sweep reads.
                    let looked = self.look(provider, &earlier, &mut refund).await;
                    if looked.is_ok() && refund.is_belied_by(finding) {
                        self.raise_belied_refund(operation.original.unwrap_or(operation.id), *reference).await;
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

    /// Where refunds carry no reference of ours, the sum of a payment's refunds must be what the journal knows.
    ///
    /// More may be the very refund that is asked for (a restored backup): nothing is sent until a person has looked. Less is
    /// an old record: what its sum grows by from there would be no proof of a refund that is told by the sum.
    async fn disagreement(&self, operation: &Operation, attempt: &Attempt, refunded: i64) -> Option<Event> {
        let sale = operation.original?;
        let unreadable = |refusal: Refusal| Some(not_sent("storage_unavailable", refusal.to_string()));
        let known = match self.health.journal(self.journal.operation(sale).await) {
            Ok(known) => known?.refunded,
            Err(refusal) => return unreadable(refusal),
        };
        if refunded < known && !attempt.card_present {
            let text =
                "the provider's record does not show the earlier refunds of this sale yet; try again in a moment";
            return Some(not_sent("provider_behind", text));
        }
        if refunded > known
            && let Err(refusal) = self.note_refunded(sale, Refunded::InAll(refunded)).await
        {
            return unreadable(refusal);
        }
        let standing = match self.alarms().await {
            Ok(standing) => standing,
            Err(refusal) => return unreadable(refusal),
        };
        let waits = standing.iter().any(|it| it.operation == Some(sale) && it.alarm.kind == AlarmKind::Orphan);
        let text = "money of this sale was given back that the bridge does not know of; a person must look first, and \
                    acknowledge the alarm";
        waits.then(|| not_sent("lost_refund", text))
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
            if let Err(event) = self.may_try_again(operation, reading, begun, reason).await {
                return event;
            }
        }
    }

    /// Rests before what provably never left is tried again; an error when it is not, because nobody waits for it.
    async fn may_try_again(
        &self,
        operation: &Operation,
        reading: &Reading,
        begun: Instant,
        reason: Reason,
    ) -> Result<(), Event> {
        self.health.provider(operation.provider, Some(reason.text.clone()));
        tokio::select! {
            biased;
            () = reading.woken() => return Err(Event::NotSent { reason }),
            () = self.stopping.cancelled() => return Err(Event::NotSent { reason }),
            () = sleep(SEND_PAUSE) => {}
        }
        let somebody_waits = begun.elapsed() <= SEND_PATIENCE && self.waiters.anybody_waits(operation.id);
        if somebody_waits { Ok(()) } else { Err(Event::NotSent { reason }) }
    }
}

fn not_sent(code: &str, text: impl Into<String>) -> Event {
    Event::NotSent { reason: Reason::new(code, text) }
}
