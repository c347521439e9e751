//! `pos-bridge refund`

use std::io::Write;

use clap::Args;
use serde_json::json;

use super::amount::minor_units;
use super::as_till::put;
use super::client::ClientError;
use super::{AskingArguments, Exit};

/// Give an approved payment back, in full or in part: real money, unless the account is a sandbox
///
/// Ends with 0 when it is approved, else with 1. The same reference again never gives back twice.
#[derive(Debug, Args)]
#[command(after_help = "Example: pos-bridge refund R-1002 --of R-1001 --amount 10000 --reason \"wrong size\"")]
pub struct RefundArguments {
    /// The refund's own receipt number; the same one is the same refund
    #[arg(value_name = "REFERENCE")]
    pub reference: String,
    /// The payment, by its receipt number
    #[arg(long, value_name = "REFERENCE", required_unless_present_any = ["operation", "transaction"])]
    pub of: Option<String>,
    /// The till that took the payment [default: this one]
    #[arg(long, value_name = "TILL", requires = "of")]
    pub of_till: Option<String>,
    /// The payment, by the bridge's operation_id
    #[arg(long, value_name = "ID", conflicts_with_all = ["of", "transaction"])]
    pub operation: Option<String>,
    /// The payment, by the provider's transaction_id
    #[arg(long, value_name = "ID", conflicts_with = "of")]
    pub transaction: Option<String>,
    /// The amount in minor units [default: all that is left]
    #[arg(long, value_name = "AMOUNT", value_parser = minor_units)]
    pub amount: Option<i64>,
    /// Why, for the journal
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// How, where and as whom.
    #[command(flatten)]
    pub asking: AskingArguments,
}

impl RefundArguments {
    pub(super) async fn run(self, output: &mut dyn Write) -> Result<Exit, ClientError> {
        let mut body = json!({"reference": self.reference});
        put(&mut body, "original_reference", self.of);
        put(&mut body, "original_till", self.of_till);
        put(&mut body, "operation_id", self.operation);
        put(&mut body, "transaction_id", self.transaction);
        put(&mut body, "amount", self.amount);
        put(&mut body, "reason", self.reason);
        self.asking.ask("refund", body, output).await
    }
}
