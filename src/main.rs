//! The `pos-bridge` program: reads the command line and runs the command.

use std::process::ExitCode;

use clap::Parser;
use pos_bridge::cli::Arguments;

#[tokio::main]
async fn main() -> ExitCode {
    match Arguments::parse().run(&mut std::io::stdout()).await {
        Ok(exit) => exit.into(),
        Err(error) => {
            eprintln!("pos-bridge: {error}");
            ExitCode::FAILURE
        }
    }
}
