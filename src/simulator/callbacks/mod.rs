//! Callbacks: who is told what, and how often it is tried.

mod address;
mod delivery;
mod signature;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};

use super::clock::real_time;
use super::faults::{CallKind, Fault};
use super::ledger::{CallbackSubject, Occasion};
use super::world::World;

use address::CallbackOptions;

pub(crate) use delivery::{Delivery, Seal};

/// How many callbacks are on their way at once.
const AT_ONCE: usize = 64;
/// Dintero's request timeout.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Sends callbacks.
#[derive(Debug)]
pub(crate) struct Postman {
    client: reqwest::Client,
    at_once: Semaphore,
    /// Told of every delivery, for the one that waits to be overtaken.
    delivered: Notify,
}

impl Postman {
    pub(crate) fn new() -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self { client, at_once: Semaphore::new(AT_ONCE), delivered: Notify::new() })
    }

    /// Calls the session's callback URL, if it has one and its options ask for this occasion.
    pub(crate) fn notify(world: &Arc<World>, session_id: &str, occasion: &Occasion) {
        let Some(planned) = Planned::new(world, session_id, occasion).filter(|planned| planned.is_wanted) else {
            return;
        };
        let fault = world.faults().draw(CallKind::Callback).map(|drawn| drawn.fault);
        let event_id = match occasion {
            Occasion::Completed { event_id } => Some(event_id.clone()),
            Occasion::Error(_) | Occasion::Event { .. } => None,
        };
        let session_id = session_id.to_owned();
        let context = world.clone();
        world.spawn(async move {
            tokio::time::sleep(planned.wait).await;
            if let Some(event_id) = event_id {
                context.ledger().note_callback(&session_id, &event_id, context.clock.now());
            }
            planned.send(&context, fault).await;
        });
    }
}

/// A callback that is to be sent.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) delivery: Delivery,
    /// The options of the callback URL ask for this occasion.
    is_wanted: bool,
    wait: Duration,
    retry_after: Duration,
}

impl Planned {
    /// The callback for an occasion; `None` for a session without a callback URL.
    pub(crate) fn new(world: &World, session_id: &str, occasion: &Occasion) -> Option<Self> {
        let subject = world.ledger().callback_subject(session_id)?;
        let url = subject.url.clone()?;
        let options = CallbackOptions::of(&url);
        let time = world.clock.now().to_string();
        let delivery = Delivery::new(
            options.called(&url, &subject, session_id, occasion, &time),
            options.post.then(|| body(world, &subject, session_id, options.includes_session)),
        );
        Some(Self {
            delivery,
            is_wanted: options.wants(occasion),
            wait: real_time(options.delay_seconds * 1_000, subject.speed),
            // The interval is not documented; a second is short, and scaled like everything else.
            retry_after: real_time(1_000, subject.speed).max(Duration::from_millis(10)),
        })
    }

    async fn send(&self, world: &World, fault: Option<Fault>) {
        let mut copies = 1_u32;
        let mut seal = Seal::Genuine;
        match fault {
            Some(Fault::Dropped) => return,
            Some(Fault::Duplicate(more)) => copies = copies.saturating_add(more),
            Some(Fault::Late(milliseconds)) => {
                tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            }
            Some(Fault::Reordered) => overtaken(&world.postman.delivered).await,
            Some(Fault::Forged) => seal = Seal::Forged,
            Some(Fault::WrongTime) => seal = Seal::Old,
            _ => {}
        }
        for _ in 0..copies {
            self.deliver(world, seal).await;
        }
    }

    async fn deliver(&self, world: &World, seal: Seal) {
        if let Ok(_permit) = world.postman.at_once.acquire().await {
            self.delivery.until_taken(world, seal, self.retry_after).await;
        }
        world.postman.delivered.notify_waiters();
    }
}

/// Waits until another callback was delivered, a second at most.
async fn overtaken(delivered: &Notify) {
    let next = delivered.notified();
    if tokio::time::timeout(Duration::from_secs(1), next).await.is_err() {
        tracing::debug!("no other callback came to overtake this one");
    }
}

/// The body of a `method=POST` callback: the transaction as it is, and the session if that was asked for.
fn body(world: &World, subject: &CallbackSubject, session_id: &str, includes_session: bool) -> String {
    let ledger = world.ledger();
    let transaction = subject.transaction_id.as_ref().and_then(|id| ledger.transaction(id, false).ok());
    let mut document = transaction.unwrap_or_else(|| serde_json::json!({}));
    if includes_session && let Ok(session) = ledger.session(session_id, false) {
        document["session"] = session;
    }
    document.to_string()
}
