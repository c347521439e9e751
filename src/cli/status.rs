//! `pos-bridge status`

use std::io::Write;

use clap::{Args, ValueEnum};

use super::as_till::WAITS;
use super::client::ClientError;
use super::{Exit, TillArguments};

/// Ask where a payment or refund stands; changes nothing
///
/// Ends with 0 when it is approved, else with 1.
#[derive(Debug, Args)]
pub struct StatusArguments {
    /// The receipt number [default: the till's most recent one]
    #[arg(value_name = "REFERENCE")]
    pub reference: Option<String>,
    /// What the number is of
    #[arg(long, value_enum, default_value_t = OperationKind::Pay, requires = "reference")]
    pub kind: OperationKind,
    /// How many seconds to wait for a final result
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 0,
        requires = "reference",
        value_parser = clap::value_parser!(u32).range(WAITS)
    )]
    pub wait: u32,
    /// Where and as whom.
    #[command(flatten)]
    pub till: TillArguments,
}

/// What a receipt number is of; each has its own numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OperationKind {
    /// A payment
    Pay,
    /// A refund
    Refund,
}

impl StatusArguments {
    pub(super) async fn run(self, output: &mut dyn Write) -> Result<Exit, ClientError> {
        let kind = match self.kind {
            OperationKind::Pay => "pay",
            OperationKind::Refund => "refund",
        };
        let path = match &self.reference {
            Some(reference) => vec![kind, reference.as_str()],
            None => vec!["last"],
        };
        let answer = self.till.bridge()?.get(&path, self.wait).await?;
        self.till.report(&answer, output)
    }
}
