//! `pos-bridge check`

use clap::Args;

/// Check everything a payment needs, and say what to do about each fault
///
/// Configuration, database, credentials, terminals, clock and ports: a line each. No money moves. Ends with 0 when
/// payments can be taken, else with 1.
#[derive(Debug, Args)]
pub struct CheckArguments {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
