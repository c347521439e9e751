//! Where the parts meet: journal, providers, engine and listeners become one running bridge.

use std::collections::HashMap;
use std::fs::Permissions;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use jiff::Timestamp;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::{TcpListener, UnixListener};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::certificates::{CertificateError, CertificateFiles, ServedCertificate};
use crate::config::{Configuration, Server, Tls};
use crate::domain::operation::ProviderName;
use crate::engine::{Engine, Pace, Parts, Refusal};
use crate::http::{
    CallbackApi, CallbackDoor, Callers, Limits, Listener, Room, Shares, TillApi, TillListenerSettings, TlsListener,
    callback_router, operator_router, serve_in, till_router,
};
use crate::journal::{JournalOptions, OpenError, SqliteJournal};
use crate::ports::{CallbackVerifier, Clock, Provider, ProvidersClock};
use crate::provider::SetupError;
use crate::provider::dintero::{CallbackSignature, Dintero};
use crate::provider::dojo::{Dojo, WebhookSignature};
use crate::push::{self, HttpPusher};
use crate::telemetry::metric;

/// Between two rounds of folding measured durations together, so that they do not pile up when nobody reads them.
const METRICS_UPKEEP: Duration = Duration::from_secs(5);

/// A running bridge.
pub struct App {
    engine: Engine,
    journal: Arc<SqliteJournal>,
    listeners: TaskTracker,
    shutdown: CancellationToken,
    addresses: TillAddresses,
}

/// Where the tills call; at least one of both is there.
#[derive(Debug, Clone, Copy)]
struct TillAddresses {
    plain: Option<SocketAddr>,
    encrypted: Option<SocketAddr>,
}

impl TillAddresses {
    /// One of them; the unencrypted one first.
    fn any(self) -> SocketAddr {
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        self.plain.or(self.encrypted).unwrap_or(nowhere)
    }
}

/// Why a bridge does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] OpenError),
    /// A provider cannot be called with these settings.
    #[error(transparent)]
    Provider(#[from] SetupError),
    /// A till's results cannot be pushed to where they should be.
    #[error(transparent)]
    Push(#[from] push::SetupError),
    /// An address is taken or not this machine's.
    #[error(
        "{key} = \"{address}\" cannot be listened on ({source}); is another bridge running, or is the address not this machine's?"
    )]
    Listen {
        /// Which setting.
        key: &'static str,
        /// Its value.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The operator's socket cannot be made.
    #[error("the operator's socket {path} cannot be made: {source}")]
    Socket {
        /// Where it should be.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The tills' certificate cannot be used.
    #[error("server.tls_cert and server.tls_key: {0}")]
    Certificate(#[from] CertificateError),
    /// What was open before could not be read from the journal, or not be written to it.
    #[error(
        "{path} does not tell what was open before: {cause}; if this stays, keep a copy of it for analysis and restore the \
         latest backup"
    )]
    Recovery {
        /// The journal.
        path: PathBuf,
        /// What stood in the way.
        cause: Refusal,
    },
    /// The metrics cannot be collected.
    #[error("metrics cannot be collected: {0}")]
    Metrics(String),
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
        let doors = Doors::open(&configuration).await?;
        let addresses = doors.addresses;
        let settings = TillListenerSettings {
            listen: addresses.any(),
            allowed_hosts: configuration.server.allowed_hosts.clone(),
            allowed_origins: configuration.server.allowed_origins.clone(),
            limits: limits(&configuration.server),
        };
        let reachable = doors.reachable(configuration.callbacks.listen)?;
        let verifiers = verifiers(&configuration);
        let parts = parts(configuration, &journal, &reachable)?;
        let callers = callback_doors(verifiers, &parts);
        let engine = Engine::new(parts);
        engine.recover().await.map_err(|cause| StartError::Recovery { path, cause })?;

        let (listeners, shutdown) = (TaskTracker::new(), CancellationToken::new());
        let app = Self { engine, journal, listeners, shutdown, addresses };
        app.serve_all(doors, settings, callers, metrics);
        app.listeners.spawn(upkeep(metrics, app.shutdown.clone()));
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
        self.listeners.close();
        tokio::join!(self.engine.stop(), self.listeners.wait());
        self.journal.close().await;
    }

    fn serve_all(
        &self,
        doors: Doors,
        settings: TillListenerSettings,
        callers: Vec<CallbackDoor>,
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
        if let Some(listener) = doors.tills {
            self.serve(room.clone(), listener, router.clone(), limits);
        }
        if let Some((listener, certificate)) = doors.encrypted {
            self.serve(room, listener, router, limits);
            self.listeners.spawn(certificate.look_after(self.shutdown.clone()));
        }
        self.serve(Room::new(limits), doors.operators, operator_router(engine(), limits), limits);
        if let Some(listener) = doors.callbacks {
            let callbacks = CallbackApi { engine: engine(), providers: callers, limits };
            self.serve(Room::new(limits), listener, callback_router(callbacks), limits);
        }
    }

    fn serve(&self, room: Room, listener: impl Listener, router: Router, limits: Limits) {
        self.listeners.spawn(serve_in(room, listener, router, limits, self.shutdown.clone()));
    }
}

