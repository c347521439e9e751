//! `pos-bridge acknowledge`

use std::io::Write;

use clap::Args;
use serde_json::json;

use super::client::ClientError;
use super::{Exit, OperatorArguments, text};

/// Say that an alarm was seen to; a terminal that it froze takes payments again
///
/// Runs on the bridge's own machine, as the user of the service or root.
#[derive(Debug, Args)]
pub struct AcknowledgeArguments {
    /// The alarm's number, as `pos-bridge alarms` shows it
    #[arg(value_name = "ALARM")]
    pub alarm: i64,
    /// Who saw to it
    #[arg(long, value_name = "NAME")]
    pub by: String,
    /// Where.
    #[command(flatten)]
    pub operator: OperatorArguments,
}

impl AcknowledgeArguments {
    pub(super) async fn run(self, output: &mut dyn Write) -> Result<Exit, ClientError> {
        let bridge = self.operator.bridge()?;
        let alarm = self.alarm.to_string();
        let answer = bridge.post(&["alarms", &alarm, "acknowledge"], &json!({"by": self.by}), 0).await?;
        text::print(&answer, self.operator.json, output, |_| vec![format!("alarm {alarm} is acknowledged")])?;
        Ok(Exit::when(answer.status.is_success()))
    }
}
