//! Results posted to the tills' own addresses, signed, by the rules of Standard Webhooks.
//!
//! It speaks HTTP to tills as `http` does, so it may use their dialects.

mod destination;
mod signature;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use secrecy::ExposeSecret;

use crate::domain::directory::{Directory, Push, Store, Till};
use crate::domain::identifiers::TillId;
use crate::domain::operation::Operation;
use crate::outbound::{self, describe};
use crate::ports::{NotPushed, Pusher};
use crate::till::dialect::Answer;
use crate::till::format::{Format, Wishes};
use crate::till::receipt::Paper;
use crate::till::reply::Reply;

pub use destination::Forbidden;
use destination::{CheckedNames, Ourselves};

/// How long a till may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How much of that to be found.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Why results cannot be pushed at all.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A till's address is not one that results may go to.
    #[error("notify_url of till {till}: {cause}")]
    Destination {
        /// Which till.
        till: TillId,
        /// What is wrong with it.
        cause: Forbidden,
    },
    /// The HTTP client cannot be made.
    #[error("results cannot be pushed to till {till}: {cause}")]
    Client {
        /// To which till.
        till: TillId,
        /// What the client says.
        cause: String,
    },
}

/// Posts results over HTTP.
#[derive(Debug)]
pub struct HttpPusher {
    ourselves: Ourselves,
    clients: HashMap<TillId, Client>,
    stores: Vec<Store>,
}

impl HttpPusher {
    /// What pushes to these tills; `ours` is where the bridge itself listens.
    ///
    /// # Errors
    /// [`SetupError`], whose message names the till.
    pub fn new(directory: &Directory, ours: &[SocketAddr]) -> Result<Self, SetupError> {
        let ourselves = Ourselves::listening_on(ours);
        let mut clients = HashMap::new();
        for till in &directory.tills {
            let Some(push) = &till.profile.push else { continue };
            ourselves.check_url(&push.url).map_err(|cause| SetupError::Destination { till: till.id.clone(), cause })?;
            let client = client(push, ourselves.clone())
                .map_err(|error| SetupError::Client { till: till.id.clone(), cause: describe(&error) })?;
            clients.insert(till.id.clone(), client);
        }
        Ok(Self { ourselves, clients, stores: directory.stores.clone() })
    }
}

/// A connection for each message: most tills hear rarely, and none is asked to keep one open.
fn client(push: &Push, ourselves: Ourselves) -> Result<Client, reqwest::Error> {
    let port = push.url.port_or_known_default().unwrap_or_default();
    outbound::client()
        .dns_resolver(CheckedNames { ourselves, port })
        .http1_only()
        .pool_max_idle_per_host(0)
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT)
        .build()
}

#[async_trait]
impl Pusher for HttpPusher {
    async fn push(
        &self,
        till: &Till,
        message_id: &str,
        operation: &Operation,
        now: Timestamp,
    ) -> Result<(), NotPushed> {
        let (Some(push), Some(client)) = (&till.profile.push, self.clients.get(&till.id)) else {
            return Err(NotPushed::Unreached("the till has no notify_url".to_owned()));
        };
        // A name is checked where it is resolved.
        self.ourselves.check_url(&push.url).map_err(|forbidden| NotPushed::Unreached(forbidden.to_string()))?;
        let language = till.profile.language;
        let store = self.stores.iter().find(|store| store.id == operation.store);
        let reply = Reply::new(operation, false, language).with_receipts(operation, Paper::of(till, store, language));
        let format = Format::of_reply(Wishes::default(), &till.profile, Format::default());
        let encoded = format.encode(&Answer::Operation(Box::new(reply)));
        let (content_type, body) =
            encoded.map_err(|error| NotPushed::Refused(format!("it cannot be written: {error}")))?;
        let time = now.as_second();
        let signature = signature::signature(push.secret.expose_secret(), message_id, time, &body)
            .ok_or_else(|| NotPushed::Refused("it cannot be signed".to_owned()))?;
        let request = client
            .post(push.url.clone())
            .header(CONTENT_TYPE, &*content_type)
            .header("webhook-id", message_id)
            .header("webhook-timestamp", time)
            .header("webhook-signature", signature)
            .body(body);
        // Only the status counts: the body is not read.
        match request.send().await {
            Ok(response) if response.status().is_success() => Ok(()),
            Ok(response) => {
                let status = response.status().as_u16();
                let why = format!("the till answered with status {status}");
                // It is busy, or something in front of it answers in its place.
                let would_any = matches!(status, 429 | 502 | 503 | 504);
                Err(if would_any { NotPushed::Unreached(why) } else { NotPushed::Refused(why) })
            }
            Err(error) => Err(NotPushed::Unreached(describe(&error))),
        }
    }
}
