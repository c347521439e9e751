//! Dojo's calls, each with the headers that its part of the API wants.

use std::sync::Arc;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue};
use secrecy::ExposeSecret;
use serde::Serialize;
use tokio::sync::Semaphore;
use url::Url;

use super::settings::Settings;
use crate::provider::SetupError;
use crate::provider::client::{Client, Connection, Exchanged, PAGE_MAX, REPLY_MAX, Reply, under};
use crate::provider::clock::ProviderClock;

/// Most readings that may be under way at once.
const READINGS_MAX: usize = 32;
/// The section of the configuration, and the provider's name in log and metrics.
const NAME: &str = "dojo";

/// One call.
#[derive(Debug)]
pub(super) struct Call<'a> {
    /// Its name in the log and the metrics.
    name: &'static str,
    method: Method,
    segments: &'a [&'a str],
    query: Option<(&'static str, &'static str)>,
    idempotency_key: Option<String>,
    body: Bytes,
    longest: usize,
}

impl<'a> Call<'a> {
    pub(super) fn new(name: &'static str, method: Method, segments: &'a [&'a str]) -> Self {
        let (query, idempotency_key, body, longest) = (None, None, Bytes::new(), REPLY_MAX);
        Self { name, method, segments, query, idempotency_key, body, longest }
    }

    pub(super) fn get(name: &'static str, segments: &'a [&'a str]) -> Self {
        Self::new(name, Method::GET, segments)
    }

    pub(super) fn with_query(self, name: &'static str, value: &'static str) -> Self {
        Self { query: Some((name, value)), ..self }
    }

    /// The reply is a page of many things.
    pub(super) fn paged(self) -> Self {
        Self { longest: PAGE_MAX, ..self }
    }

    pub(super) fn with_idempotency_key(self, key: String) -> Self {
        Self { idempotency_key: Some(key), ..self }
    }

    pub(super) fn with_body(self, body: &impl Serialize) -> Result<Self, serde_json::Error> {
        Ok(Self { body: serde_json::to_vec(body)?.into(), ..self })
    }
}

/// Dojo's API under one key.
#[derive(Debug)]
pub(super) struct Api {
    base: Url,
    client: Client,
    clock: Arc<ProviderClock>,
    readings: Arc<Semaphore>,
    intents: HeaderMap,
    terminals: HeaderMap,
    sessions: HeaderMap,
}

impl Api {
    pub(super) fn new(settings: &Settings) -> Result<Self, SetupError> {
        Self::build(settings, Arc::default(), Arc::new(Semaphore::new(READINGS_MAX)))
    }

    /// The same API on a new connection.
    pub(super) fn fresh(&self, settings: &Settings) -> Result<Self, SetupError> {
        Self::build(settings, Arc::clone(&self.clock), Arc::clone(&self.readings))
    }

    fn build(settings: &Settings, clock: Arc<ProviderClock>, readings: Arc<Semaphore>) -> Result<Self, SetupError> {
        let addresses = [("api_url", &settings.api_url)];
        let client = Client::new(NAME, common_headers(settings)?, &addresses, settings.request_timeout)?;
        let (software_house, reseller) = (settings.partners.software_house, settings.partners.reseller);
        Ok(Self {
            base: settings.api_url.clone(),
            client,
            clock,
            readings,
            intents: partner_headers(settings, software_house.intents, reseller.intents)?,
            terminals: partner_headers(settings, software_house.terminals, reseller.terminals)?,
            sessions: partner_headers(settings, software_house.sessions, reseller.sessions)?,
        })
    }

    pub(super) fn clock(&self) -> &ProviderClock {
        &self.clock
    }

    /// Makes a call that may move money, on a connection of its own.
    pub(super) async fn send(&self, call: Call<'_>) -> Exchanged {
        self.exchange(call, Connection::SingleUse).await
    }

    /// Makes a call that moves no money.
    pub(super) async fn read(&self, call: Call<'_>) -> Exchanged {
        let _permit = self.readings.acquire().await;
        self.exchange(call, Connection::Pooled).await
    }

    async fn exchange(&self, call: Call<'_>, connection: Connection) -> Exchanged {
        let mut url = under(&self.base, call.segments);
        if let Some((name, value)) = call.query {
            url.query_pairs_mut().append_pair(name, value);
        }
        let is_reading = call.method == Method::GET;
        let mut request = self.client.request(connection, call.method, url);
        request = request.headers(self.partners_of(call.segments).clone());
        if let Some(key) = call.idempotency_key {
            request = request.header("idempotencyKey", key);
        }
        if !call.body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json").body(call.body);
        } else if !is_reading {
            // Dojo's gateway refuses an empty PUT or DELETE that does not say so.
            request = request.header(CONTENT_LENGTH, "0").body("");
        }
        let exchanged = self.client.exchange(call.name, request, call.longest).await;
        if let Exchanged::Replied(Reply { date: Some(date), .. }) = &exchanged {
            self.clock.observe(*date);
        }
        exchanged
    }

    fn partners_of(&self, segments: &[&str]) -> &HeaderMap {
        match segments.first() {
            Some(&"terminals") => &self.terminals,
            Some(&"terminal-sessions") => &self.sessions,
            _ => &self.intents,
        }
    }
}

/// The key is sent as it is: `Basic` is a mere word here, nothing is encoded.
fn common_headers(settings: &Settings) -> Result<HeaderMap, SetupError> {
    let mut key = header("api_key", &format!("Basic {}", settings.api_key.expose_secret()))?;
    key.set_sensitive(true);
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, key);
    headers.insert("version", header("version", &settings.version)?);
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    Ok(headers)
}

fn partner_headers(settings: &Settings, software_house: bool, reseller: bool) -> Result<HeaderMap, SetupError> {
    let mut headers = HeaderMap::new();
    if software_house {
        headers.insert("software-house-id", header("software_house_id", &settings.software_house_id)?);
    }
    if let Some(id) = settings.reseller_id.as_ref().filter(|_| reseller) {
        headers.insert("reseller-id", header("reseller_id", id)?);
    }
    Ok(headers)
}

fn header(key: &'static str, value: &str) -> Result<HeaderValue, SetupError> {
    HeaderValue::from_str(value).map_err(|_| SetupError::Header { section: NAME, key })
}
