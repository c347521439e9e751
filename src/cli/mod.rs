//! The command line.
//!
//! `serve`, `demo`, `simulate` and `check` start parts of this program, `till` changes the configuration, `tls` makes
//! files; every other command is a client of a bridge that runs already, and [`ClientCommand::run`] does all of it.

mod acknowledge;
mod alarms;
mod amount;
mod as_till;
mod check;
mod client;
mod demo;
mod health;
mod operator;
mod pay;
mod pushes;
mod refund;
mod resolve;
mod serve;
mod simulate;
mod status;
mod stop;
mod terminals;
#[cfg(test)]
mod tests;
mod text;
mod till;
mod tls;

use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand};

use crate::app::StartError;
use crate::certificates::CertificateError;
use crate::config::{ConfigurationErrors, TillFileError};
use crate::telemetry::TelemetryError;

pub use acknowledge::AcknowledgeArguments;
pub use alarms::AlarmsArguments;
pub use as_till::{AskingArguments, TillArguments};
pub use check::CheckArguments;
pub use client::ClientError;
pub use demo::DemoArguments;
pub use health::HealthArguments;
pub use operator::OperatorArguments;
pub use pay::PayArguments;
pub use pushes::{PushesAction, PushesArguments, ResendArguments};
pub use refund::RefundArguments;
pub use resolve::{ResolveArguments, Verdict};
pub use serve::ServeArguments;
pub use simulate::SimulateArguments;
pub use status::{OperationKind, StatusArguments};
pub use terminals::TerminalsArguments;
pub use till::{AddTillArguments, EndOldKeyArguments, ListTillsArguments, TillCommand, TillKeyArguments};
pub use tls::{TlsAction, TlsArguments};

/// A payment bridge between the tills of a shop and its card terminals.
#[derive(Debug, Parser)]
#[command(
    version,
    arg_required_else_help = true,
    after_help = "Exit codes: 0 it worked, 1 it failed or is not approved, 2 the command was not understood.\n\
                  First time here? Run `pos-bridge demo`: no account and no terminal needed.\n\
                  Something is wrong? Run `pos-bridge check`: a line for each part, with what to do."
)]
pub struct Arguments {
    /// The configuration
    #[arg(
        long,
        global = true,
        env = "POS_BRIDGE_CONFIG",
        value_name = "FILE",
        default_value = "config/pos-bridge.toml"
    )]
    pub config: PathBuf,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Every command.
#[derive(Debug, Subcommand)]
#[allow(missing_docs, reason = "each variant's help is the doc of its arguments")]
#[allow(clippy::large_enum_variant, reason = "there is one in a process")]
pub enum Command {
    Serve(ServeArguments),
    Demo(DemoArguments),
    Simulate(SimulateArguments),
    Check(CheckArguments),
    #[command(subcommand)]
    Till(TillCommand),
    Tls(TlsArguments),
    #[command(flatten)]
    Client(ClientCommand),
}

/// The commands that ask a bridge that runs already.
#[derive(Debug, Subcommand)]
#[allow(missing_docs, reason = "each variant's help is the doc of its arguments")]
#[allow(clippy::large_enum_variant, reason = "there is one in a process")]
pub enum ClientCommand {
    Pay(PayArguments),
    Refund(RefundArguments),
    Status(StatusArguments),
    Terminals(TerminalsArguments),
    Resolve(ResolveArguments),
    Alarms(AlarmsArguments),
    Acknowledge(AcknowledgeArguments),
    Pushes(PushesArguments),
    Health(HealthArguments),
}

/// How a command ended, as the shell sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It worked; a payment or refund is approved.
    Success,
    /// It did not; a payment or refund is not approved, or not yet.
    Failure,
}

impl Exit {
    /// Success when it is so.
    #[must_use]
    pub const fn when(success: bool) -> Self {
        if success { Self::Success } else { Self::Failure }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Success => Self::SUCCESS,
            Exit::Failure => Self::FAILURE,
        }
    }
}

/// Why a command failed; the message tells what to do.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The configuration is wrong.
    #[error(transparent)]
    Configuration(#[from] ConfigurationErrors),
    /// The configuration file cannot be changed.
    #[error(transparent)]
    TillFile(#[from] TillFileError),
    /// The log cannot be started.
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    /// The bridge does not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The running bridge gave no usable answer.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The simulator does not start.
    #[error("the simulator cannot listen on {address}: {source}; is another one running?")]
    Simulator {
        /// Where it should listen.
        address: std::net::SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// The demonstration's bridge cannot have its address.
    #[error(
        "the demo cannot listen on {address}: {source}; end the program that has it (another demo or bridge?), or name \
         another address with --listen"
    )]
    DemoAddress {
        /// Where the tills should call.
        address: std::net::SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// The certificate cannot be made.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The demonstration cannot go on.
    #[error("the demo stopped: {0}")]
    Demo(String),
    /// The system refuses something basic.
    #[error(transparent)]
    System(#[from] std::io::Error),
}

impl Arguments {
    /// Runs the command; what it prints goes to `output`.
    ///
    /// # Errors
    /// [`CommandError`], whose message tells what to do.
    pub async fn run(self, output: &mut (dyn std::io::Write + Send)) -> Result<Exit, CommandError> {
        match self.command {
            Command::Serve(arguments) => arguments.run(&self.config).await,
            Command::Demo(arguments) => arguments.run(output).await,
            Command::Simulate(arguments) => arguments.run(output).await,
            Command::Check(arguments) => arguments.run(&self.config, output).await,
            Command::Till(command) => command.run(&self.config, output),
            Command::Tls(arguments) => arguments.run(output),
            Command::Client(command) => Ok(command.run(&self.config, output).await?),
        }
    }
}

impl ClientCommand {
    /// Runs the command; what it prints goes to `output`. Only the operator's commands need `config`.
    ///
    /// # Errors
    /// [`ClientError`] when there is no usable answer; its message tells what to do.
    pub async fn run(self, config: &Path, output: &mut dyn std::io::Write) -> Result<Exit, ClientError> {
        match self {
            Self::Pay(arguments) => arguments.run(output).await,
            Self::Refund(arguments) => arguments.run(output).await,
            Self::Status(arguments) => arguments.run(output).await,
            Self::Terminals(arguments) => arguments.run(output).await,
            Self::Resolve(arguments) => arguments.run(config, output).await,
            Self::Alarms(arguments) => arguments.run(config, output).await,
            Self::Acknowledge(arguments) => arguments.run(config, output).await,
            Self::Pushes(arguments) => arguments.run(config, output).await,
            Self::Health(arguments) => arguments.run(output).await,
        }
    }
}
