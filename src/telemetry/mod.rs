//! What the program tells about itself: log lines and figures.

mod guard;
pub mod metric;

use std::io;

use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::config::{LogFormat, Telemetry};

use guard::Guarded;

/// The log cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The level is no filter.
    #[error("the log's level {0:?} is not known; write error, warn, info, debug or trace")]
    Level(String),
    /// Something else in this process logs already.
    #[error("the log was started twice in one process; start it once, before anything else")]
    AlreadyStarted,
}

/// Sends the log of this process to standard error from now on, panics included.
///
/// # Errors
/// [`TelemetryError`] for a level that is none, and when it was called before.
pub fn start(telemetry: &Telemetry) -> Result<(), TelemetryError> {
    let subscriber = subscriber(telemetry, io::stderr)?;
    tracing::subscriber::set_global_default(subscriber).map_err(|_| TelemetryError::AlreadyStarted)?;
    std::panic::set_hook(Box::new(|panic| tracing::error!(%panic, "a task panicked")));
    Ok(())
}

/// The log as it would go to `writer`, each line made safe by the guard.
fn subscriber<W>(telemetry: &Telemetry, writer: W) -> Result<Box<dyn Subscriber + Send + Sync>, TelemetryError>
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let level = EnvFilter::try_new(&telemetry.level).map_err(|_| TelemetryError::Level(telemetry.level.clone()))?;
    let lines = tracing_subscriber::fmt().with_env_filter(level).with_writer(Guarded::new(writer));
    Ok(match telemetry.format {
        LogFormat::Text => Box::new(lines.with_ansi(false).finish()),
        LogFormat::Json => Box::new(lines.json().flatten_event(true).finish()),
    })
}
