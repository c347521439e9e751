//! What the commands share that read the configuration.

use std::path::PathBuf;

use clap::Args;

/// Where the configuration is.
#[derive(Debug, Args)]
pub struct ConfigurationArguments {
    /// The configuration
    #[arg(long, env = "POS_BRIDGE_CONFIG", value_name = "FILE", default_value = "config/pos-bridge.toml")]
    pub config: PathBuf,
}
