//! The folder of one bridge: its configuration and its journal.

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use tempfile::TempDir;

use super::{Behind, Setup, Simulator};
use crate::free_address::free_address;
use crate::sha256::sha256;

/// Everything that a bridge needs to be started, and started again.
pub(crate) struct Folder {
    directory: TempDir,
    pub(crate) till_address: SocketAddr,
    pub(crate) callback_address: SocketAddr,
}

impl Folder {
    pub(crate) fn new(setup: &Setup, simulator: &Simulator, callback_address: SocketAddr) -> Self {
        let folder = Self { directory: tempfile::tempdir().unwrap(), till_address: free_address(), callback_address };
        std::fs::write(folder.configuration(), folder.configuration_text(setup, simulator)).unwrap();
        folder
    }

    pub(crate) fn configuration(&self) -> PathBuf {
        self.directory.path().join("pos-bridge.toml")
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.data().join("pos-bridge.db")
    }

    /// The folder of the journal.
    pub(crate) fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    fn configuration_text(&self, setup: &Setup, simulator: &Simulator) -> String {
        let public_url =
            if setup.callbacks { format!("public_url = \"http://{}\"", self.callback_address) } else { String::new() };
        let mut text = format!(
            r#"
[server]
listen = "{till_address}"

[callbacks]
listen = "{callback_address}"
{public_url}

[database]
url = "sqlite://{database}"

{section}
refund = "{refund}"
session_ttl_seconds = {ttl}
prompt_seconds = {prompt}
in_flight_seconds = {in_flight}
poll_interval_ms = {poll}
request_timeout_ms = 400

[sweep]
interval_seconds = {sweep}

[telemetry]
level = "info,pos_bridge=debug"

[[stores]]
id = "oslo-center"
payout_destination_id = "seller-1"
currency = "{currency}"
time_zone = "Europe/Oslo"
"#,
            till_address = self.till_address,
            callback_address = self.callback_address,
            database = self.database().display(),
            section = section(setup, simulator),
            currency = if setup.provider == Behind::Dojo { "GBP" } else { "NOK" },
            refund = setup.refund,
            ttl = setup.ttl_seconds,
            prompt = setup.prompt_seconds,
            in_flight = setup.in_flight_seconds,
            poll = setup.poll_ms,
            sweep = setup.sweep_seconds,
        );
        for number in 1..=setup.terminals {
            let _ = write!(
                text,
                "\n[[terminals]]\nname = \"terminal-{number}\"\nprovider = \"{}\"\nstore = \"oslo-center\"\nterminal_id = \
                 \"{}\"\n{}\n",
                if setup.provider == Behind::Dojo { "dojo" } else { "dintero" },
                if setup.provider == Behind::Dojo { dojo_terminal_id(number) } else { terminal_id(number) },
                setup.terminal,
            );
        }
        for number in 1..=setup.tills {
            let terminal = (number - 1) % setup.terminals + 1;
            let _ = write!(
                text,
                "\n[[tills]]\nid = \"till-{number}\"\nterminal = \"terminal-{terminal}\"\nkey_sha256 = \"{}\"\nwait_seconds = \
                 20\non_repeat = \"{}\"\nmay_refund_others = {}\n{}\n",
                sha256(&key(number)),
                setup.on_repeat,
                setup.may_refund_others,
                setup.profile,
            );
            if let Some(address) = setup.push_to {
                let _ = write!(
                    text,
                    "notify_url = \"http://{address}/till-{number}\"\nnotify_secret = \"{PUSH_SECRET}\"\n"
                );
            }
        }
        text
    }
}

/// What signs the results that are pushed.
pub(crate) const PUSH_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// The section of the provider, without the times.
fn section(setup: &Setup, simulator: &Simulator) -> String {
    match setup.provider {
        Behind::Dintero => format!(
            r#"[dintero]
account_id = "T12345678"
client_id = "simulated-client"
client_secret = "simulated-secret"
profile_id = "T12345678.simulated-in-person"
checkout_url = "{url}"
api_url = "{url}"
callback_secret = "simulated-signature-secret"
start = "{start}""#,
            url = simulator.base_url(),
            start = setup.start,
        ),
        Behind::Dojo => format!(
            r#"[dojo]
api_key = "sk_sandbox_simulated"
software_house_id = "softwareHouse1"
reseller_id = "reseller1"
api_url = "{url}"
signature_settle_seconds = 1
{more}
{secret}"#,
            more = setup.section,
            url = simulator.dojo_base_url(),
            secret = if setup.callbacks { format!("webhook_secret = \"{WEBHOOK_SECRET}\"") } else { String::new() },
        ),
    }
}

/// What signs Dojo's webhooks.
pub(crate) const WEBHOOK_SECRET: &str = "ws_simulated";

/// Dojo's id of a terminal.
pub(crate) fn dojo_terminal_id(number: usize) -> String {
    format!("tm_sandbox_{number}")
}

/// The provider's id of a terminal; the simulator's options use the same.
pub(crate) fn terminal_id(number: usize) -> String {
    format!("T{:04}", 291 + number)
}

/// The key of a till.
pub(crate) fn key(number: usize) -> String {
    format!("the-key-of-till-{number}")
}
