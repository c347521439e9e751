//! What the callback listener needs to tell a provider from anybody else.

use bytes::Bytes;
use jiff::Timestamp;

use crate::domain::identifiers::{AttemptReference, Handle};
use crate::domain::operation::ProviderName;

/// A request that claims to come from a provider.
#[derive(Debug, Clone)]
pub struct CallbackRequest {
    /// `GET` or `POST`.
    pub method: String,
    /// The path that was called here.
    pub path: String,
    /// The query without its question mark, exactly as it came.
    pub query: String,
    /// The headers, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body; never a source of truth.
    pub body: Bytes,
}

impl CallbackRequest {
    /// The first header with this lower-case name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// A request to the callback listener did not come from the provider.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a genuine callback: {0}")]
pub struct NotGenuine(pub &'static str);

/// A callback that proved genuine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callback {
    /// Who sent it.
    pub provider: ProviderName,
    /// The sender's number of this delivery, the same when it is repeated; our own digest of it where it has none.
    pub delivery: String,
    /// What it is about, as far as it tells.
    pub about: Option<Subject>,
    /// The called address without the host, for the log.
    pub query: String,
    /// When it came.
    pub received_at: Timestamp,
}

/// What a callback is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// An attempt, by our reference.
    Attempt(AttemptReference),
    /// A payment that was prepared, by the provider's name for it.
    Payment(Handle),
}

/// Tells a provider's callbacks from anybody else's.
pub trait CallbackVerifier: Send + Sync {
    /// What the request is, when it is proven to come from the provider.
    ///
    /// # Errors
    /// [`NotGenuine`] for anything that is not proven.
    fn verify(&self, request: &CallbackRequest, now: Timestamp) -> Result<Callback, NotGenuine>;
}
