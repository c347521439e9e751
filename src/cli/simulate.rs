//! `pos-bridge simulate`

use std::net::SocketAddr;

use clap::Args;

/// Run the simulated provider alone, for a bridge of your own configuration
///
/// Point checkout_url and api_url to it, as config/demo.toml does.
#[derive(Debug, Args)]
pub struct SimulateArguments {
    /// Where the simulator listens
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7119")]
    pub listen: SocketAddr,
}
