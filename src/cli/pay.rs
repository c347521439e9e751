//! `pos-bridge pay`

use std::io::Write;

use clap::Args;
use serde_json::json;

use super::amount::minor_units;
use super::as_till::put;
use super::client::ClientError;
use super::{AskingArguments, Exit};

/// Take a payment as a till does: real money, unless the account is a sandbox
///
/// Ends with 0 when it is approved, else with 1. The same reference again never charges twice: when in doubt, repeat
/// the command as it was.
#[derive(Debug, Args)]
#[command(after_help = "Example: pos-bridge pay R-1001 39900    (399.00 in the store's currency)")]
pub struct PayArguments {
    /// The receipt number; the same one is the same payment
    #[arg(value_name = "REFERENCE")]
    pub reference: String,
    /// The amount in minor units: 39900 is 399.00
    #[arg(value_name = "AMOUNT", value_parser = minor_units)]
    pub amount: i64,
    /// The currency [default: the store's]
    #[arg(long, value_name = "CODE")]
    pub currency: Option<String>,
    /// How, where and as whom.
    #[command(flatten)]
    pub asking: AskingArguments,
}

impl PayArguments {
    pub(super) async fn run(self, output: &mut dyn Write) -> Result<Exit, ClientError> {
        let mut body = json!({"reference": self.reference, "amount": self.amount});
        put(&mut body, "currency", self.currency);
        self.asking.ask("pay", body, output).await
    }
}
