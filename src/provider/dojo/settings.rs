//! What the configuration says about Dojo.

use std::time::Duration;

use jiff::SignedDuration;
use secrecy::SecretString;
use url::Url;

use crate::domain::refund::RefundRoute;

/// Everything that is needed to talk to one Dojo location: one key is one location, with its terminals and its money.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `https://api.dojo.tech`, for sandbox and production alike: the key tells which.
    pub api_url: Url,
    /// `sk_sandbox_…` or `sk_prod_…`.
    pub api_key: SecretString,
    /// No real money moves.
    pub is_sandbox: bool,
    /// The version of the API, as a date.
    pub version: String,
    /// The till vendor's id, issued by Dojo.
    pub software_house_id: String,
    /// The reseller's id, where Dojo issued one.
    pub reseller_id: Option<String>,
    /// Which calls carry the two: Dojo's documents and its accreditation contradict each other.
    pub partners: PartnerHeaders,
    /// The secrets of the webhook's signature; several are in force while one is replaced. Webhooks are refused without.
    pub webhook_secrets: Vec<SecretString>,
    /// How refunds are made.
    pub refund: RefundRoute,
    /// A payment that is given back whole, without the card, is reversed instead of refunded.
    pub reverses_whole: bool,
    /// How long a sale may wait for a card until it is cancelled.
    pub session_ttl: SignedDuration,
    /// How long a prompt that was started before that may still take.
    pub prompt: SignedDuration,
    /// How long a request may still be under way.
    pub in_flight: SignedDuration,
    /// How long a refund may take until a person must look.
    pub refund_patience: SignedDuration,
    /// How long a payment is read on after its signature was refused: such payments were captured all the same.
    pub signature_settle: SignedDuration,
    /// The longest one request may take.
    pub request_timeout: Duration,
}

/// Which parts of the API are told who made the till and who sold it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartnerHeaders {
    /// Those that carry `software-house-id`.
    pub software_house: Parts,
    /// Those that carry `reseller-id`.
    pub reseller: Parts,
}

impl Default for PartnerHeaders {
    /// The software house everywhere, as the accreditation asks; the reseller where the published contract has it.
    fn default() -> Self {
        let everywhere = Parts { intents: true, terminals: true, sessions: true };
        Self { software_house: everywhere, reseller: Parts { intents: false, ..everywhere } }
    }
}

/// A choice of the API's parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Parts {
    /// `/payment-intents`.
    pub intents: bool,
    /// `/terminals`.
    pub terminals: bool,
    /// `/terminal-sessions`.
    pub sessions: bool,
}
