//! What a bridge under fire is told.

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;

use crate::sha256::sha256;
use crate::shop::TILLS;

/// So long a payment whose signature was refused may go back, and its record decides nothing.
pub(crate) const SIGNATURE_SETTLE_SECONDS: i64 = 900;

/// The second provider, with a store and machines of its own.
#[derive(Debug, Clone)]
pub(crate) struct Dojo {
    /// Which way its refunds go.
    pub(crate) refund: &'static str,
    /// What signs its webhooks.
    pub(crate) webhook_secret: String,
}

/// How often a bridge looks by itself, how long it waits for each answer, and for how long Dintero takes a card.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) poll_interval_ms: u32,
    pub(crate) request_timeout_ms: u32,
    pub(crate) session_ttl_seconds: u32,
}

impl Pace {
    pub(crate) const EAGER: Self = Self { poll_interval_ms: 20, request_timeout_ms: 400, session_ttl_seconds: 30 };
}

pub(crate) struct Configuration<'a> {
    pub(crate) till_address: SocketAddr,
    pub(crate) callback_address: SocketAddr,
    /// Whether the provider can reach it.
    pub(crate) is_called_back: bool,
    pub(crate) database: &'a Path,
    pub(crate) provider: &'a str,
    pub(crate) terminals: usize,
    /// Half of the tills sell there.
    pub(crate) dojo: Option<&'a Dojo>,
    /// Dojo's terminals.
    pub(crate) machines: usize,
    pub(crate) pace: Pace,
    /// More lines of every till.
    pub(crate) profile: &'a str,
}

impl fmt::Display for Configuration<'_> {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { till_address, callback_address, provider, .. } = self;
        let Pace { poll_interval_ms, request_timeout_ms, session_ttl_seconds } = self.pace;
        let public_url =
            if self.is_called_back { format!("public_url = \"http://{callback_address}\"") } else { String::new() };
        write!(
            text,
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
session_ttl_seconds = {session_ttl_seconds}
prompt_seconds = 10
in_flight_seconds = 5
refund_patience_seconds = 60
poll_interval_ms = {poll_interval_ms}
request_timeout_ms = {request_timeout_ms}
[telemetry]
level = "info"
[[stores]]
id = "oslo-center"
payout_destination_id = "seller-1"
currency = "NOK"
time_zone = "Europe/Oslo"
"#,
            database = self.database.display(),
        )?;
        for number in 1..=self.terminals {
            let id = terminal_id(number);
            writeln!(text, "[[terminals]]\nname = \"terminal-{number}\"\nprovider = \"dintero\"")?;
            writeln!(text, "store = \"oslo-center\"\nterminal_id = \"{id}\"")?;
        }
        if let Some(dojo) = self.dojo {
            self.write_dojo(text, dojo)?;
        }
        for number in 1..=TILLS {
            let terminal = match self.dojo {
                Some(_) if sells_at_dojo(number) => format!("machine-{}", (number - 1) % self.machines + 1),
                _ => format!("terminal-{}", (number - 1) % self.terminals + 1),
            };
            let key = sha256(&key_of_till(number));
            writeln!(text, "[[tills]]\nid = \"till-{number}\"\nterminal = \"{terminal}\"")?;
            writeln!(text, "key_sha256 = \"{key}\"\nmay_refund_others = {}", number % 2 == 1)?;
            writeln!(text, "{}", self.profile)?;
        }
        Ok(())
    }
}

impl Configuration<'_> {
    fn write_dojo(&self, text: &mut fmt::Formatter<'_>, dojo: &Dojo) -> fmt::Result {
        let Pace { poll_interval_ms, request_timeout_ms, .. } = self.pace;
        let secret =
            if self.is_called_back { format!("webhook_secret = \"{}\"", dojo.webhook_secret) } else { String::new() };
        write!(
            text,
            r#"
[dojo]
api_key = "sk_sandbox_simulated"
software_house_id = "softwareHouse1"
reseller_id = "reseller1"
api_url = "{url}"
refund = "{refund}"
{secret}
signature_settle_seconds = {SIGNATURE_SETTLE_SECONDS}
session_ttl_seconds = 240
prompt_seconds = 10
in_flight_seconds = 5
refund_patience_seconds = 60
poll_interval_ms = {poll_interval_ms}
request_timeout_ms = {request_timeout_ms}
[[stores]]
id = "london-bridge"
payout_destination_id = "seller-2"
currency = "GBP"
time_zone = "Europe/London"
"#,
            url = self.provider.trim_end_matches("/v1"),
            refund = dojo.refund,
        )?;
        for number in 1..=self.machines {
            writeln!(text, "[[terminals]]\nname = \"machine-{number}\"\nprovider = \"dojo\"\ntips = true")?;
            writeln!(text, "store = \"london-bridge\"\nterminal_id = \"tm_sandbox_{number}\"")?;
        }
        Ok(())
    }
}

/// Which tills stand in the shop of Dojo's machines, where there is one.
pub(crate) fn sells_at_dojo(till: usize) -> bool {
    till > TILLS / 2
}

/// The provider's id of a terminal, as `pos-bridge simulate` numbers them.
fn terminal_id(number: usize) -> String {
    format!("T{:04}", 291 + number)
}

pub(crate) fn key_of_till(number: usize) -> String {
    format!("the-key-of-till-{number}")
}