/// Where everybody comes in.
struct Doors {
    tills: Option<TcpListener>,
    /// With the certificate that it shows.
    encrypted: Option<(TlsListener, Arc<ServedCertificate>)>,
    /// Open only where a callback could be genuine.
    callbacks: Option<TcpListener>,
    addresses: TillAddresses,
    operators: UnixListener,
}

impl Doors {
    async fn open(configuration: &Configuration) -> Result<Self, StartError> {
        let mut addresses = TillAddresses { plain: None, encrypted: None };
        let mut tills = None;
        if let Some(address) = configuration.server.listen {
            let listener = listen("server.listen", address).await?;
            addresses.plain = Some(address_of(&listener, "server.listen", address)?);
            tills = Some(listener);
        }
        let mut encrypted = None;
        if let Some(tls) = &configuration.server.tls {
            let certificate = certificate(tls)?;
            let listener = listen("server.tls_listen", tls.listen).await?;
            addresses.encrypted = Some(address_of(&listener, "server.tls_listen", tls.listen)?);
            encrypted = Some((TlsListener::new(listener, certificate.server_config()?), certificate));
        }
        let callbacks = if verifiers(configuration).is_empty() {
            None
        } else {
            Some(listen("callbacks.listen", configuration.callbacks.listen).await?)
        };
        let operators = operator_socket(&configuration.database.operator_socket())?;
        Ok(Self { tills, encrypted, callbacks, addresses, operators })
    }

    /// Where the bridge can be reached over the network.
    fn reachable(&self, callbacks: SocketAddr) -> Result<Vec<SocketAddr>, StartError> {
        let mut reachable: Vec<SocketAddr> =
            [self.addresses.plain, self.addresses.encrypted].into_iter().flatten().collect();
        if let Some(listener) = &self.callbacks {
            reachable.push(address_of(listener, "callbacks.listen", callbacks)?);
        }
        Ok(reachable)
    }
}

/// The tills' certificate, a fresh one where it ended soon and is the store's own.
fn certificate(tls: &Tls) -> Result<Arc<ServedCertificate>, CertificateError> {
    let files = CertificateFiles { certificate: tls.certificate.clone(), key: tls.key.clone() };
    let certificate = Arc::new(ServedCertificate::open(files)?);
    certificate.see_to_its_end(Timestamp::now());
    Ok(certificate)
}

/// The journal knows whose results are pushed, so that it writes them to the outbox with their commit.
fn journal_options(configuration: &Configuration) -> JournalOptions {
    let pushed_to = configuration.directory.tills.iter().filter(|till| till.profile.push.is_some());
    JournalOptions {
        pushed_to: pushed_to.map(|till| till.id.clone()).collect(),
        ..JournalOptions::at(&configuration.database.path)
    }
}

