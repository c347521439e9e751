//! Dintero's addresses, called with a token.

use std::sync::Arc;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde::Serialize;
use tokio::sync::Semaphore;
use url::Url;

use super::credential_backoff::CredentialBackoff;
use super::settings::Settings;
use super::token::{Token, TokenError, Tokens};
use crate::provider::SetupError;
use crate::provider::client::{Client, Connection, Exchanged, PAGE_MAX, REPLY_MAX, Reply, under};
use crate::provider::clock::ProviderClock;

/// Most readings that may be under way at once, so that a busy day does not make Dintero slow us down.
const READINGS_MAX: usize = 32;

const NAME: &str = "pos-bridge";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// One call.
#[derive(Debug)]
pub(super) struct Call {
    /// Its name in the log and the metrics.
    name: &'static str,
    method: Method,
    url: Url,
    body: Option<Bytes>,
    longest: usize,
}

impl Call {
    pub(super) fn get(name: &'static str, url: Url) -> Self {
        Self { name, method: Method::GET, url, body: None, longest: REPLY_MAX }
    }

    /// A reading whose reply is a page of many things.
    pub(super) fn page(name: &'static str, url: Url) -> Self {
        Self { longest: PAGE_MAX, ..Self::get(name, url) }
    }

    pub(super) fn post(name: &'static str, url: Url) -> Self {
        Self { name, method: Method::POST, url, body: None, longest: REPLY_MAX }
    }

    pub(super) fn with_body(self, body: &impl Serialize) -> Result<Self, serde_json::Error> {
        Ok(Self { body: Some(serde_json::to_vec(body)?.into()), ..self })
    }
}

/// Dintero's API under one client and one token.
#[derive(Debug)]
pub(super) struct Api {
    checkout_url: Url,
    account_url: Url,
    client: Arc<Client>,
    clock: Arc<ProviderClock>,
    readings: Arc<Semaphore>,
    backoff: CredentialBackoff,
    pub(super) tokens: Tokens,
}

impl Api {
    pub(super) fn new(settings: &Settings) -> Result<Self, SetupError> {
        Self::build(settings, Arc::default(), Arc::new(Semaphore::new(READINGS_MAX)), CredentialBackoff::default())
    }

    /// The same API on a new connection with a new token.
    pub(super) fn fresh(&self, settings: &Settings) -> Result<Self, SetupError> {
        Self::build(settings, Arc::clone(&self.clock), Arc::clone(&self.readings), self.backoff.clone())
    }

    fn build(
        settings: &Settings,
        clock: Arc<ProviderClock>,
        readings: Arc<Semaphore>,
        backoff: CredentialBackoff,
    ) -> Result<Self, SetupError> {
        let addresses = [("checkout_url", &settings.checkout_url), ("api_url", &settings.api_url)];
        let client = Client::new("dintero", system_headers(), &addresses, settings.request_timeout)?;
        let client = Arc::new(client);
        let account_url = under(&settings.api_url, &["accounts", &settings.account_id]);
        let token_url = under(&account_url, &["auth", "token"]);
        let tokens = Tokens::new(settings, token_url, Arc::clone(&client), Arc::clone(&clock), backoff.clone());
        Ok(Self { checkout_url: settings.checkout_url.clone(), account_url, client, clock, readings, backoff, tokens })
    }

    pub(super) fn clock(&self) -> &ProviderClock {
        &self.clock
    }

    /// An address of the checkout.
    pub(super) fn checkout(&self, segments: &[&str]) -> Url {
        under(&self.checkout_url, segments)
    }

    /// An address of the account's administration.
    pub(super) fn account(&self, segments: &[&str]) -> Url {
        under(&self.account_url, segments)
    }

    /// Makes a call that may move money, on a connection of its own.
    pub(super) async fn send(&self, call: &Call) -> Result<Exchanged, TokenError> {
        self.with_token(call, Connection::SingleUse).await
    }

    /// Makes a call that moves no money.
    pub(super) async fn read(&self, call: &Call) -> Result<Exchanged, TokenError> {
        let _permit = self.readings.acquire().await;
        self.with_token(call, Connection::Pooled).await
    }

    /// A token that is refused is replaced once. A 401 is given before anything is done, so sending again is safe.
    async fn with_token(&self, call: &Call, connection: Connection) -> Result<Exchanged, TokenError> {
        let token = self.tokens.current().await?;
        match self.once(call, connection, &token).await {
            Exchanged::Replied(Reply { status: 401, .. }) => {
                let token = self.tokens.instead_of(&token).await?;
                Ok(self.once(call, connection, &token).await)
            }
            exchanged => Ok(exchanged),
        }
    }

    async fn once(&self, call: &Call, connection: Connection, token: &Token) -> Exchanged {
        let request = self.client.request(connection, call.method.clone(), call.url.clone());
        let request = request.bearer_auth(token.secret());
        let request = match &call.body {
            Some(body) => request.header(CONTENT_TYPE, "application/json").body(body.clone()),
            None => request,
        };
        let exchanged = self.client.exchange(call.name, request, call.longest).await;
        if let Exchanged::Replied(Reply { date: Some(date), .. }) = &exchanged {
            self.clock.observe(*date);
        }
        exchanged
    }
}

/// Dintero shows these beside every session and event, for its support.
fn system_headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("dintero-system-name", HeaderValue::from_static(NAME));
    headers.insert("dintero-system-version", HeaderValue::from_static(VERSION));
    headers.insert("dintero-system-plugin-name", HeaderValue::from_static(NAME));
    headers.insert("dintero-system-plugin-version", HeaderValue::from_static(VERSION));
    headers
}
