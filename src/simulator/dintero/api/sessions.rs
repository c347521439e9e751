//! `/v1/sessions-profile` and `/v1/sessions`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::{Extension, Json};
use serde_json::{Value, json};

use super::json_body::require_no_body;
use super::{ApiError, read_json, validation};
use crate::simulator::dintero::ledger::Filter;
use crate::simulator::exchange::Stale;
use crate::simulator::identifiers;
use crate::simulator::requests::system_headers;
use crate::simulator::world::World;

type Pairs = Query<Vec<(String, String)>>;

/// `POST /v1/sessions-profile`
pub(super) async fn create(
    State(world): State<Arc<World>>,
    Query(pairs): Pairs,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, ApiError> {
    let now = world.clock.now();
    let body = read_json(&headers, &body)?;
    let mut request = validation::new_session(body, &headers, &world.options, now)?;
    request.system_headers = system_headers(&headers);
    let publish = published(&mut request.body, if world.options.pushes_fail { "failed" } else { "sent" });
    let (id, effects) = world.dintero.ledger().create_session(request, now)?;
    world.perform(effects);
    let mut answer = json!({
        "id": id,
        "url": format!("https://checkout.dintero.com/v1/view/{}", identifiers::base58(40)),
    });
    if let Some(publish) = publish {
        answer["publish"] = publish;
    }
    if pairs.iter().any(|(name, value)| name == "include_session" && value == "true") {
        answer["session"] = world.dintero.ledger().session(&id, false)?;
    }
    Ok(Json(answer))
}

/// Gives each publish configuration its identifier and status; only the terminal kind is sent by this simulator.
fn published(body: &mut Value, pushed: &str) -> Option<Value> {
    let publish = body.pointer_mut("/configuration/publish")?;
    for one in publish.as_array_mut()? {
        let sent = one["type"] == "terminal" && one["channel"] == "push";
        one["id"] = json!(identifiers::uuid());
        one["status"] = json!(if sent { pushed } else { "skipped" });
    }
    Some(publish.clone())
}

/// `GET /v1/sessions/{id}`
pub(super) async fn read(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    stale: Option<Extension<Stale>>,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(world.dintero.ledger().session(&id, stale.is_some())?))
}

/// `POST /v1/sessions/{id}/cancel`
pub(super) async fn cancel(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, ApiError> {
    require_no_body(&body)?;
    let (effects, result) = world.dintero.ledger().cancel(&id, world.clock.now());
    world.perform(effects);
    result?;
    Ok(Json(world.dintero.ledger().session(&id, false)?))
}

/// `GET /v1/sessions`
pub(super) async fn list(
    State(world): State<Arc<World>>,
    Query(pairs): Pairs,
    stale: Option<Extension<Stale>>,
) -> Result<Json<Vec<Value>>, ApiError> {
    let found = world.dintero.ledger().list_sessions(&Filter::new(pairs)).map_err(ApiError::invalid)?;
    Ok(Json(if stale.is_some() { Vec::new() } else { found }))
}
