//! `pos-bridge serve`

use clap::Args;

use super::{CommandError, ConfigurationArguments, Exit, stop};
use crate::app::App;
use crate::{config, telemetry};

/// Run the bridge: take requests of tills until it is stopped
///
/// Stops on SIGTERM and Ctrl-C after open calls were answered (at most drain_seconds of `[server]`). Payments that are under
/// way are not stopped; the next start reads what became of them.
#[derive(Debug, Args)]
pub struct ServeArguments {
    /// With which settings.
    #[command(flatten)]
    pub configuration: ConfigurationArguments,
    /// Stop when standard input ends; so a demo's bridge does not outlive the demo
    #[arg(long, hide = true)]
    pub until_input_ends: bool,
}

impl ServeArguments {
    /// Runs the bridge until it is stopped.
    ///
    /// # Errors
    /// [`CommandError`] when it cannot start.
    pub async fn run(self) -> Result<Exit, CommandError> {
        let configuration = config::load(Some(&self.configuration.config), config::environment())?;
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
    tokio::select! {
        () = stop::requested() => {}
        () = stop::input_ended(), if until_input_ends => {}
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
