//! `pos-bridge demo`

use std::net::SocketAddr;

use clap::Args;

/// Run the bridge with a simulated account and terminal, and print what to try
///
/// Needs no account, no terminal and no configuration. No money moves, and nothing is kept.
#[derive(Debug, Args)]
pub struct DemoArguments {
    /// Where the tills call
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7117")]
    pub listen: SocketAddr,
}
