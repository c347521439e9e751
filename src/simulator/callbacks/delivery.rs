//! One callback on its way, tried until it is taken.

use std::time::Duration;

use reqwest::{Method, StatusCode, header};
use serde::Deserialize;
use url::Url;

use super::signature::Signed;
use crate::simulator::identifiers;
use crate::simulator::world::World;

/// Dintero's number of retries after the first attempt.
const RETRIES: u32 = 20;
const AN_HOUR: i64 = 3_600;

/// How a callback is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Seal {
    Genuine,
    /// With a secret that is not the account's.
    Forged,
    /// Rightly, with a time an hour ago.
    Old,
}

/// A callback, the same at every attempt.
#[derive(Debug)]
pub(crate) struct Delivery {
    /// The `event-delivery` header: stable across attempts and copies.
    id: String,
    url: Url,
    /// Present for a `POST`.
    body: Option<String>,
}

impl Delivery {
    pub(crate) fn new(url: Url, body: Option<String>) -> Self {
        Self { id: identifiers::uuid(), url, body }
    }

    /// Retries after 5xx, a timeout or a broken connection; a 4xx ends delivery for good.
    pub(super) async fn until_taken(&self, world: &World, seal: Seal, retry_after: Duration) {
        for _ in 0..=RETRIES {
            match self.attempt(world, seal).await {
                Some(status) if !status.is_server_error() && !status.is_informational() => return,
                _ => tokio::time::sleep(retry_after).await,
            }
        }
    }

    /// One attempt; `None` if there was no answer.
    pub(crate) async fn attempt(&self, world: &World, seal: Seal) -> Option<StatusCode> {
        let method = if self.body.is_some() { Method::POST } else { Method::GET };
        let mut request =
            world.postman.client.request(method.clone(), self.url.clone()).header("event-delivery", &self.id);
        if let Some(signature) = self.signature(world, method.as_str(), seal) {
            request = request.header("Dintero-Signature", signature);
        }
        if let Some(body) = &self.body {
            request = request.header(header::CONTENT_TYPE, "application/json").body(body.clone());
        }
        match request.send().await {
            Ok(response) => Some(response.status()),
            Err(error) => {
                tracing::debug!(%error, "a callback was not answered");
                None
            }
        }
    }

    /// An account without a secret sends no signature.
    fn signature(&self, world: &World, method: &str, seal: Seal) -> Option<String> {
        let secret = &world.options.callback_secret;
        if secret.is_empty() {
            return None;
        }
        let now = world.clock.now().as_second();
        let signed = Signed {
            account_id: &world.options.account_id,
            method,
            url: &self.url,
            time: if seal == Seal::Old { now - AN_HOUR } else { now },
        };
        match seal {
            Seal::Forged => signed.header(&format!("not {secret}")),
            Seal::Genuine | Seal::Old => signed.header(secret),
        }
    }
}
