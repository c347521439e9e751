//! The folder of one bridge: its configuration and its journal.

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use tempfile::TempDir;

use super::Setup;
use crate::free_address::free_address;
use crate::sha256::sha256;

/// Everything that a bridge needs to be started, and started again.
pub(crate) struct Folder {
    directory: TempDir,
    pub(crate) till_address: SocketAddr,
    pub(crate) callback_address: SocketAddr,
}

impl Folder {
    pub(crate) fn new(setup: &Setup, provider: &str) -> Self {
        let folder = Self {
            directory: tempfile::tempdir().unwrap(),
            till_address: free_address(),
            callback_address: free_address(),
        };
        std::fs::write(folder.configuration(), folder.configuration_text(setup, provider)).unwrap();
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

    fn configuration_text(&self, setup: &Setup, provider: &str) -> String {
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

[dintero]
account_id = "T12345678"
client_id = "simulated-client"
client_secret = "simulated-secret"
profile_id = "T12345678.simulated-in-person"
checkout_url = "{provider}"
api_url = "{provider}"
callback_secret = "simulated-signature-secret"
start = "{start}"
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
currency = "NOK"
time_zone = "Europe/Oslo"
"#,
            till_address = self.till_address,
            callback_address = self.callback_address,
            database = self.database().display(),
            start = setup.start,
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
                "\n[[terminals]]\nname = \"terminal-{number}\"\nprovider = \"dintero\"\nstore = \"oslo-center\"\nterminal_id = \
                 \"{}\"\n",
                terminal_id(number)
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

/// The provider's id of a terminal; the simulator's options use the same.
pub(crate) fn terminal_id(number: usize) -> String {
    format!("T{:04}", 291 + number)
}

/// The key of a till.
pub(crate) fn key(number: usize) -> String {
    format!("the-key-of-till-{number}")
}
