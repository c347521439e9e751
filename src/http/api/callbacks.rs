//! The providers' listener. Whoever is not proven to be the provider gets nothing, not even a reason.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode};
use axum::routing::{MethodFilter, on};

use crate::domain::operation::ProviderName;
use crate::engine::{CallbackReceipt, Engine};
use crate::http::capacity::Bodies;
use crate::http::connections::Peer;
use crate::http::{CallbackApi, CallbackRoute};
use crate::ports::{CallbackRequest, NotGenuine};
use crate::till::problem::Code;

/// Dintero wants its answer within 10 seconds, Dojo does not say; past this it is asked to come again.
const PATIENCE: Duration = Duration::from_secs(8);
/// Between two log lines about callbacks that are not genuine: anybody can send those.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

#[derive(Clone)]
struct Callbacks {
    engine: Engine,
    route: CallbackRoute,
    bodies: Bodies,
    refused: Arc<Mutex<Refused>>,
}

/// What was refused since the last log line.
#[derive(Default)]
struct Refused {
    logged_at: Option<Instant>,
    unlogged: u64,
}

pub(in crate::http) fn routes(api: CallbackApi) -> Router {
    let CallbackApi { engine, providers, limits } = api;
    let bodies = Bodies::new(limits);
    let routers = providers.into_iter().map(|route| {
        let path = format!("/callbacks/{}", route.provider.name());
        let methods = methods(route.provider);
        let callbacks = Callbacks { engine: engine.clone(), route, bodies: bodies.clone(), refused: Arc::default() };
        Router::new().route(&path, on(methods, called)).with_state(callbacks)
    });
    routers.fold(Router::new(), Router::merge).fallback(nothing_here).method_not_allowed_fallback(nothing_here)
}

/// How a provider calls.
const fn methods(provider: ProviderName) -> MethodFilter {
    match provider {
        ProviderName::Dintero => MethodFilter::GET.or(MethodFilter::POST),
        ProviderName::Dojo => MethodFilter::POST,
    }
}

async fn nothing_here() -> StatusCode {
    StatusCode::NOT_FOUND
}

async fn called(State(callbacks): State<Callbacks>, request: Request) -> StatusCode {
    let status = receive(&callbacks, request).await;
    let result = match status {
        StatusCode::OK => "taken",
        StatusCode::UNAUTHORIZED => "not_genuine",
        StatusCode::SERVICE_UNAVAILABLE => "asked_again",
        _ => "unreadable",
    };
    let labels = [("provider", callbacks.route.provider.name()), ("result", result)];
    metrics::counter!("pos_bridge_callbacks_total", &labels).increment(1);
    status
}

async fn receive(callbacks: &Callbacks, request: Request) -> StatusCode {
    let peer = request.extensions().get::<Peer>().copied().unwrap_or_default();
    let request = match read(request, &callbacks.bodies).await {
        Ok(request) => request,
        Err(status) => return status,
    };
    let verified = callbacks.route.verifier.verify(&request, callbacks.route.clock.now());
    match verified {
        Err(error) => {
            callbacks.log_refusal(peer, &error);
            StatusCode::UNAUTHORIZED
        }
        // From here on it is genuine, and a 4xx would end its deliveries for good.
        Ok(callback) => match tokio::time::timeout(PATIENCE, callbacks.engine.called_back(callback)).await {
            Ok(Ok(CallbackReceipt::Kept | CallbackReceipt::Ignored)) => StatusCode::OK,
            Ok(Ok(CallbackReceipt::AskAgain) | Err(_)) | Err(_) => StatusCode::SERVICE_UNAVAILABLE,
        },
    }
}

/// The request as the verifier reads it. A body that stops half-way may be a genuine one's: it may come again.
async fn read(request: Request, bodies: &Bodies) -> Result<CallbackRequest, StatusCode> {
    let (head, body) = request.into_parts();
    let body = bodies.whole(body).await.map_err(|problem| match problem.code {
        Code::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    })?;
    let text = |value: &HeaderValue| value.to_str().ok().map(str::to_owned);
    Ok(CallbackRequest {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers.iter().filter_map(|(name, value)| Some((name.to_string(), text(value)?))).collect(),
        body,
    })
}

impl Callbacks {
    fn log_refusal(&self, peer: Peer, error: &NotGenuine) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if refused.logged_at.is_some_and(|at| at.elapsed() < LOG_INTERVAL) {
            refused.unlogged = refused.unlogged.saturating_add(1);
            return;
        }
        tracing::info!(address = ?peer.remote, %error, unlogged_before = refused.unlogged, "a callback was refused");
        *refused = Refused { logged_at: Some(Instant::now()), unlogged: 0 };
    }
}
