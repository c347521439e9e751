//! Starting an attempt: what may start it is sent at most once, and what the answer means is written. What comes before the
//! sending differs for a sale and for a refund.

mod refund;
mod sale;

use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::follow::{Looked, ask};
use super::readers::Claim;
use super::record::news;
use super::wishes::PassedOn;
use crate::domain::attempt::{Attempt, Event, Kind, Phase, Reason};
use crate::domain::identifiers::Handle;
use crate::domain::operation::Operation;
use crate::domain::request::Details;
use crate::engine::Engine;
use crate::ports::{Answer, Provider, ReadError, Seen};

/// How long a call that provably never left is tried again while the till waits.
const SEND_PATIENCE: Duration = Duration::from_secs(10);
/// Between two such tries.
const SEND_PAUSE: Duration = Duration::from_millis(250);

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
    /// It may stand on its terminal. What an earlier attempt's payment kept from being sent does not.
    pub(super) was_sent: bool,
}

impl Started {
    /// One that was neither read nor cancelled since it was written.
    pub(super) fn unread(attempt: Attempt) -> Self {
        Self { attempt, looked: None, passed_on: PassedOn::default(), was_sent: true }
    }
}

/// An attempt that is being started: at whom, for what, and by whom it is read.
#[derive(Clone, Copy)]
struct Starting<'a> {
    provider: &'a dyn Provider,
    operation: &'a Operation,
    details: &'a Details,
    claim: &'a Claim,
}

/// What was sent, and what the answer to it means.
struct Sent {
    attempt: Attempt,
    event: Event,
}

impl Engine {
    /// Sends what starts the attempt, at most once, and writes what the answer means. `None` when it was decided
    /// meanwhile, or when the program must stop.
    pub(super) async fn start(&self, operation: &Operation, details: &Details, claim: &Claim) -> Option<Started> {
        let provider = self.provider(operation.provider).ok()?;
        let starting = Starting { provider: provider.as_ref(), operation, details, claim };
        let sent = match operation.kind {
            Kind::Sale => self.start_sale(starting).await?,
            Kind::Refund => self.start_refund(starting).await?,
        };
        self.write_and_look(starting, sent).await
    }

    /// Writes what the answer means. An accepted attempt is read at once, and a result that is there already goes to disk
    /// together with the acceptance.
    async fn write_and_look(&self, starting: Starting<'_>, sent: Sent) -> Option<Started> {
        let Starting { provider, operation, .. } = starting;
        let Sent { attempt: before, event } = sent;
        let accepted = before.step(&event).ok().flatten().map(|transition| transition.attempt);
        let Some(accepted) = accepted.filter(|attempt| attempt.phase.handle().is_some()) else {
            let written = self.record_surely(&before, vec![event.clone()]).await?;
            // Stopped meanwhile, it has no run: what comes of the payment that it was to run on is another's.
            let was_stopped =
                matches!(before.phase, Phase::Reserved) && matches!(written.phase, Phase::Cancelled { .. });
            return (!was_stopped)
                .then(|| Started { was_sent: !matches!(event, Event::PaidBefore), ..Started::unread(written) });
        };
        let mut looking = pin!(ask(provider, &accepted));
        match timeout(FIRST_LOOK_WAIT, &mut looking).await {
            Ok(Ok(seen)) if !seen.paid_by_another => {
                self.show(operation, &accepted, seen.at_terminal);
                let events = [event.clone()].into_iter().chain(news(&accepted, seen.finding, seen.at)).collect();
                let attempt = match self.record_surely(&before, events).await {
                    Some(attempt) => attempt,
                    // A result that cannot be written does not take the acceptance with it.
                    None => self.record_surely(&before, vec![event]).await?,
                };
                Some(Started { looked: Some(Ok(())), ..Started::unread(attempt) })
            }
            Ok(answer) => {
                let mut attempt = self.record_surely(&before, vec![event]).await?;
                let looked = self.learn(provider, operation, &mut attempt, answer).await;
                Some(Started { looked: Some(looked), ..Started::unread(attempt) })
            }
            Err(_) => self.write_while_looking(starting, &before, event, looking).await,
        }
    }

    /// Writes the acceptance while the first look takes its time. A wish to cancel that came before does not wait for it.
    async fn write_while_looking(
        &self,
        starting: Starting<'_>,
        before: &Attempt,
        acceptance: Event,
        looking: impl Future<Output = Result<Seen, ReadError>>,
    ) -> Option<Started> {
        let Starting { provider, operation, .. } = starting;
        let mut attempt = self.record_surely(before, vec![acceptance]).await?;
        let mut passed_on = PassedOn::default();
        let written = attempt.clone();
        let passing = self.pass_on_wishes(provider, operation, &written, &mut passed_on);
        let learning = async { self.learn(provider, operation, &mut attempt, looking.await).await };
        let ((), looked) = tokio::join!(passing, learning);
        Some(Started { looked: Some(looked), passed_on, ..Started::unread(attempt) })
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

    /// Sends until there is an answer other than "it provably never left"; that one is tried again while a till waits.
    async fn send<'a, Sending>(&self, starting: Starting<'_>, call: impl Fn() -> Sending) -> Event
    where
        Sending: Future<Output = Answer<Handle>> + 'a,
    {
        let begun = Instant::now();
        loop {
            let reason = match call().await {
                Answer::Yes(handle) => {
                    self.health.note_provider(starting.operation.provider, None);
                    return Event::Accepted { handle };
                }
                Answer::Undelivered(handle) => {
                    self.health.note_provider(starting.operation.provider, None);
                    // On disk before the acceptance, so that a restart passes it on too. A payment that comes all the same wins.
                    let _ = self.record(starting.operation.attempt.order.reference, Event::CancelWanted).await;
                    return Event::Accepted { handle };
                }
                Answer::No(reason) => return Event::Refused { reason },
                Answer::Unknown(cause) => return Event::Silent { cause },
                Answer::NotSent(reason) => reason,
            };
            if let Err(event) = self.may_try_again(starting, begun, reason).await {
                return event;
            }
        }
    }

    /// Rests before what provably never left is tried again; an error when it is not, because nobody waits for it.
    async fn may_try_again(&self, starting: Starting<'_>, begun: Instant, reason: Reason) -> Result<(), Event> {
        let Starting { operation, claim, .. } = starting;
        self.health.note_provider(operation.provider, Some(reason.text.clone()));
        tokio::select! {
            biased;
            () = claim.woken() => return Err(Event::NotSent { reason }),
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
