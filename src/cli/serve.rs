//! `pos-bridge serve`

use clap::Args;

/// Run the bridge: take requests of tills until it is stopped
///
/// Stops on SIGTERM and Ctrl-C after open calls were answered (at most drain_seconds). Payments that are under
/// way are not stopped; the next start reads what became of them.
#[derive(Debug, Args)]
pub struct ServeArguments {}
