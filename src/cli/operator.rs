//! What the operator's commands share: they call the bridge over a Unix socket that only its owner can open.

use std::path::{Path, PathBuf};

use clap::Args;

use super::client::{Bridge, ClientError};

/// Where the operator's socket is.
#[derive(Debug, Args)]
pub struct OperatorArguments {
    /// The bridge's socket [default: next to the configured database, with .sock behind its name]
    #[arg(long, value_name = "FILE")]
    pub socket: Option<PathBuf>,
    /// Print the bridge's answer as JSON
    #[arg(long)]
    pub json: bool,
}

impl OperatorArguments {
    /// The bridge behind the socket that was named, else behind the one next to the configured database.
    pub(super) fn bridge(&self, config: &Path) -> Result<Bridge, ClientError> {
        let socket = match &self.socket {
            Some(named) => named.clone(),
            None => crate::config::load_database(Some(config), crate::config::environment())?.operator_socket(),
        };
        Bridge::behind(socket)
    }
}
