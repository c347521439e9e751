//! The listeners: routes, authentication, and what protects them. Handlers parse, call the engine and encode; they
//! decide nothing.
//!
//! A request comes through these rooms from the top to the bottom:
//!
//! | room | what happens there |
//! | --- | --- |
//! | `connections` | a connection is accepted; its bytes, from the first to the last, each within its time; whether its caller has the answer |
//! | `capacity` | how much is taken at once: connections, bodies, what each caller holds |
//! | `observe`, `panics` | a span and a log line for every request; a panic stops one and nothing else |
//! | `entrance` | who is let in, and how often: web pages, tills, strangers |
//! | `api` | the calls of tills, providers and the operator |
//! | `contract` | the published contract and its page |
//! | `respond`, `language` | what is said becomes an HTTP response, in the caller's language |

mod api;
mod capacity;
mod connections;
mod contract;
mod entrance;
mod language;
mod observe;
mod panics;
mod respond;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use tokio_util::sync::CancellationToken;

use crate::domain::identifiers::TillId;
use crate::domain::operation::ProviderName;
use crate::engine::Engine;
use crate::ports::{CallbackVerifier, Clock};

use api::{callbacks, operator, status, till};
use capacity::{Bodies, body};
use entrance::{Entrance, authentication, cors};
use observe::Watch;

pub use api::RenderMetrics;
pub use capacity::{Limits, Room, Shares};
pub use connections::{Accepted, Delivery, Greeting, Listener, Peer, TlsListener, Transport, serve};
pub use entrance::Callers;

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
    pub providers: Vec<CallbackRoute>,
    /// How much the listener takes, and how long it waits for it.
    pub limits: Limits,
}

/// Where one provider calls.
#[derive(Clone)]
pub struct CallbackRoute {
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
    let router = till::routes(api.clone())
        .route_layer(from_fn_with_state(Arc::new(entrance), authentication::admit))
        .merge(status::routes(api.clone()))
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
    let router = operator::routes(engine)
        .route_layer(from_fn_with_state(Bodies::new(limits), body::read))
        .fallback(respond::not_found)
        .method_not_allowed_fallback(respond::method_not_allowed);
    observed(router, Watch::default())
}

fn observed(router: Router, watch: Watch) -> Router {
    router.layer(from_fn_with_state(watch, observe::observe))
}
