//! Callbacks: who is told what.

mod address;
mod delivery;
mod signature;

use std::sync::Arc;
use std::time::Duration;

use super::ledger::{CallbackSubject, Occasion};
use crate::simulator::clock::real_time;
use crate::simulator::faults::CallKind;
use crate::simulator::postman;
use crate::simulator::world::World;

use address::CallbackOptions;
use delivery::Delivery;

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
            context.dintero.ledger().note_callback(&session_id, &event_id, context.clock.now());
        }
        postman::send(&context, &planned.delivery, fault, planned.retry_after).await;
    });
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
        let subject = world.dintero.ledger().callback_subject(session_id)?;
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
}

/// The body of a `method=POST` callback: the transaction as it is, and the session if that was asked for.
fn body(world: &World, subject: &CallbackSubject, session_id: &str, includes_session: bool) -> String {
    let ledger = world.dintero.ledger();
    let transaction = subject.transaction_id.as_ref().and_then(|id| ledger.transaction(id, false).ok());
    let mut document = transaction.unwrap_or_else(|| serde_json::json!({}));
    if includes_session && let Ok(session) = ledger.session(session_id, false) {
        document["session"] = session;
    }
    document.to_string()
}
