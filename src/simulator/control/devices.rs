//! The virtual terminals, as a person would handle them.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::simulator::api::ApiError;
use crate::simulator::ledger::{Gesture, Mode, Refused};
use crate::simulator::world::World;

type Shared = State<Arc<World>>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Setting {
    mode: Option<Mode>,
    speed: Option<u32>,
}

pub(super) async fn all(State(world): Shared) -> Json<Value> {
    let ledger = world.ledger();
    Json(ledger.premises.all().map(|terminal| terminal.state()).collect())
}

pub(super) async fn read(State(world): Shared, Path(id): Path<String>) -> Result<Json<Value>, ApiError> {
    let ledger = world.ledger();
    let terminal = ledger.premises.get(&id).map_err(|_| ApiError::NotFound)?;
    Ok(Json(terminal.state()))
}

pub(super) async fn set(
    State(world): Shared,
    Path(id): Path<String>,
    Json(setting): Json<Setting>,
) -> Result<Json<Value>, ApiError> {
    let mut ledger = world.ledger();
    let terminal = ledger.premises.get_mut(&id).map_err(|_| ApiError::NotFound)?;
    terminal.mode = setting.mode.unwrap_or(terminal.mode);
    terminal.speed = setting.speed.unwrap_or(terminal.speed);
    Ok(Json(terminal.state()))
}

/// 409 if nothing waits on the terminal.
pub(super) async fn gesture(
    State(world): Shared,
    Path((id, gesture)): Path<(String, Gesture)>,
) -> Result<Response, ApiError> {
    let done = world.ledger().gesture(&id, gesture, world.clock.now());
    match done {
        Ok(effects) => {
            world.perform(effects);
            Ok(Json(json!({ "terminal_id": id })).into_response())
        }
        Err(refused @ Refused::NothingPrompted(_)) => {
            let body = json!({ "error": { "message": refused.to_string() } });
            Ok((StatusCode::CONFLICT, Json(body)).into_response())
        }
        Err(_) => Err(ApiError::NotFound),
    }
}
