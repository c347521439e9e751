//! Ledger, faults, clock, callbacks, requests.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::simulator::dintero::api::ApiError;
use crate::simulator::dintero::callbacks::Planned;
use crate::simulator::dintero::ledger::Occasion;
use crate::simulator::dintero::outcomes::outcome_table;
use crate::simulator::dojo::{DojoPolicy, virtual_terminals, webhooks};
use crate::simulator::faults::FaultRule;
use crate::simulator::postman::{self, Seal};
use crate::simulator::world::World;

type Shared = State<Arc<World>>;

pub(super) async fn ledger(State(world): Shared, Query(query): Query<HashMap<String, String>>) -> Json<Value> {
    let reference = query.get("merchant_reference").map(String::as_str);
    let mut truth = world.dintero.ledger().truth(reference);
    truth["dojo"] = world.dojo.ledger().truth(reference);
    Json(truth)
}

pub(super) async fn reset(State(world): Shared) -> StatusCode {
    world.reset();
    StatusCode::NO_CONTENT
}

pub(super) async fn outcomes() -> Json<Value> {
    Json(json!(outcome_table()))
}

pub(super) async fn requests(State(world): Shared) -> Json<Value> {
    Json(world.requests().report())
}

pub(super) async fn faults(State(world): Shared) -> Json<Value> {
    Json(world.faults().report())
}

pub(super) async fn set_faults(
    State(world): Shared,
    Json(rules): Json<Vec<FaultRule>>,
) -> Result<Json<Value>, ApiError> {
    if let Some(rule) = rules.iter().find(|rule| !rule.is_sound()) {
        let name = rule.fault.name();
        return Err(ApiError::invalid(format!("{name} can never strike such a call")));
    }
    let mut faults = world.faults();
    faults.replace(rules);
    Ok(Json(faults.report()))
}

pub(super) async fn clear_faults(State(world): Shared) -> StatusCode {
    world.faults().clear(world.options.seed);
    StatusCode::NO_CONTENT
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClockSetting {
    offset_seconds: i64,
}

pub(super) async fn clock(State(world): Shared) -> Json<Value> {
    Json(json!({ "offset_seconds": world.clock.offset_seconds(), "now": world.clock.now().to_string() }))
}

pub(super) async fn set_clock(state: Shared, Json(setting): Json<ClockSetting>) -> Json<Value> {
    state.clock.set_offset_seconds(setting.offset_seconds);
    clock(state).await
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum CallbackError {
    Cancelled,
    Authorization,
    Failed,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CallbackByHand {
    session_id: String,
    kind: Seal,
    error: Option<CallbackError>,
}

/// Sends one callback once, and tells how it was answered; `null` if it was not.
pub(super) async fn send_callback(
    State(world): Shared,
    Json(wish): Json<CallbackByHand>,
) -> Result<Json<Value>, ApiError> {
    let occasion = match wish.error {
        None => Occasion::Completed { event_id: String::new() },
        Some(CallbackError::Cancelled) => Occasion::Error("cancelled"),
        Some(CallbackError::Authorization) => Occasion::Error("authorization"),
        Some(CallbackError::Failed) => Occasion::Error("failed"),
    };
    let planned = Planned::new(&world, &wish.session_id, &occasion).ok_or(ApiError::NotFound)?;
    let status = postman::attempt(&world, &planned.delivery, wish.kind).await;
    Ok(Json(json!({ "status": status.map(|status| status.as_u16()) })))
}

pub(super) async fn dojo_policy(State(world): Shared) -> Json<DojoPolicy> {
    Json(world.dojo.ledger().policy)
}

/// Changes what is named, and leaves the rest.
pub(super) async fn set_dojo_policy(
    State(world): Shared,
    Json(changes): Json<HashMap<String, Value>>,
) -> Result<Json<DojoPolicy>, ApiError> {
    let mut ledger = world.dojo.ledger();
    let mut policy = json!(ledger.policy);
    for (name, value) in changes {
        policy[name] = value;
    }
    ledger.policy = serde_json::from_value(policy).map_err(|error| ApiError::invalid(error.to_string()))?;
    Ok(Json(ledger.policy))
}

pub(super) async fn dojo_terminals() -> Json<Value> {
    Json(json!(virtual_terminals()))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WebhookByHand {
    intent_id: String,
    kind: Seal,
}

/// Tells every subscription once how an intent stands, and how each answered; `null` if it did not.
pub(super) async fn send_webhook(
    State(world): Shared,
    Json(wish): Json<WebhookByHand>,
) -> Result<Json<Value>, ApiError> {
    let news = world.dojo.ledger().news(&wish.intent_id).ok_or(ApiError::NotFound)?;
    let mut statuses = Vec::new();
    for letter in webhooks::letters(&world, &news) {
        statuses.push(postman::attempt(&world, &letter, wish.kind).await.map(|status| status.as_u16()));
    }
    Ok(Json(json!({ "statuses": statuses })))
}
