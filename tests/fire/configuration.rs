//! What a bridge under fire is told.

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;

use crate::sha256::sha256;
use crate::shop::TILLS;

pub(crate) struct Configuration<'a> {
    pub(crate) till_address: SocketAddr,
    pub(crate) callback_address: SocketAddr,
    /// Whether the provider can reach it.
    pub(crate) is_called_back: bool,
    pub(crate) database: &'a Path,
    pub(crate) provider: &'a str,
    pub(crate) terminals: usize,
}

impl fmt::Display for Configuration<'_> {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { till_address, callback_address, provider, .. } = self;
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
session_ttl_seconds = 30
prompt_seconds = 10
in_flight_seconds = 5
refund_patience_seconds = 60
poll_interval_ms = 20
request_timeout_ms = 400
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
        for number in 1..=TILLS {
            let terminal = (number - 1) % self.terminals + 1;
            let key = sha256(&key_of_till(number));
            writeln!(text, "[[tills]]\nid = \"till-{number}\"\nterminal = \"terminal-{terminal}\"")?;
            writeln!(text, "key_sha256 = \"{key}\"\nmay_refund_others = {}", number % 2 == 1)?;
        }
        Ok(())
    }
}

/// The provider's id of a terminal, as `pos-bridge simulate` numbers them.
fn terminal_id(number: usize) -> String {
    format!("T{:04}", 291 + number)
}

pub(crate) fn key_of_till(number: usize) -> String {
    format!("the-key-of-till-{number}")
}
