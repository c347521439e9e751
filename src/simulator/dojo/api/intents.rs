//! `/payment-intents`: make, read, cancel, search, capture.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::{Extension, Json};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::json_body::{self, read_as};
use super::money::Mistakes;
use super::new_intent;
use super::problem::Problem;
use crate::simulator::dojo::ledger::{IntentStatus, Page, Refused, SearchRequest};
use crate::simulator::exchange::Stale;
use crate::simulator::world::World;

type Shared = State<Arc<World>>;

/// `POST /payment-intents`
pub(super) async fn create(State(world): Shared, headers: HeaderMap, body: Bytes) -> Result<Json<Value>, Problem> {
    let now = world.clock.now();
    let request = new_intent::check(json_body::read(&headers, &body)?, now)?;
    let mut ledger = world.dojo.ledger();
    let (id, effects) = ledger.create_intent(request, now);
    let document = ledger.intent(&id, false, false, now)?;
    drop(ledger);
    world.perform(effects);
    Ok(Json(document))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reading {
    #[serde(default)]
    return_canceled: bool,
}

/// `GET /payment-intents/{id}?returnCanceled=true`
pub(super) async fn read(
    State(world): Shared,
    Path(id): Path<String>,
    Query(reading): Query<Reading>,
    stale: Option<Extension<Stale>>,
) -> Result<Json<Value>, Problem> {
    let now = world.clock.now();
    Ok(Json(world.dojo.ledger().intent(&id, reading.return_canceled, stale.is_some(), now)?))
}

/// `DELETE /payment-intents/{id}`
pub(super) async fn cancel(State(world): Shared, Path(id): Path<String>) -> Result<Json<Value>, Problem> {
    let now = world.clock.now();
    let effects = world.dojo.ledger().cancel_intent(&id, now)?;
    world.perform(effects);
    Ok(Json(world.dojo.ledger().intent(&id, true, false, now)?))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Search {
    statuses: Option<Vec<IntentStatus>>,
    start_date: Option<Timestamp>,
    end_date: Option<Timestamp>,
    cursor: Option<Cursor>,
}

#[derive(Debug, Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Cursor {
    limit: Option<usize>,
    before: Option<String>,
    after: Option<String>,
}

/// `POST /payment-intents/search`
pub(super) async fn search(
    State(world): Shared,
    stale: Option<Extension<Stale>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let request = checked(read_as(&headers, &body)?)?;
    if stale.is_some() {
        return Ok(Json(json!({ "data": [], "before": null, "after": null })));
    }
    let found = world.dojo.ledger().search(&request, world.clock.now());
    Ok(Json(json!({ "data": found.data, "before": found.before, "after": found.after })))
}

fn checked(search: Search) -> Result<SearchRequest, Problem> {
    let cursor = search.cursor.unwrap_or_default();
    let limit = cursor.limit.unwrap_or(50);
    let mut mistakes = Mistakes::default();
    if !(1..=100).contains(&limit) {
        mistakes.add("Cursor", "The limit must be 1 to 100.");
    }
    let page = match (cursor.before, cursor.after) {
        (None, None) => Page::First,
        (None, Some(after)) => Page::After(after),
        (Some(before), None) => Page::Before(before),
        (Some(_), Some(_)) => {
            mistakes.add("Cursor", "Only one of before and after may be used.");
            Page::First
        }
    };
    mistakes.done()?;
    let statuses = search.statuses.unwrap_or_default();
    Ok(SearchRequest { statuses, from: search.start_date, to: search.end_date, limit, page })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Capture {
    amount: i64,
    tips_amount: Option<i64>,
}

/// `POST /payment-intents/{id}/captures`
pub(super) async fn capture(
    State(world): Shared,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let request: Capture = read_as(&headers, &body)?;
    let tips = request.tips_amount.unwrap_or(0);
    let mut mistakes = Mistakes::default();
    mistakes.at_least("Amount", request.amount, 1);
    mistakes.at_least("TipsAmount", tips, 0);
    mistakes.done()?;
    let (capture_id, effects) =
        world.dojo.ledger().capture_intent(&id, request.amount, tips, world.clock.now()).map_err(conflict)?;
    world.perform(effects);
    Ok(Json(json!({ "message": "Captured", "captureId": capture_id })))
}

/// A capture or reversal in the wrong status is a conflict.
pub(super) fn conflict(refused: Refused) -> Problem {
    match refused {
        Refused::WrongStatus(_) => Problem::new(StatusCode::CONFLICT, refused.to_string()),
        other => other.into(),
    }
}
