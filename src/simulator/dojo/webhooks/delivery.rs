//! One webhook on its way.

use reqwest::{RequestBuilder, StatusCode, header};
use url::Url;

use super::signature;
use crate::simulator::postman::{Letter, Seal};
use crate::simulator::world::World;

/// A webhook, the same at every attempt.
#[derive(Debug)]
pub(crate) struct Delivery {
    url: Url,
    body: String,
    secret: String,
}

impl Delivery {
    pub(super) fn new(url: Url, body: String, secret: String) -> Self {
        Self { url, body, secret }
    }

    fn signature(&self, seal: Seal) -> Option<String> {
        match seal {
            Seal::Forged => signature::header(&format!("not {}", self.secret), self.body.as_bytes()),
            // There is no time in it that could be old.
            Seal::Genuine | Seal::Old => signature::header(&self.secret, self.body.as_bytes()),
        }
    }
}

impl Letter for Delivery {
    /// "A limited number of times"; five is the simulator's choice.
    const RETRIES: u32 = 5;

    fn request(&self, world: &World, seal: Seal) -> RequestBuilder {
        let mut request = world.postman.client.post(self.url.clone());
        if let Some(signature) = self.signature(seal) {
            request = request.header("dojo-signature", signature);
        }
        request.header(header::CONTENT_TYPE, "application/json").body(self.body.clone())
    }

    fn is_settled_by(&self, status: StatusCode) -> bool {
        status.is_success()
    }
}
