//! `/terminals`: which there are, and whether they are free.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde_json::{Value, json};

use super::problem::Problem;
use crate::simulator::dojo::ledger::{Machine, TerminalStatus};
use crate::simulator::exchange::Stale;
use crate::simulator::world::World;

/// `GET /terminals?statuses=Available&statuses=InUse`
pub(super) async fn list(
    State(world): State<Arc<World>>,
    Query(pairs): Query<Vec<(String, String)>>,
    stale: Option<Extension<Stale>>,
) -> Result<Json<Value>, Problem> {
    let wanted = pairs.into_iter().filter(|(name, _)| name == "statuses").map(|(_, status)| named(&status));
    let wanted = wanted.collect::<Result<Vec<_>, _>>()?;
    if stale.is_some() {
        return Ok(Json(json!([])));
    }
    let now = world.clock.now().to_string();
    let ledger = world.dojo.ledger();
    let terminals = ledger.machines.all().filter(|machine| wanted.is_empty() || wanted.contains(&machine.status()));
    Ok(Json(terminals.map(|machine| document(machine, false, &now)).collect()))
}

/// `GET /terminals/{id}`
pub(super) async fn read(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    stale: Option<Extension<Stale>>,
) -> Result<Json<Value>, Problem> {
    let now = world.clock.now().to_string();
    let ledger = world.dojo.ledger();
    let machine = ledger.machines.get(&id).map_err(|refused| Problem::from(refused).coded())?;
    Ok(Json(document(machine, stale.is_some(), &now)))
}

fn named(status: &str) -> Result<TerminalStatus, Problem> {
    let unknown = |_| Problem::new(StatusCode::BAD_REQUEST, format!("{status} is not a terminal status.")).coded();
    serde_json::from_value(json!(status)).map_err(unknown)
}

fn document(machine: &Machine, stale: bool, now: &str) -> Value {
    json!({
        "id": machine.id,
        "properties": { "tid": machine.tid },
        "status": machine.seen(stale),
        "updatedAt": now,
    })
}
