//! `pos-bridge serve`

use std::path::Path;

use clap::Args;
use tokio::io::AsyncReadExt;
use tokio::signal::unix::{SignalKind, signal};

use super::{CommandError, Exit};
use crate::app::App;
use crate::{config, telemetry};

/// Run the bridge: take requests of tills until it is stopped
///
/// Stops on SIGTERM and Ctrl-C after open calls were answered (at most [server] drain_seconds). Payments that are under
/// way are not stopped; the next start reads what became of them.
#[derive(Debug, Args)]
pub struct ServeArguments {
    /// Stop when standard input ends; so a demo's bridge does not outlive the demo
    #[arg(long, hide = true)]
    pub until_input_ends: bool,
}

impl ServeArguments {
    /// Runs the bridge until it is stopped.
    ///
    /// # Errors
    /// [`CommandError`] when it cannot start.
    pub async fn run(self, config: &Path) -> Result<Exit, CommandError> {
        let configuration = config::load(Some(config), config::environment())?;
        telemetry::start(&configuration.telemetry)?;
        for warning in &configuration.warnings {
            tracing::warn!("{warning}");
        }
        raise_open_files_limit();
        let app = App::start(configuration).await?;
        let stop = asked_to_stop(self.until_input_ends);
        let failure = tokio::select! {
            () = stop => None,
            reason = app.failed() => Some(reason),
        };
        if let Some(reason) = failure {
            // What is on disk is not known now. Nothing more may be done before it is read anew.
            tracing::error!(%reason, "the journal failed; stopping so that the next start reads the truth");
            return Ok(Exit::Failure);
        }
        tracing::info!("stopping");
        app.stop().await;
        Ok(Exit::Success)
    }
}

/// Returns when somebody asks for a stop.
async fn asked_to_stop(until_input_ends: bool) {
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let input_ended = async {
        if !until_input_ends {
            std::future::pending::<()>().await;
        }
        let mut nothing = Vec::new();
        let _ = tokio::io::stdin().read_to_end(&mut nothing).await;
    };
    tokio::select! {
        () = terminated => {}
        () = interrupted => {}
        () = input_ended => {}
    }
}

/// A till that waits holds a connection, so as many are allowed as the system lets us have.
fn raise_open_files_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, "the limit of open files stays at {:?}", limit.current);
    }
}
