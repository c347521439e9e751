//! One callback on its way, tried until it is taken.

use reqwest::{Method, RequestBuilder, StatusCode, header};
use url::Url;

use super::signature::Signed;
use crate::simulator::identifiers;
use crate::simulator::postman::{Letter, Seal};
use crate::simulator::world::World;

const AN_HOUR: i64 = 3_600;

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

impl Letter for Delivery {
    /// Dintero's number.
    const RETRIES: u32 = 20;

    fn request(&self, world: &World, seal: Seal) -> RequestBuilder {
        let method = if self.body.is_some() { Method::POST } else { Method::GET };
        let mut request =
            world.postman.client.request(method.clone(), self.url.clone()).header("event-delivery", &self.id);
        if let Some(signature) = self.signature(world, method.as_str(), seal) {
            request = request.header("Dintero-Signature", signature);
        }
        if let Some(body) = &self.body {
            request = request.header(header::CONTENT_TYPE, "application/json").body(body.clone());
        }
        request
    }

    /// Retries after 5xx, a timeout or a broken connection; a 4xx ends delivery for good.
    fn is_settled_by(&self, status: StatusCode) -> bool {
        !status.is_server_error() && !status.is_informational()
    }
}
