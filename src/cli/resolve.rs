//! `pos-bridge resolve`

use std::io::Write;
use std::path::Path;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::client::{Bridge, ClientError};
use super::{Exit, OperatorArguments, text};

/// Decide a payment or refund whose outcome is not proven, after looking at the terminal's receipt
///
/// Without a verdict it shows what is known. The verdict, your name and your reason go into the journal. Runs on the
/// bridge's own machine, as the user of the service or root.
#[derive(Debug, Args)]
#[command(after_help = "Example: pos-bridge resolve 01JD8X4S7R9M2E6K3T5V7W9Y1Z --verdict not-taken --by \"Kari\" \
                  --reason \"terminal slip says declined\"")]
pub struct ResolveArguments {
    /// The operation_id
    #[arg(value_name = "OPERATION")]
    pub operation: String,
    /// What the terminal's receipt shows
    #[arg(long, value_enum, requires_all = ["by", "reason"])]
    pub verdict: Option<Verdict>,
    /// Who decides
    #[arg(long, value_name = "NAME", requires = "verdict")]
    pub by: Option<String>,
    /// What it is decided by
    #[arg(long, value_name = "TEXT", requires = "verdict")]
    pub reason: Option<String>,
    /// Where.
    #[command(flatten)]
    pub operator: OperatorArguments,
}

/// What became of the money, as a person found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Verdict {
    /// The money moved: the receipt shows an approval
    Approved,
    /// The money did not move: the receipt shows a refusal, or the provider confirms it
    NotTaken,
}

impl ResolveArguments {
    pub(super) async fn run(self, config: &Path, output: &mut dyn Write) -> Result<Exit, ClientError> {
        let bridge = self.operator.bridge(config)?;
        let Some(verdict) = self.verdict else {
            let answer = bridge.get(&["operations", &self.operation], 0).await?;
            text::print(&answer, self.operator.json, output, text::with_history)?;
            return Ok(Exit::when(answer.status.is_success()));
        };
        let verdict = match verdict {
            Verdict::Approved => "approved",
            Verdict::NotTaken => "not_taken",
        };
        let body = json!({"verdict": verdict, "by": self.by, "reason": self.reason});
        let answer = bridge.post(&["operations", &self.operation, "resolve"], &body, 0).await?;
        text::print(&answer, self.operator.json, output, text::operation)?;
        if answer.status.is_success() && !self.operator.json {
            for line in alarms_that_stand(&bridge, &self.operation).await {
                writeln!(output, "{}", text::printable(&line))?;
            }
        }
        Ok(Exit::when(answer.status.is_success()))
    }
}

/// A decision leaves its alarms standing. It counts, whatever becomes of this reminder.
async fn alarms_that_stand(bridge: &Bridge, operation: &str) -> Vec<String> {
    let Ok(answer) = bridge.get(&["alarms"], 0).await else { return Vec::new() };
    let alarms = text::elements(&answer.body, "alarms").iter().filter(|alarm| alarm["operation_id"] == operation);
    alarms.map(|alarm| format!("  then: pos-bridge acknowledge {} --by NAME", text::word(&alarm["id"]))).collect()
}
