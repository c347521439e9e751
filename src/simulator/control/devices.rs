//! The virtual terminals, as a person would handle them. A terminal that is not Dintero's may be Dojo's.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::simulator::dintero::api::ApiError;
use crate::simulator::dintero::ledger::Refused;
use crate::simulator::dojo::ledger::Refused as RefusedByDojo;
use crate::simulator::hands::{Gesture, Mode};
use crate::simulator::world::World;

type Shared = State<Arc<World>>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Setting {
    mode: Option<Mode>,
    speed: Option<u32>,
}

pub(super) async fn all(State(world): Shared) -> Json<Value> {
    let dintero = world.dintero.ledger();
    let dojo = world.dojo.ledger();
    let terminals = dintero.premises.all().map(|terminal| terminal.state());
    Json(terminals.chain(dojo.machines.all().map(|machine| machine.state())).collect())
}

pub(super) async fn read(State(world): Shared, Path(id): Path<String>) -> Result<Json<Value>, ApiError> {
    if let Ok(machine) = world.dojo.ledger().machines.get(&id) {
        return Ok(Json(machine.state()));
    }
    let ledger = world.dintero.ledger();
    let terminal = ledger.premises.get(&id).map_err(|_| ApiError::NotFound)?;
    Ok(Json(terminal.state()))
}

pub(super) async fn set(
    State(world): Shared,
    Path(id): Path<String>,
    Json(setting): Json<Setting>,
) -> Result<Json<Value>, ApiError> {
    if let Ok(machine) = world.dojo.ledger().machines.get_mut(&id) {
        machine.set_mode(setting.mode.unwrap_or(machine.mode));
        machine.speed = setting.speed.unwrap_or(machine.speed);
        return Ok(Json(machine.state()));
    }
    let mut ledger = world.dintero.ledger();
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
    let now = world.clock.now();
    let by_dojo = world.dojo.ledger().gesture(&id, gesture, now);
    match by_dojo {
        Ok(effects) => {
            world.perform(effects);
            return Ok(done(&id));
        }
        Err(refused @ RefusedByDojo::NothingPrompted) => return Ok(conflict(&refused.to_string())),
        Err(_) => {}
    }
    let by_dintero = world.dintero.ledger().gesture(&id, gesture, now);
    match by_dintero {
        Ok(effects) => {
            world.perform(effects);
            Ok(done(&id))
        }
        Err(refused @ Refused::NothingPrompted(_)) => Ok(conflict(&refused.to_string())),
        Err(_) => Err(ApiError::NotFound),
    }
}

fn done(id: &str) -> Response {
    Json(json!({ "terminal_id": id })).into_response()
}

fn conflict(message: &str) -> Response {
    (StatusCode::CONFLICT, Json(json!({ "error": { "message": message } }))).into_response()
}
