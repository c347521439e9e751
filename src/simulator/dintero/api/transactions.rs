//! `/v1/transactions`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::Value;

use super::json_body::require_no_body;
use super::{ApiError, read_json, validation};
use crate::simulator::dintero::ledger::{Filter, RefundReply};
use crate::simulator::exchange::Stale;
use crate::simulator::world::World;

/// `GET /v1/transactions/{id}`
pub(super) async fn read(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    stale: Option<Extension<Stale>>,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(world.dintero.ledger().transaction(&id, stale.is_some())?))
}

/// `GET /v1/transactions`
pub(super) async fn list(
    State(world): State<Arc<World>>,
    Query(pairs): Query<Vec<(String, String)>>,
    stale: Option<Extension<Stale>>,
) -> Result<Json<Vec<Value>>, ApiError> {
    let found = world.dintero.ledger().list_transactions(&Filter::new(pairs)).map_err(ApiError::invalid)?;
    Ok(Json(if stale.is_some() { Vec::new() } else { found }))
}

/// `POST /v1/transactions/{id}/refund`: 200 with the refund, or 202 with the status unchanged and the request's
/// identifier in `event-request-id`.
pub(super) async fn refund(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiError> {
    let request = validation::refund(&read_json(&headers, &body)?)?;
    let reply = world.dintero.ledger().refund(&id, request, world.clock.now())?;
    match reply {
        RefundReply::Done(effects) => {
            world.perform(effects);
            let transaction = world.dintero.ledger().transaction(&id, false)?;
            Ok(Json(transaction).into_response())
        }
        RefundReply::Accepted { request_id, effects } => {
            let transaction = world.dintero.ledger().transaction(&id, false)?;
            world.perform(effects);
            let header = [("event-request-id", request_id)];
            Ok((StatusCode::ACCEPTED, header, Json(transaction)).into_response())
        }
    }
}

/// `POST /v1/transactions/{id}/capture`
pub(super) async fn capture(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, ApiError> {
    let (amount, reference) = validation::capture(&read_json(&headers, &body)?)?;
    let effects = world.dintero.ledger().capture(&id, amount, reference, world.clock.now())?;
    world.perform(effects);
    Ok(Json(world.dintero.ledger().transaction(&id, false)?))
}

/// `POST /v1/transactions/{id}/void`
pub(super) async fn void(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, ApiError> {
    require_no_body(&body)?;
    let effects = world.dintero.ledger().void(&id, world.clock.now())?;
    world.perform(effects);
    Ok(Json(world.dintero.ledger().transaction(&id, false)?))
}
