//! What a simulator is started with.

use std::net::{Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::dojo::DojoOptions;

/// When a virtual terminal starts to prompt. Dintero's documents tell both stories.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartRule {
    /// As soon as the session is created.
    Session,
    /// Only if `configuration.publish` asks for channel `push`, type `terminal`.
    Publish,
}

/// How far a terminal's enrolment has come: the `status` of Dintero's terminal record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Enrolment {
    /// Registered, waiting to be provisioned.
    Pending,
    /// Waiting for a person at the device.
    ActionRequired,
    /// Usable.
    Active,
    /// Taken out of use.
    Inactive,
}

/// A store of the simulated account.
#[derive(Debug, Clone)]
pub struct SimulatedStore {
    /// The merchant's own store identifier, sent as `order.store.id`.
    pub id: String,
    /// The seller that is paid out.
    pub payout_destination_id: String,
}

/// A terminal of the simulated account.
#[derive(Debug, Clone)]
pub struct SimulatedTerminal {
    /// Sent as `order.store.terminal_id`.
    pub id: String,
    /// The store it stands in.
    pub store_id: String,
    /// Anything but active is refused as "not enrolled".
    pub enrolment: Enrolment,
}

impl SimulatedTerminal {
    /// An active terminal in a store.
    pub fn active(id: impl Into<String>, store_id: impl Into<String>) -> Self {
        Self { id: id.into(), store_id: store_id.into(), enrolment: Enrolment::Active }
    }
}

/// What a simulator is started with; the default is the demo.
#[derive(Debug, Clone)]
pub struct SimulatorOptions {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The one account there is.
    pub account_id: String,
    /// User name of the token request.
    pub client_id: String,
    /// Password of the token request.
    pub client_secret: String,
    /// Signs callbacks; empty sends them unsigned, as an account without a secret does.
    pub callback_secret: String,
    /// The one in-person payment profile there is.
    pub profile_id: String,
    /// Its stores.
    pub stores: Vec<SimulatedStore>,
    /// Its terminals.
    pub terminals: Vec<SimulatedTerminal>,
    /// Virtual seconds per real second for terminal delays; 0 answers at once.
    pub speed: u32,
    /// Whether a refund must name a terminal.
    pub refund_needs_terminal: bool,
    /// When a terminal starts to prompt.
    pub start: StartRule,
    /// Whether a push to a terminal fails, so that it shows nothing.
    pub pushes_fail: bool,
    /// Whether a list's filter by store means Dintero's own id of it, instead of the merchant's.
    pub lists_by_own_store_id: bool,
    /// How long an access token is good for.
    pub token_life_seconds: u64,
    /// Seeds the fault probabilities.
    pub seed: u64,
    /// The simulated Dojo, on the same listener.
    pub dojo: DojoOptions,
}

impl Default for SimulatorOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 7119)),
            account_id: "T12345678".into(),
            client_id: "simulated-client".into(),
            client_secret: "simulated-secret".into(),
            callback_secret: "simulated-signature-secret".into(),
            profile_id: "T12345678.simulated-in-person".into(),
            stores: vec![SimulatedStore { id: "oslo-center".into(), payout_destination_id: "seller-1".into() }],
            terminals: vec![
                SimulatedTerminal::active("T0292", "oslo-center"),
                SimulatedTerminal::active("T0293", "oslo-center"),
            ],
            speed: 1,
            refund_needs_terminal: true,
            start: StartRule::Session,
            pushes_fail: false,
            lists_by_own_store_id: false,
            token_life_seconds: 14_400,
            seed: 1,
            dojo: DojoOptions::default(),
        }
    }
}
