//! `pos-bridge pushes`

use std::io::Write;
use std::path::Path;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::client::ClientError;
use super::{Exit, OperatorArguments, text};

/// List the results that their tills have not taken, and send them again
///
/// Ends with 0 when none was given up, else with 1. Runs on the bridge's own machine, as the user of the service or root.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct PushesArguments {
    /// What to do; without it they are listed.
    #[command(subcommand)]
    pub action: Option<PushesAction>,
    /// Where.
    #[command(flatten)]
    pub operator: OperatorArguments,
}

/// What to do with results that were not taken.
#[derive(Debug, Subcommand)]
pub enum PushesAction {
    /// Send one again at once, or all that were given up
    Resend(ResendArguments),
}

/// Which results to send again.
#[derive(Debug, Args)]
#[group(id = "which", required = true, multiple = false, args = ["id", "all"])]
pub struct ResendArguments {
    /// The result's number, as `pos-bridge pushes` shows it
    #[arg(value_name = "ID")]
    pub id: Option<i64>,
    /// All that were given up
    #[arg(long)]
    pub all: bool,
    /// Where.
    #[command(flatten)]
    pub operator: OperatorArguments,
}

impl PushesArguments {
    pub(super) async fn run(self, config: &Path, output: &mut dyn Write) -> Result<Exit, ClientError> {
        if let Some(PushesAction::Resend(resend)) = self.action {
            return resend.run(config, output).await;
        }
        let answer = self.operator.bridge(config)?.get(&["pushes"], 0).await?;
        text::print(&answer, self.operator.json, output, lines)?;
        Ok(Exit::when(answer.status.is_success() && answer.body["undelivered"] == 0))
    }
}

impl ResendArguments {
    async fn run(self, config: &Path, output: &mut dyn Write) -> Result<Exit, ClientError> {
        let number = self.id.map(|number| number.to_string());
        let path = number.iter().map(String::as_str);
        let path: Vec<&str> = std::iter::once("pushes").chain(path).chain(["resend"]).collect();
        let answer = self.operator.bridge(config)?.post(&path, &json!({}), 0).await?;
        text::print(&answer, self.operator.json, output, lines)?;
        Ok(Exit::when(answer.status.is_success()))
    }
}

fn lines(answer: &Value) -> Vec<String> {
    let pushes = text::elements(answer, "pushes");
    if pushes.is_empty() {
        return vec!["every result was taken".to_owned()];
    }
    let line = |push: &Value| {
        let fields = ["id", "till", "operation_id", "state", "tries", "next_try_at", "last_error"];
        fields.map(|name| text::word(&push[name])).join("  ")
    };
    let counts = format!(
        "{} to be sent, {} given up; to send those again: pos-bridge pushes resend --all",
        text::word(&answer["waiting"]),
        text::word(&answer["undelivered"]),
    );
    pushes.iter().map(line).chain(std::iter::once(counts)).collect()
}
