//! Webhooks: who is told what.

mod delivery;
mod signature;
mod subscriptions;

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::ledger::News;
use crate::simulator::clock::real_time;
use crate::simulator::faults::CallKind;
use crate::simulator::identifiers;
use crate::simulator::postman;
use crate::simulator::world::World;

use delivery::Delivery;

pub(crate) use subscriptions::{Subscription, Subscriptions};

/// What can be subscribed to.
pub(crate) const EVENTS: &[&str] = &["payment_intent.created", "payment_intent.status_updated"];

/// Tells every subscription that asked for it.
pub(crate) fn tell(world: &Arc<World>, news: &News) {
    for letter in letters(world, news) {
        let fault = world.faults().draw(CallKind::Webhook).map(|drawn| drawn.fault);
        let context = world.clone();
        // The schedule is not published; a second is short, and scaled like everything else.
        let retry_after = real_time(1_000, world.options.speed).max(Duration::from_millis(10));
        world.spawn(async move { postman::send(&context, &letter, fault, retry_after).await });
    }
}

/// One for every subscription that asked for it.
pub(crate) fn letters(world: &World, news: &News) -> Vec<Delivery> {
    world.dojo.subscriptions().all().filter_map(|subscription| letter(world, subscription, news)).collect()
}

/// Neither amount nor reference: whoever is told must read the intent.
fn letter(world: &World, subscription: &Subscription, news: &News) -> Option<Delivery> {
    if !subscription.wants(news.event) {
        return None;
    }
    let body = json!({
        "id": identifiers::dojo_id("evt"),
        "event": news.event,
        "accountId": world.options.dojo.account_id,
        "createdAt": world.clock.now().to_string(),
        "data": {
            "paymentIntentId": news.intent_id,
            "paymentStatus": news.status,
            "captureMode": if news.manual { "Manual" } else { "Auto" },
        },
    });
    Some(Delivery::new(subscription.url.clone(), body.to_string(), subscription.signing_secret()?))
}
