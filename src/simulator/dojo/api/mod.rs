//! Dojo's HTTP surface: thin handlers over the ledger.

mod gate;
mod intents;
mod json_body;
mod money;
mod new_intent;
mod problem;
mod refunds;
mod sessions;
mod subscriptions;
mod terminals;

use std::sync::Arc;

use axum::routing::{delete, get, post, put};
use axum::{Router, middleware};

use crate::simulator::world::World;

/// All routes, behind the key, the version and the partner's identifiers.
pub(crate) fn router(world: &Arc<World>) -> Router {
    Router::new()
        .route("/payment-intents", post(intents::create))
        .route("/payment-intents/search", post(intents::search))
        .route("/payment-intents/refunds/{id}", get(refunds::read))
        .route("/payment-intents/{id}", get(intents::read).delete(intents::cancel))
        .route("/payment-intents/{id}/captures", post(intents::capture))
        .route("/payment-intents/{id}/refunds", post(refunds::create))
        .route("/payment-intents/{id}/reversal", post(refunds::reverse))
        .route("/terminals", get(terminals::list))
        .route("/terminals/{id}", get(terminals::read))
        .route("/terminal-sessions", post(sessions::create))
        .route("/terminal-sessions/{id}", get(sessions::read))
        .route("/terminal-sessions/{id}/cancel", put(sessions::cancel))
        .route("/terminal-sessions/{id}/signature", put(sessions::signature))
        .route("/webhooks/events", get(subscriptions::events))
        .route("/webhooks", get(subscriptions::list).post(subscriptions::subscribe))
        .route("/webhooks/{id}", delete(subscriptions::unsubscribe).patch(subscriptions::update))
        .route("/webhooks/{id}/secrets", get(subscriptions::secrets).post(subscriptions::add_secret))
        .route("/webhooks/{id}/secrets/{secret}", delete(subscriptions::delete_secret))
        .route("/webhooks/{id}/secrets/{secret}/activate", put(subscriptions::activate_secret))
        .layer(middleware::from_fn_with_state(world.clone(), gate::pass))
        .with_state(world.clone())
}
