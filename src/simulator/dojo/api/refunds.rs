//! `/payment-intents/{id}/refunds` and `/reversal`: money back without a card.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use super::intents::conflict;
use super::json_body::read_as;
use super::money::Mistakes;
use super::problem::Problem;
use crate::simulator::dojo::ledger::{RefundRequest, Refused};
use crate::simulator::exchange::Stale;
use crate::simulator::world::World;

const LONGEST_KEY: usize = 100;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Refund {
    amount: i64,
    previous_transaction_id: Option<String>,
    refund_reason: Option<String>,
    notes: Option<String>,
}

/// `POST /payment-intents/{id}/refunds`
pub(super) async fn create(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let request: Refund = read_as(&headers, &body)?;
    let key = headers.get("idempotencykey").and_then(|key| key.to_str().ok()).unwrap_or_default();
    let mut mistakes = Mistakes::default();
    if key.is_empty() {
        mistakes.missing("idempotencyKey");
    }
    mistakes.no_longer_than("idempotencyKey", Some(key), LONGEST_KEY);
    mistakes.at_least("Amount", request.amount, 1);
    mistakes.no_longer_than("PreviousTransactionId", request.previous_transaction_id.as_deref(), 100);
    mistakes.no_longer_than("RefundReason", request.refund_reason.as_deref(), 1_024);
    mistakes.no_longer_than("Notes", request.notes.as_deref(), 4_096);
    mistakes.done()?;
    let request = RefundRequest {
        key: key.to_owned(),
        amount: request.amount,
        reason: request.refund_reason,
        notes: request.notes,
    };
    let (document, effects) = world.dojo.ledger().refund_intent(&id, request, world.clock.now())?;
    world.perform(effects);
    Ok(Json(document))
}

/// `GET /payment-intents/refunds/{id}`
pub(super) async fn read(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    stale: Option<Extension<Stale>>,
) -> Result<Json<Value>, Problem> {
    if stale.is_some() {
        return Err(Refused::NoRefund.into());
    }
    Ok(Json(world.dojo.ledger().refund(&id)?))
}

/// `POST /payment-intents/{id}/reversal`
pub(super) async fn reverse(State(world): State<Arc<World>>, Path(id): Path<String>) -> Result<Json<Value>, Problem> {
    let reversed = world.dojo.ledger().reverse_intent(&id, world.clock.now());
    let (reversal_id, effects) = reversed.map_err(conflict)?;
    world.perform(effects);
    Ok(Json(json!({ "message": "Reversed", "reversalId": reversal_id })))
}
