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
    terminals.iter().flat_map(terminal).collect()
}

/// `front  free  oslo-center, dintero`, and below it what else is known.
fn terminal(terminal: &Value) -> Vec<String> {
    let [name, store, provider] = ["name", "store", "provider"].map(|field| text::word(&terminal[field]));
    let mut lines = vec![format!("{name}  {}  {store}, {provider}", state(terminal))];
    if let Some(reason) = terminal["frozen"].as_str() {
        lines.push(format!("  frozen: {reason}"));
    }
    if let Some(time) = terminal["last_approved_at"].as_str() {
        lines.push(format!("  last approval: {time}"));
    }
    let enrolment = &terminal["enrolment"];
    if !enrolment.is_null() {
        let reason = enrolment["reason"].as_str().map(|reason| format!(" ({reason})")).unwrap_or_default();
        lines.push(format!("  at the provider: {}{reason}", text::word(&enrolment["status"])));
    }
    lines
}

fn state(terminal: &Value) -> String {
    let holder = &terminal["holder"];
    if terminal["free"] == true {
        "free".to_owned()
    } else if holder.is_null() {
        "frozen".to_owned()
    } else {
        let [kind, reference, till, since] =
            ["kind", "reference", "till", "since"].map(|field| text::word(&holder[field]));
        format!("held by {kind} {reference} of {till} since {since}")
    }
}
