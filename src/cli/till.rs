//! What the commands share that call the bridge as a till.

use std::io::Write;

use clap::Args;
use secrecy::SecretString;
use serde_json::Value;
use url::Url;

use super::client::{Answer, Bridge, ClientError};
use super::{Exit, text};

/// Where the bridge is, and as which till to call it.
#[derive(Debug, Args)]
pub struct TillArguments {
    /// The bridge's address
    #[arg(long, env = "POS_BRIDGE_URL", value_name = "URL", default_value = "http://127.0.0.1:7117")]
    pub url: Url,
    /// The till's key; better in the variable than here, where other users can see it
    #[arg(long, env = "POS_BRIDGE_TILL_KEY", hide_env_values = true, value_name = "KEY")]
    pub till_key: Option<SecretString>,
    /// Print the bridge's answer as JSON
    #[arg(long)]
    pub json: bool,
}

impl TillArguments {
    pub(super) fn bridge(&self) -> Result<Bridge, ClientError> {
        Bridge::at(&self.url, self.till_key.clone())
    }

    /// Prints an operation or a problem; success is an approved operation.
    pub(super) fn report(&self, answer: &Answer, output: &mut dyn Write) -> Result<Exit, ClientError> {
        text::print(answer, self.json, output, text::operation)?;
        Ok(Exit::when(answer.status.is_success() && answer.body["status"] == "approved"))
    }
}

/// Adds a field to a request, unless it was not given.
pub(super) fn put(body: &mut Value, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        body[name] = value.into();
    }
}
