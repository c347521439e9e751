//! The listeners: routes, authentication, and what protects them. Handlers parse, call the engine and encode; they
//! decide nothing.
//!
//! A request comes through these files from the top to the bottom:
//!
//! | file | what happens there |
//! | --- | --- |
//! | `listener`, `encrypted`, `transport` | a connection is accepted, and opened where it is TLS |
//! | `room`, `overload` | whether there is a place for it, and what the others are told |
//! | `connection`, `first_head`, `half_close`, `rest`, `write_deadline` | its bytes, from the first to the last, each within its time |
//! | `observe`, `defects` | a span and a log line for every request; a defect stops one and nothing else |
//! | `guard`, `strangers`, `cors` | web pages are kept out, and strangers out of the log |
//! | `authentication`, `guesses`, `permission` | which till calls, who guesses keys, what a till may do |
//! | `rate`, `too_many`, `shares` | how often it may call, and how much it may hold at once |
//! | `body`, `limits` | its body, read whole within a budget |
//! | `asked`, `language` | what it asks for, read once for every handler |
//! | `till_api`, `receipt_api`, `events` | the tills' routes |
//! | `callbacks` | the providers' |
//! | `operator_api` | the operator's, on a local socket |
//! | `status_api`, `contract` | whether the bridge works; the published contract and its page |
//! | `refusals`, `respond` | what the engine says becomes an HTTP response |
//! | `exchange`, `told`, `acknowledged` | whether the till has it |

mod acknowledged;
mod asked;
mod authentication;
mod body;
mod callbacks;
mod connection;
mod contract;
mod cors;
mod defects;
mod encrypted;
mod events;
mod exchange;
mod first_head;
mod guard;
mod guesses;
mod half_close;
mod language;
mod limits;
mod listener;
mod observe;
mod operator_api;
mod overload;
mod permission;
mod rate;
mod receipt_api;
mod refusals;
mod respond;
mod rest;
mod room;
mod shares;
mod status_api;
mod strangers;
mod till_api;
mod told;
mod too_many;
mod transport;
mod write_deadline;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use tokio_util::sync::CancellationToken;

use crate::domain::identifiers::TillId;
use crate::domain::operation::ProviderName;
use crate::engine::Engine;
use crate::ports::{CallbackVerifier, Clock};

use authentication::Entrance;
use body::Bodies;
use observe::Watch;

pub use encrypted::{Greeting, TlsListener};
pub use limits::Limits;
pub use listener::{Accepted, Listener, Peer, serve};
pub use room::Room;
pub use shares::Shares;
pub use status_api::RenderMetrics;
pub use too_many::Callers;
pub use transport::{Delivery, Transport};

/// How the tills' listener protects itself.
#[derive(Debug, Clone)]
pub struct TillListenerSettings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Names that it is called by besides its own address and `localhost`: `kasse.local`, `pos.example.com:8080`.
    pub allowed_hosts: Vec<String>,
    /// The web pages that may call it (`https://till.example.com`).
    pub allowed_origins: Vec<String>,
    /// How much it takes, and how long it waits for it.
    pub limits: Limits,
}

/// What the tills' routes need.
#[derive(Clone)]
pub struct TillApi {
    /// The use cases.
    pub engine: Engine,
    /// How the listener protects itself.
    pub settings: Arc<TillListenerSettings>,
    /// The metrics as Prometheus reads them.
    pub metrics: RenderMetrics,
    /// Cancelled when the program stops: waiting tills are answered at once with what is known.
    pub shutdown: CancellationToken,
    /// How many calls of each till wait for a result.
    pub waiting: Shares<TillId>,
    /// Who called lately, how often, and with how many wrong keys.
    pub callers: Callers,
    /// How many streams of results each till has open.
    pub streams: Shares<TillId>,
}

/// What the callback listener needs.
#[derive(Clone)]
pub struct CallbackApi {
    /// The use cases.
    pub engine: Engine,
    /// The providers that may call.
    pub providers: Vec<CallbackDoor>,
    /// How much the listener takes, and how long it waits for it.
    pub limits: Limits,
}

/// Where one provider calls.
#[derive(Clone)]
pub struct CallbackDoor {
    /// Which provider; its name is in the path.
    pub provider: ProviderName,
    /// Tells its genuine callbacks from others.
    pub verifier: Arc<dyn CallbackVerifier>,
    /// The time that tells a callback's age.
    pub clock: Arc<dyn Clock>,
}

/// The tills' listener.
pub fn till_router(api: TillApi) -> Router {
    let entrance = Entrance { api: api.clone(), bodies: Bodies::new(api.settings.limits) };
    let router = till_api::routes(api.clone())
        .route_layer(from_fn_with_state(Arc::new(entrance), authentication::admit))
        .merge(status_api::routes(api.clone()))
        .merge(contract::routes())
        .fallback(respond::not_found)
        .method_not_allowed_fallback(respond::method_not_allowed);
    let router = cors::let_in(router, &api.settings.allowed_origins);
    observed(router, Watch::against_pages(api.settings))
}

/// The providers' listener. It answers no other path, and never says why not.
pub fn callback_router(api: CallbackApi) -> Router {
    observed(callbacks::routes(api), Watch::default())
}

/// The operator's local socket. Whoever may open it is an operator: its file mode is the authentication.
pub fn operator_router(engine: Engine, limits: Limits) -> Router {
    let router = operator_api::routes(engine)
        .route_layer(from_fn_with_state(Bodies::new(limits), body::read))
        .fallback(respond::not_found)
        .method_not_allowed_fallback(respond::method_not_allowed);
    observed(router, Watch::default())
}

fn observed(router: Router, watch: Watch) -> Router {
    router.layer(from_fn_with_state(watch, observe::observe))
}
