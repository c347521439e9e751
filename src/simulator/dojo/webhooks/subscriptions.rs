//! Who is told of what, and with which secrets.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};
use url::Url;

use super::EVENTS;
use crate::simulator::dojo::options::DojoOptions;
use crate::simulator::identifiers;

#[derive(Debug)]
pub(crate) struct Secret {
    pub(crate) id: String,
    value: String,
    created_at: Timestamp,
    pub(crate) is_active: bool,
}

#[derive(Debug)]
pub(crate) struct Subscription {
    id: String,
    pub(crate) events: Vec<String>,
    pub(crate) url: Url,
    pub(crate) description: Option<String>,
    /// Oldest first.
    pub(crate) secrets: Vec<Secret>,
    created_at: Timestamp,
}

impl Secret {
    fn new(value: String) -> Self {
        Self { id: identifiers::dojo_id("sc"), value, created_at: Timestamp::now(), is_active: true }
    }

    fn document(&self) -> Value {
        json!({
            "id": self.id,
            "value": self.value,
            "createdAt": self.created_at.to_string(),
            "isActive": self.is_active,
        })
    }
}

impl Subscription {
    pub(super) fn wants(&self, event: &str) -> bool {
        self.events.iter().any(|wanted| wanted == event)
    }

    /// The newest that is active.
    pub(super) fn signing_secret(&self) -> Option<String> {
        self.secrets.iter().rev().find(|secret| secret.is_active).map(|secret| secret.value.clone())
    }

    /// A new one is not active before it is activated.
    pub(crate) fn add_secret(&mut self) {
        let mut secret = Secret::new(identifiers::base58(22));
        secret.is_active = false;
        self.secrets.push(secret);
    }

    pub(crate) fn secrets_document(&self) -> Value {
        json!({ "id": self.id, "secrets": self.secrets.iter().map(Secret::document).collect::<Vec<_>>() })
    }

    pub(crate) fn document(&self, account_id: &str) -> Value {
        json!({
            "id": self.id,
            "accountId": account_id,
            "events": self.events,
            "url": self.url.as_str(),
            "description": self.description,
            "secrets": self.secrets.iter().map(Secret::document).collect::<Vec<_>>(),
            "createdAt": self.created_at.to_string(),
            "updatedAt": self.created_at.to_string(),
        })
    }
}

/// All subscriptions of the account, by identifier.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    by_id: BTreeMap<String, Subscription>,
}

impl Subscriptions {
    /// With the one that the account has from the start.
    pub(crate) fn new(options: &DojoOptions) -> Self {
        let mut subscriptions = Self::default();
        if let Some(webhook) = &options.webhook {
            let events = EVENTS.iter().map(|event| (*event).to_owned()).collect();
            subscriptions.add(events, webhook.url.clone(), None, webhook.secret.clone());
        }
        subscriptions
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Subscription> {
        self.by_id.values()
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut Subscription> {
        self.by_id.get_mut(id)
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<Subscription> {
        self.by_id.remove(id)
    }

    /// The URL is taken already.
    pub(crate) fn knows(&self, url: &Url) -> bool {
        self.all().any(|subscription| subscription.url == *url)
    }

    pub(crate) fn add(
        &mut self,
        events: Vec<String>,
        url: Url,
        description: Option<String>,
        secret: String,
    ) -> &Subscription {
        let id = identifiers::dojo_id("ws");
        let subscription = Subscription {
            id: id.clone(),
            events,
            url,
            description,
            secrets: vec![Secret::new(secret)],
            created_at: Timestamp::now(),
        };
        self.by_id.entry(id).or_insert(subscription)
    }
}
