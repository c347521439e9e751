//! Dintero's HTTP surface: thin handlers over the ledger.

mod authorization;
mod error;
mod json_body;
mod operations;
mod premises;
mod sessions;
mod transactions;
mod validation;

use std::sync::Arc;

use axum::routing::{get, post};
use axum::{Router, middleware};

use crate::simulator::world::World;

pub(crate) use authorization::has_valid_token;
pub(crate) use error::ApiError;
pub(crate) use json_body::read_json;
pub(crate) use operations::Operations;

/// All routes: the API behind its bearer token, and the token call.
pub(crate) fn router(world: &Arc<World>) -> Router {
    let guarded = Router::new()
        .route("/v1/sessions-profile", post(sessions::create))
        .route("/v1/sessions", get(sessions::list))
        .route("/v1/sessions/{id}", get(sessions::read))
        .route("/v1/sessions/{id}/cancel", post(sessions::cancel))
        .route("/v1/transactions", get(transactions::list))
        .route("/v1/transactions/{id}", get(transactions::read))
        .route("/v1/transactions/{id}/refund", post(transactions::refund))
        .route("/v1/transactions/{id}/capture", post(transactions::capture))
        .route("/v1/transactions/{id}/void", post(transactions::void))
        .route("/v1/accounts/{account}/stores", get(premises::stores))
        .route("/v1/accounts/{account}/terminals", get(premises::terminals))
        .route("/v1/accounts/{account}/terminals/{id}", get(premises::terminal))
        .route("/v1/admin/terminals/operations", get(operations::list).post(operations::start))
        .layer(middleware::from_fn_with_state(world.clone(), authorization::require_token));
    Router::new()
        .route("/v1/accounts/{account}/auth/token", post(authorization::token))
        .merge(guarded)
        .with_state(world.clone())
}