fn parts(configuration: Configuration, journal: &Arc<SqliteJournal>, ours: &[SocketAddr]) -> Result<Parts, StartError> {
    let mut providers: HashMap<ProviderName, Arc<dyn Provider>> = HashMap::new();
    if let Some(settings) = configuration.dintero {
        providers.insert(ProviderName::Dintero, Arc::new(Dintero::new(settings)?));
    }
    if let Some(settings) = configuration.dojo {
        providers.insert(ProviderName::Dojo, Arc::new(Dojo::new(settings)?));
    }
    let in_order = [ProviderName::Dintero, ProviderName::Dojo].into_iter();
    let clock: Arc<dyn Clock> =
        Arc::new(ProvidersClock::new(in_order.filter_map(|name| providers.get(&name).cloned()).collect()));
    let pusher = Arc::new(HttpPusher::new(&configuration.directory, ours)?);
    Ok(Parts {
        directory: configuration.directory,
        journal: journal.clone(),
        providers,
        pusher,
        clock,
        pace: Pace {
            poll_interval: configuration.reading.poll_interval,
            sweep_interval: configuration.sweep.interval,
            sweep_window: configuration.sweep.window,
            ..Pace::default()
        },
    })
}

/// What tells genuine callbacks from others, for each provider that can be told.
fn verifiers(configuration: &Configuration) -> HashMap<ProviderName, Arc<dyn CallbackVerifier>> {
    let mut verifiers: HashMap<ProviderName, Arc<dyn CallbackVerifier>> = HashMap::new();
    if let Some(signature) = configuration.dintero.as_ref().and_then(CallbackSignature::new) {
        verifiers.insert(ProviderName::Dintero, Arc::new(signature));
    }
    if let Some(signature) = configuration.dojo.as_ref().and_then(WebhookSignature::new) {
        verifiers.insert(ProviderName::Dojo, Arc::new(signature));
    }
    verifiers
}

/// A callback's age is told by its provider's clock: a wrong one in the shop must not refuse genuine ones for good.
fn callback_doors(verifiers: HashMap<ProviderName, Arc<dyn CallbackVerifier>>, parts: &Parts) -> Vec<CallbackDoor> {
    struct ProviderTime(Arc<dyn Provider>);
    impl Clock for ProviderTime {
        fn now(&self) -> Timestamp {
            self.0.now()
        }
    }
    let door = |(provider, verifier)| {
        let clock: Arc<dyn Clock> = match parts.providers.get(&provider) {
            Some(provider) => Arc::new(ProviderTime(provider.clone())),
            None => Arc::clone(&parts.clock),
        };
        CallbackDoor { provider, verifier, clock }
    };
    verifiers.into_iter().map(door).collect()
}

fn limits(server: &Server) -> Limits {
    Limits {
        connections: server.limits.connections,
        connections_per_address: server.limits.connections_per_address,
        requests_per_minute_per_address: server.limits.requests_per_minute_per_address,
        waiting_per_till: server.limits.waiting_per_till,
        streams_per_till: Limits::default().streams_per_till,
        header_read: server.limits.arrival,
        body_read: server.limits.arrival,
        write_stall: server.limits.arrival,
        header_bytes: server.limits.header_bytes,
        headers: server.limits.headers,
        body_bytes: server.limits.body_bytes,
        bodies_bytes: server.limits.bodies_bytes,
        drain: server.drain,
    }
}

async fn listen(key: &'static str, address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| StartError::Listen { key, address, source })
}

fn address_of(listener: &TcpListener, key: &'static str, address: SocketAddr) -> Result<SocketAddr, StartError> {
    listener.local_addr().map_err(|source| StartError::Listen { key, address, source })
}

/// The journal's lock is held already, so a socket that is still there belongs to a bridge that is gone.
fn operator_socket(path: &PathBuf) -> Result<UnixListener, StartError> {
    let failed = |source| StartError::Socket { path: path.clone(), source };
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let listener = UnixListener::bind(path).map_err(failed)?;
    std::fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(failed)?;
    Ok(listener)
}

async fn upkeep(metrics: &'static PrometheusHandle, shutdown: CancellationToken) {
    let mut round = tokio::time::interval(METRICS_UPKEEP);
    while shutdown.run_until_cancelled(round.tick()).await.is_some() {
        metrics.run_upkeep();
    }
}
