//! `/v1/admin/terminals/operations`: the only call with an `Idempotency-Key`.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{ApiError, read_json};
use crate::simulator::identifiers;
use crate::simulator::world::World;

const NAMES: &[&str] = &["end_of_day", "send_logs", "check_update", "open_menu"];
/// Virtual milliseconds an operation takes.
const TAKES: u64 = 2_000;
const KEPT: usize = 1_000;

/// What was asked of the terminals, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Operations {
    all: Vec<Operation>,
    by_key: HashMap<String, String>,
}

#[derive(Debug)]
struct Operation {
    id: String,
    terminal_id: String,
    name: String,
    started: Timestamp,
    done: Timestamp,
}

impl Operation {
    fn document(&self, account_id: &str, now: Timestamp) -> Value {
        let done = now >= self.done;
        let mut document = json!({
            "id": self.id,
            "account_id": account_id,
            "terminal_id": self.terminal_id,
            "operation": self.name,
            "status": if done { "COMPLETED" } else { "PENDING" },
            "created_at": self.started.to_string(),
            "created_by": "simulator",
            "updated_at": if done { self.done } else { self.started }.to_string(),
            "updated_by": "simulator",
        });
        if done && self.name == "end_of_day" {
            document["result"] = json!({ "outcome": "approved", "purchases_count": 0 });
        }
        document
    }
}

/// `POST /v1/admin/terminals/operations`: one at a time per terminal, else 409 with `Retry-After`.
pub(super) async fn start(
    State(world): State<Arc<World>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, ApiError> {
    let request = read_json(&headers, &body)?;
    let terminal_id = request["terminal_id"].as_str().unwrap_or_default().to_owned();
    let name = request["operation"].as_str().unwrap_or_default().to_owned();
    if !NAMES.contains(&name.as_str()) {
        return Err(ApiError::invalid("operation is not known"));
    }
    let takes = world.dintero.ledger().premises.get(&terminal_id)?.real(TAKES);
    let now = world.clock.now();
    let account_id = &world.options.account_id;
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok());
    let mut operations = world.dintero.operations();
    if let Some(id) = key.and_then(|key| operations.by_key.get(key))
        && let Some(known) = operations.all.iter().find(|operation| operation.id == *id)
    {
        return Ok(Json(known.document(account_id, now)));
    }
    if operations.all.iter().any(|it| it.terminal_id == terminal_id && now < it.done) {
        return Err(ApiError::Conflict { retry_after: 1 });
    }
    if operations.all.len() >= KEPT {
        *operations = Operations::default();
    }
    let takes = SignedDuration::try_from(takes).unwrap_or_default();
    let operation = Operation {
        id: identifiers::uuid(),
        terminal_id,
        name,
        started: now,
        done: now.checked_add(takes).unwrap_or(now),
    };
    let document = operation.document(account_id, now);
    if let Some(key) = key {
        operations.by_key.insert(key.to_owned(), operation.id.clone());
    }
    operations.all.push(operation);
    Ok(Json(document))
}

/// `GET /v1/admin/terminals/operations?terminal_id=&operation_id=`
pub(super) async fn list(
    State(world): State<Arc<World>>,
    Query(query): Query<HashMap<String, String>>,
) -> Json<Vec<Value>> {
    let admits = |name: &str, value: &str| query.get(name).is_none_or(|wanted| wanted == value);
    let now = world.clock.now();
    let operations = world.dintero.operations();
    let found = operations
        .all
        .iter()
        .filter(|it| admits("terminal_id", &it.terminal_id) && admits("operation_id", &it.id))
        .map(|operation| operation.document(&world.options.account_id, now));
    Json(found.collect())
}
