//! What the commands share that call the bridge as a till.

use std::io::Write;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use clap::Args;
use secrecy::SecretString;
use serde_json::Value;
use url::Url;

use super::client::{Answer, Bridge, ClientError, bridge_url};
use super::{Exit, text};
use crate::domain::directory::WAIT_SECONDS_MAX;

/// The seconds that a till may wait.
pub(super) const WAITS: RangeInclusive<i64> = 0..=WAIT_SECONDS_MAX as i64;

/// Where the bridge is, and as which till to call it.
#[derive(Debug, Args)]
pub struct TillArguments {
    /// The bridge's address
    #[arg(long, env = "POS_BRIDGE_URL", value_name = "URL", default_value = "http://127.0.0.1:7117", value_parser = bridge_url)]
    pub url: Url,
    /// The till's key; better in the variable than here, where other users can see it
    #[arg(long, env = "POS_BRIDGE_TILL_KEY", hide_env_values = true, value_name = "KEY")]
    pub till_key: Option<SecretString>,
    /// The authority that vouches for the bridge, beside those that this machine trusts (`authority.pem` of `tls init`)
    #[arg(long = "ca", env = "TILL_CA", value_name = "FILE")]
    pub authority: Option<PathBuf>,
    /// Print the bridge's answer as JSON
    #[arg(long)]
    pub json: bool,
}

impl TillArguments {
    pub(super) fn bridge(&self) -> Result<Bridge, ClientError> {
        Bridge::at(&self.url, self.till_key.clone(), self.authority.as_deref())
    }

    /// Prints an operation or a problem; success is an approved operation.
    pub(super) fn report(&self, answer: &Answer, output: &mut dyn Write) -> Result<Exit, ClientError> {
        text::print(answer, self.json, output, text::operation)?;
        Ok(Exit::when(answer.status.is_success() && answer.body["status"] == "approved"))
    }
}

/// How a payment or a refund is asked for.
#[derive(Debug, Args)]
pub struct AskingArguments {
    /// The terminal [default: the till's]
    #[arg(long, value_name = "NAME")]
    pub terminal: Option<String>,
    /// How many seconds to wait for the result
    #[arg(long, value_name = "SECONDS", default_value_t = 90, value_parser = clap::value_parser!(u32).range(WAITS))]
    pub wait: u32,
    /// Who is at the till, for the journal
    #[arg(long, value_name = "NAME")]
    pub operator: Option<String>,
    /// Where and as whom.
    #[command(flatten)]
    pub till: TillArguments,
}

impl AskingArguments {
    /// Asks for what the body says, prints what came of it, and succeeds when that is approved.
    pub(super) async fn ask(
        self,
        resource: &str,
        mut body: Value,
        output: &mut dyn Write,
    ) -> Result<Exit, ClientError> {
        put(&mut body, "wait", Some(self.wait));
        put(&mut body, "terminal", self.terminal);
        put(&mut body, "operator", self.operator);
        let answer = self.till.bridge()?.post(&[resource], &body, self.wait).await?;
        self.till.report(&answer, output)
    }
}

/// Adds a field to a request, unless it was not given.
pub(super) fn put(body: &mut Value, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        body[name] = value.into();
    }
}
