//! `pos-bridge terminals`

use std::io::Write;

use clap::Args;
use serde_json::Value;

use super::client::ClientError;
use super::{Exit, TillArguments, text};

/// List the terminals that a till may use: free or held by whom, and when each last took money
#[derive(Debug, Args)]
pub struct TerminalsArguments {
    /// Where and as whom.
    #[command(flatten)]
    pub till: TillArguments,
}

impl TerminalsArguments {
    pub(super) async fn run(self, output: &mut dyn Write) -> Result<Exit, ClientError> {
        let answer = self.till.bridge()?.get(&["terminals"], 0).await?;
        text::print(&answer, self.till.json, output, lines)?;
        Ok(Exit::when(answer.status.is_success()))
    }
}

fn lines(answer: &Value) -> Vec<String> {
    let terminals = text::elements(answer, "terminals");
    if terminals.is_empty() {
        return vec!["no terminals".to_owned()];
    }
    terminals.iter().map(|terminal| line(terminal).join("  ")).collect()
}

/// The name first, then whatever the bridge tells of it.
fn line(terminal: &Value) -> Vec<String> {
    let name = text::word(&terminal["name"]);
    let facts = terminal.as_object().into_iter().flatten().filter(|(key, value)| *key != "name" && !value.is_null());
    std::iter::once(name).chain(facts.map(|(key, value)| format!("{key}={}", text::word(value)))).collect()
}
