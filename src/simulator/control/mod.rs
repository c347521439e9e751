//! The control API under `/simulator/`: for tests and for people, without authentication, on loopback.
//!
//! | call | does |
//! | --- | --- |
//! | `GET /ledger?merchant_reference=` | the truth about money, and how often each reference was asked for; Dojo's under `dojo` |
//! | `POST /reset` | everything as at the start |
//! | `GET`, `PUT /terminals/{id}` | `{"mode": "automatic" \| "manual" \| "offline", "speed": 1}` |
//! | `POST /terminals/{id}/approve`, `decline`, `cancel`, `insert`, `sign` | what a person does at the terminal |
//! | `GET`, `PUT`, `DELETE /faults` | the [fault rules](super::FaultRule) and how often they struck |
//! | `GET`, `PUT /clock` | `{"offset_seconds": 0}` |
//! | `POST /callbacks` | `{"session_id", "kind": "genuine" \| "forged" \| "old", "error"?}`: one callback, once |
//! | `POST /webhooks` | `{"intent_id", "kind": "genuine" \| "forged"}`: one webhook of Dojo's, once |
//! | `GET /outcomes` | the table of amounts |
//! | `GET /dojo/terminals` | the table of Dojo's virtual terminals |
//! | `GET`, `PUT /dojo` | the [policy](super::DojoPolicy) of the simulated Dojo |
//! | `GET /requests` | the latest 1000 requests |

mod books;
mod devices;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use super::world::World;

pub(crate) fn router(world: &Arc<World>) -> Router {
    let routes = Router::new()
        .route("/ledger", get(books::ledger))
        .route("/reset", post(books::reset))
        .route("/outcomes", get(books::outcomes))
        .route("/dojo", get(books::dojo_policy).put(books::set_dojo_policy))
        .route("/dojo/terminals", get(books::dojo_terminals))
        .route("/requests", get(books::requests))
        .route("/faults", get(books::faults).put(books::set_faults).delete(books::clear_faults))
        .route("/clock", get(books::clock).put(books::set_clock))
        .route("/callbacks", post(books::send_callback))
        .route("/webhooks", post(books::send_webhook))
        .route("/terminals", get(devices::all))
        .route("/terminals/{id}", get(devices::read).put(devices::set))
        .route("/terminals/{id}/{gesture}", post(devices::gesture))
        .with_state(world.clone());
    Router::new().nest("/simulator", routes)
}
