//! `pos-bridge health`

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::Value;
use url::Url;

use super::client::{Bridge, ClientError, bridge_url};
use super::{Exit, text};

/// Ask whether the bridge can take payments now, and why not
///
/// Ends with 0 when it can, else with 1: for the health check of a container, which has no curl.
#[derive(Debug, Args)]
pub struct HealthArguments {
    /// The bridge's address
    #[arg(long, env = "POS_BRIDGE_URL", value_name = "URL", default_value = "http://127.0.0.1:7117", value_parser = bridge_url)]
    pub url: Url,
    /// The authority that vouches for the bridge, beside those that this machine trusts
    #[arg(long = "ca", env = "TILL_CA", value_name = "FILE")]
    pub authority: Option<PathBuf>,
    /// Print the bridge's answer as JSON
    #[arg(long)]
    pub json: bool,
}

impl HealthArguments {
    pub(super) async fn run(self, output: &mut dyn Write) -> Result<Exit, ClientError> {
        let answer = Bridge::at(&self.url, None, self.authority.as_deref())?.get(&["ready"], 0).await?;
        let ready = answer.status.is_success();
        if self.json {
            text::print(&answer, true, output, |_| Vec::new())?;
        } else {
            writeln!(output, "{}", if ready { "ready" } else { "not ready" })?;
            for reason in reasons(&answer.body) {
                writeln!(output, "  {}", text::printable(&reason))?;
            }
        }
        Ok(Exit::when(ready))
    }
}

fn reasons(answer: &Value) -> Vec<String> {
    text::elements(answer, "reasons").iter().map(text::word).collect()
}
