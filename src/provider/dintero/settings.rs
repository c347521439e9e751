//! What the configuration says about Dintero.

use std::time::Duration;

use jiff::SignedDuration;
use secrecy::SecretString;
use url::Url;

use crate::domain::refund::RefundRoute;

/// Everything that is needed to talk to one Dintero account.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `T12345678` (sandbox) or `P12345678` (production).
    pub account_id: String,
    /// The checkout client's id.
    pub client_id: String,
    /// The checkout client's secret.
    pub client_secret: SecretString,
    /// The payment profile with in-person payments as its only method.
    pub profile_id: String,
    /// Where sessions and transactions are (`https://checkout.dintero.com/v1`).
    pub checkout_url: Url,
    /// Where tokens, stores and terminals are (`https://api.dintero.com/v1`).
    pub api_url: Url,
    /// The account's signature secret; callbacks cannot be checked, and are refused, without it.
    pub callback_secret: Option<SecretString>,
    /// The public address that Dintero can call; polling alone without it.
    pub public_url: Option<Url>,
    /// How the terminal starts.
    pub start: StartRule,
    /// Whether a refund names a terminal: Dintero's documents tell both stories, so both stay configurable.
    pub refund: RefundRoute,
    /// How long a session may be paid (`expires_at`).
    pub session_ttl: SignedDuration,
    /// How long a prompt that was started before the expiry may still take.
    pub prompt: SignedDuration,
    /// How long a request may still be under way.
    pub in_flight: SignedDuration,
    /// How long a refund may take until a person must look.
    pub refund_patience: SignedDuration,
    /// The longest one request may take.
    pub request_timeout: Duration,
}

/// How the terminal starts: Dintero's documents tell both stories, so both stay configurable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StartRule {
    /// By itself when the session is created.
    #[default]
    Session,
    /// When the session asks for it (`configuration.publish`).
    Publish,
}
