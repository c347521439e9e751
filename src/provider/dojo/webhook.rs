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
mod tests {
    use super::*;

    const BODY: &str = r#"{"id":"evt_hnnHxIKR_Uy6bhZCusCltw","event":"payment_intent.created","accountId":"acc_test","createdAt":"2022-02-01T13:07:41.8667859Z","data":{"paymentIntentId":"pi_vpwd4ooAPEqyNAQe4z89WQ","paymentStatus":"Created","captureMode":"Auto"}}"#;
    /// The two vectors that Dojo has published, of one body.
    const VECTORS: [(&str, &str); 2] = [
        (
            "PDYkJQq6sESYHp_zJuTTBQ",
            "sha256=4B-49-F8-FE-25-A7-E6-7D-00-4F-A7-9C-F8-0B-63-00-C7-77-B4-F2-2D-E5-E1-22-84-FA-04-18-50-A1-76-FD",
        ),
        (
            "ws_OYsyzcrH70GpJfs8MMkKpg",
            "sha256=94-AC-93-67-D6-8B-69-6D-15-A2-C2-45-40-98-B5-E7-64-72-38-C5-1F-6D-32-D0-5F-CB-91-20-A9-20-64-F4",
        ),
    ];

    fn verify(secrets: &[&str], signature: Option<&str>, body: &'static str) -> Result<Callback, NotGenuine> {
        let secrets = secrets.iter().map(|secret| SecretString::from(*secret)).collect();
        let request = CallbackRequest {
            method: "POST".to_owned(),
            path: "/callbacks/dojo".to_owned(),
            query: String::new(),
            headers: signature.map(|text| ("dojo-signature".to_owned(), text.to_owned())).into_iter().collect(),
            body: body.into(),
        };
        WebhookSignature { secrets }.verify(&request, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn the_published_vectors_are_genuine_while_secrets_change_too() {
        let [(old, by_old), (new, by_new)] = VECTORS;
        for (secrets, signature) in [(&[old] as &[_], by_old), (&[new], by_new), (&[new, old], by_old)] {
            let callback = verify(secrets, Some(signature), BODY).unwrap();
            assert_eq!(callback.delivery, "evt_hnnHxIKR_Uy6bhZCusCltw");
            let payment = Handle::new("pi_vpwd4ooAPEqyNAQe4z89WQ").unwrap();
            assert_eq!((callback.about, callback.provider), (Some(Subject::Payment(payment)), ProviderName::Dojo));
        }
        assert!(verify(&[new], Some(by_old), BODY).is_err(), "the old secret was taken back");
    }

    #[test]
    fn anything_else_is_not() {
        let [(secret, right), _] = VECTORS;
        let short = &right[..right.len() - 3];
        let cases =
            [None, Some(""), Some("sha256="), Some(short), Some(&right[7..]), Some("sha256=zz"), Some("sha256=+1")];
        for signature in cases {
            assert!(verify(&[secret], signature, BODY).is_err(), "{signature:?}");
        }
        assert!(verify(&[secret], Some(right), "{}").is_err(), "another body");
        assert!(verify(&[], Some(right), BODY).is_err());
    }
}
