//! Tells Dojo's webhooks from anybody else's, by `dojo-signature`: an HMAC over the body. It carries no time, so a repeated
//! one is known by its event alone; what it says is never believed anyway.

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use super::settings::Settings;
use super::wire::WebhookBody;
use crate::domain::identifiers::Handle;
use crate::domain::operation::ProviderName;
use crate::ports::{Callback, CallbackRequest, CallbackVerifier, NotGenuine, Subject};

/// The longest number of an event that is kept as it came.
const EVENT_MAX: usize = 128;

/// Checks webhooks against the subscription's secrets.
#[derive(Debug, Clone)]
pub struct WebhookSignature {
    secrets: Vec<SecretString>,
}

impl WebhookSignature {
    /// The check; `None` without a secret, when no webhook can be genuine.
    #[must_use]
    pub fn new(settings: &Settings) -> Option<Self> {
        let secrets = settings.webhook_secrets.clone();
        (!secrets.is_empty()).then_some(Self { secrets })
    }

    fn is_signed(&self, body: &[u8], signature: &[u8]) -> bool {
        self.secrets.iter().any(|secret| {
            Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
                .is_ok_and(|mac| mac.chain_update(body).verify_slice(signature).is_ok())
        })
    }
}

impl CallbackVerifier for WebhookSignature {
    fn verify(&self, request: &CallbackRequest, now: Timestamp) -> Result<Callback, NotGenuine> {
        let header = request.header("dojo-signature").ok_or(NotGenuine("it has no dojo-signature"))?;
        let signature = parse_signature(header).ok_or(NotGenuine("its dojo-signature is malformed"))?;
        if !self.is_signed(&request.body, &signature) {
            return Err(NotGenuine("its signature does not fit"));
        }
        let body: WebhookBody =
            serde_json::from_slice(&request.body).map_err(|_| NotGenuine("its body is no event"))?;
        if !(1..=EVENT_MAX).contains(&body.id.len()) || !body.id.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(NotGenuine("its event has no usable id"));
        }
        let payment = body.data.and_then(|data| data.payment_intent_id).and_then(|id| Handle::new(id).ok());
        Ok(Callback {
            provider: ProviderName::Dojo,
            delivery: body.id,
            about: payment.map(Subject::Payment),
            query: request.path.clone(),
            received_at: now,
        })
    }
}

/// `sha256=4B-49-…`: pairs of hexadecimal digits, joined by dashes.
fn parse_signature(header: &str) -> Option<Vec<u8>> {
    let pairs = header.trim().strip_prefix("sha256=")?.split('-');
    pairs.map(|pair| if pair.len() == 2 { u8::from_str_radix(pair, 16).ok() } else { None }).collect()
}

#[cfg(test)]
mod tests;
