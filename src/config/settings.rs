//! The settings as the rest of the program gets them: typed and valid.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use jiff::SignedDuration;
use url::Url;

use crate::domain::directory::Directory;
use crate::provider::{dintero, dojo};

/// Everything that can be set. Its `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct Configuration {
    /// Where tills call.
    pub server: Server,
    /// Where providers call.
    pub callbacks: Callbacks,
    /// Where the journal is.
    pub database: Database,
    /// The Dintero account, when there is one.
    pub dintero: Option<dintero::Settings>,
    /// The Dojo location, when there is one.
    pub dojo: Option<dojo::Settings>,
    /// The shops, terminals and tills.
    pub directory: Directory,
    /// How long to wait between two readings of a young attempt.
    pub poll_interval: Duration,
    /// How payments that the journal lost are looked for.
    pub sweep: Sweep,
    /// What is logged, and how.
    pub telemetry: Telemetry,
    /// What works but is unwise, one sentence each; to be logged at the start.
    pub warnings: Vec<String>,
}

/// The tills' listener.
#[derive(Debug, Clone)]
pub struct Server {
    /// Where it listens unencrypted; one of this and [`Server::tls`] is there.
    pub listen: Option<SocketAddr>,
    /// Where it listens encrypted, and with which certificate.
    pub tls: Option<Tls>,
    /// Names that tills may call it by, in lower case and without a port, beside its own address.
    pub allowed_hosts: Vec<String>,
    /// The origins (`https://till.example.com`) whose pages may call it.
    pub allowed_origins: Vec<String>,
    /// It may listen without encryption beyond this machine.
    pub insecure_lan: bool,
    /// How long open calls may take to end when the program stops.
    pub drain: Duration,
    /// What one caller, and all together, may use.
    pub limits: Limits,
}

/// The encrypted side of the tills' listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The certificate and those that lead to its authority, in PEM.
    pub certificate: PathBuf,
    /// Its private key, in PEM.
    pub key: PathBuf,
}

/// What callers may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many connections are open at once.
    pub connections: usize,
    /// How many of them come from one address.
    pub connections_per_address: usize,
    /// How many requests one address may make in a minute; no limit when absent.
    pub requests_per_minute_per_address: Option<u32>,
    /// How many calls of one till wait for a result at once.
    pub waiting_per_till: usize,
    /// The largest body, in bytes.
    pub body_bytes: usize,
    /// Bytes of all requests that are arriving at once.
    pub bodies_bytes: usize,
    /// The longest first line and headers of a request, in bytes.
    pub header_bytes: usize,
    /// The most headers of a request.
    pub headers: usize,
    /// How long a request's headers, and then its body, may take to arrive.
    pub arrival: Duration,
}

/// The providers' listener.
#[derive(Debug, Clone)]
pub struct Callbacks {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The address that providers can call; without it nobody calls, and the listener stays closed.
    pub public_url: Option<Url>,
}

/// The journal's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// Where it is; relative to the working directory.
    pub path: PathBuf,
}

impl Database {
    /// The operator's Unix socket, next to the database.
    #[must_use]
    pub fn operator_socket(&self) -> PathBuf {
        let mut path = self.path.clone().into_os_string();
        path.push(".sock");
        path.into()
    }
}

/// How payments that the journal does not hold are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sweep {
    /// How long to wait between two sweeps.
    pub interval: Duration,
    /// How far back a sweep looks.
    pub window: SignedDuration,
}

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telemetry {
    /// For people or for machines.
    pub format: LogFormat,
    /// `info`, or a filter such as `info,pos_bridge::provider=debug`.
    pub level: String,
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object.
    Json,
}
