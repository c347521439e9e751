//! `/v1/accounts/{account}/stores` and `/terminals`: the management API, read only.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use serde_json::{Value, json};

use super::ApiError;
use crate::simulator::world::World;

/// `GET /v1/accounts/{account}/stores`
pub(super) async fn stores(State(world): State<Arc<World>>) -> Json<Value> {
    let account_id = &world.options.account_id;
    let ledger = world.dintero.ledger();
    let stores = ledger.premises.stores().iter().enumerate().map(|(position, store)| {
        let terminals: Vec<Value> = ledger
            .premises
            .all()
            .filter(|terminal| terminal.store_id == store.id)
            .map(|it| json!({ "terminal_id": it.id, "status": it.enrolment }))
            .collect();
        json!({
            "id": format!("{account_id}-{:04}", position + 1),
            "store_id": store.id,
            "store_name": store.id,
            "status": "ACTIVE",
            "number_of_terminals": terminals.len(),
            "terminals": terminals,
            "payout_destination": {
                "payout_destination_id": store.payout_destination_id, "status": "ACTIVE",
            },
        })
    });
    Json(json!({ "stores": stores.collect::<Vec<_>>() }))
}

/// `GET /v1/accounts/{account}/terminals`
pub(super) async fn terminals(
    State(world): State<Arc<World>>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Json<Value> {
    let wanted: Vec<&str> =
        pairs.iter().filter(|(name, _)| name == "store_id").map(|(_, value)| value.as_str()).collect();
    let ledger = world.dintero.ledger();
    let terminals = ledger
        .premises
        .all()
        .filter(|terminal| wanted.is_empty() || wanted.contains(&terminal.store_id.as_str()))
        .map(|terminal| terminal.document(&world.options.account_id));
    Json(json!({ "terminals": terminals.collect::<Vec<_>>() }))
}

/// `GET /v1/accounts/{account}/terminals/{id}`
pub(super) async fn terminal(
    State(world): State<Arc<World>>,
    Path((_account, id)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let ledger = world.dintero.ledger();
    let terminal = ledger.premises.get(&id).map_err(|_| ApiError::NotFound)?;
    Ok(Json(terminal.document(&world.options.account_id)))
}
