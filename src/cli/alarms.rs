//! `pos-bridge alarms`

use std::io::Write;
use std::path::Path;

use clap::Args;
use serde_json::Value;

use super::client::ClientError;
use super::{Exit, OperatorArguments, text};

/// List what a person must see to
///
/// Ends with 0 when there is nothing, else with 1. Runs on the bridge's own machine, as the user of the service or root.
#[derive(Debug, Args)]
pub struct AlarmsArguments {
    /// Where.
    #[command(flatten)]
    pub operator: OperatorArguments,
}

impl AlarmsArguments {
    pub(super) async fn run(self, config: &Path, output: &mut dyn Write) -> Result<Exit, ClientError> {
        let answer = self.operator.bridge(config)?.get(&["alarms"], 0).await?;
        text::print(&answer, self.operator.json, output, lines)?;
        Ok(Exit::when(answer.status.is_success() && text::elements(&answer.body, "alarms").is_empty()))
    }
}

fn lines(answer: &Value) -> Vec<String> {
    let alarms = text::elements(answer, "alarms");
    if alarms.is_empty() {
        return vec!["no alarms".to_owned()];
    }
    let line = |alarm: &Value| {
        let fields = ["id", "raised_at", "kind", "till", "reference", "terminal", "operation_id", "text"];
        let is_shown = |name: &&str| !(alarm[name].is_null() && matches!(*name, "till" | "reference"));
        fields.into_iter().filter(is_shown).map(|name| text::word(&alarm[name])).collect::<Vec<_>>().join("  ")
    };
    let hint = "seen to one? pos-bridge acknowledge ID --by NAME";
    alarms.iter().map(line).chain(std::iter::once(hint.to_owned())).collect()
}
