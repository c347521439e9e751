//! Where the parts meet: journal, providers, engine and listeners become one running bridge.

mod error;
mod listeners;
mod wiring;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Configuration;
use crate::engine::Engine;
use crate::http::{
    CallbackApi, CallbackRoute, Callers, Limits, Listener, Room, Shares, TillApi, TillListenerSettings,
    callback_router, operator_router, serve, till_router,
};
use crate::journal::SqliteJournal;
use crate::telemetry::metric;

use listeners::{Listeners, TillAddresses};
use wiring::{callback_routes, journal_options, limits, parts, verifiers};

pub use error::StartError;

/// Between two rounds of folding measured durations together, so that they do not pile up when nobody reads them.
const METRICS_UPKEEP: Duration = Duration::from_secs(5);

/// A running bridge.
pub struct App {
    engine: Engine,
    journal: Arc<SqliteJournal>,
    serving: TaskTracker,
    shutdown: CancellationToken,
    addresses: TillAddresses,
}

impl App {
    /// Starts a bridge: opens the journal, writes what the last stop left open, and begins to listen. Payments that
    /// were under way are read in the background; `/ready` tells when that is done.
    ///
    /// # Errors
    /// [`StartError`], whose message tells what to do.
    pub async fn start(configuration: Configuration) -> Result<Self, StartError> {
        let metrics = metric::recorder().map_err(|error| StartError::Metrics(error.to_string()))?;
        let options = journal_options(&configuration);
        let path = options.path.clone();
        let journal = Arc::new(SqliteJournal::open(options).await?);
        let listeners = Listeners::open(&configuration).await?;
        let addresses = listeners.addresses;
        let settings = TillListenerSettings {
            listen: addresses.any(),
            allowed_hosts: configuration.server.allowed_hosts.clone(),
            allowed_origins: configuration.server.allowed_origins.clone(),
            limits: limits(&configuration.server),
        };
        let reachable = listeners.reachable(configuration.callbacks.listen)?;
        let verifiers = verifiers(&configuration);
        let parts = parts(configuration, &journal, &reachable)?;
        let routes = callback_routes(verifiers, &parts);
        let engine = Engine::new(parts);
        engine.recover().await.map_err(|cause| StartError::Recovery { path, cause })?;
        engine.publish_gauges();

        let (serving, shutdown) = (TaskTracker::new(), CancellationToken::new());
        let app = Self { engine, journal, serving, shutdown, addresses };
        app.serve_all(listeners, settings, routes, metrics);
        app.serving.spawn(upkeep(metrics, app.shutdown.clone()));
        tracing::info!(plain = ?addresses.plain, encrypted = ?addresses.encrypted, "listening to tills");
        Ok(app)
    }

    /// Where the tills call, unencrypted if they may; tells the port when the configuration left it open (port 0).
    #[must_use]
    pub fn till_address(&self) -> SocketAddr {
        self.addresses.any()
    }

    /// Returns, with the reason, when the bridge must not go on: the journal failed in the middle of a commit.
    pub async fn failed(&self) -> String {
        self.journal.failed().await
    }

    /// Takes nothing new, answers who waits, writes what is under way, and ends.
    pub async fn stop(self) {
        self.shutdown.cancel();
        self.serving.close();
        tokio::join!(self.engine.stop(), self.serving.wait());
        self.journal.close().await;
    }

    fn serve_all(
        &self,
        listeners: Listeners,
        settings: TillListenerSettings,
        routes: Vec<CallbackRoute>,
        metrics: &'static PrometheusHandle,
    ) {
        let limits = settings.limits;
        let engine = || self.engine.clone();
        let tills = TillApi {
            engine: engine(),
            settings: Arc::new(settings),
            metrics: Arc::new(move || metrics.render()),
            shutdown: self.shutdown.clone(),
            waiting: Shares::default(),
            callers: Callers::default(),
            streams: Shares::default(),
        };
        let (router, room) = (till_router(tills), Room::new(limits));
        if let Some(listener) = listeners.tills {
            self.serve(room.clone(), listener, router.clone(), limits);
        }
        if let Some((listener, certificate)) = listeners.encrypted {
            self.serve(room, listener, router, limits);
            self.serving.spawn(certificate.look_after(self.shutdown.clone()));
        }
        self.serve(Room::new(limits), listeners.operators, operator_router(engine(), limits), limits);
        if let Some(listener) = listeners.callbacks {
            let callbacks = CallbackApi { engine: engine(), providers: routes, limits };
            self.serve(Room::new(limits), listener, callback_router(callbacks), limits);
        }
    }

    fn serve(&self, room: Room, listener: impl Listener, router: Router, limits: Limits) {
        self.serving.spawn(serve(room, listener, router, limits, self.shutdown.clone()));
    }
}

async fn upkeep(metrics: &'static PrometheusHandle, shutdown: CancellationToken) {
    let mut round = tokio::time::interval(METRICS_UPKEEP);
    while shutdown.run_until_cancelled(round.tick()).await.is_some() {
        metrics.run_upkeep();
    }
}
