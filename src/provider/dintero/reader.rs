//! Reads Dintero's record, and remembers as of when.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::api::{Api, Call};
use super::classify;
use super::token::TokenError;
use super::wire::{Session, Transaction};
use crate::domain::card::without_card_numbers;
use crate::domain::identifiers::{AttemptReference, Handle, TransactionId};
use crate::ports::ReadError;
use crate::provider::client::{Exchanged, Reply};

/// The most that Dintero puts on a page.
const PAGE: usize = 100;
/// 300 000 payments: more than a shop takes in the days that a sweep looks back. A listing beyond it is an error, never
/// silently cut.
const PAGES_MAX: usize = 3_000;

/// Readings that belong together.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    api: &'a Api,
    earliest: Option<Timestamp>,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(api: &'a Api) -> Self {
        Self { api, earliest: None }
    }

    /// As of when the readings are, on Dintero's clock: the first of them, because what came after it may be missing.
    pub(super) fn at(&self) -> Timestamp {
        self.earliest.unwrap_or_else(|| self.api.clock().now())
    }

    pub(super) async fn session(&mut self, handle: &Handle) -> Result<Option<Session>, ReadError> {
        let url = self.api.checkout(&["sessions", handle.as_str()]);
        let found: Option<Session> = classify::reading(self.call(&Call::get("read_session", url)).await)?;
        match found {
            Some(session) if session.id != handle.as_str() => Err(unusable("another session came than was asked for")),
            found => Ok(found),
        }
    }

    pub(super) async fn transaction(&mut self, id: &TransactionId) -> Result<Transaction, ReadError> {
        let url = self.api.checkout(&["transactions", id.as_str()]);
        let found: Option<Transaction> = classify::reading(self.call(&Call::get("read_transaction", url)).await)?;
        match found {
            Some(transaction) if transaction.id == id.as_str() => Ok(transaction),
            Some(_) => Err(unusable("another transaction came than was asked for")),
            None => Err(unusable(&format!("transaction {id} was not found"))),
        }
    }

    /// The payments that carry exactly this reference.
    pub(super) async fn transactions_of(&mut self, ours: AttemptReference) -> Result<Vec<Transaction>, ReadError> {
        let is_ours = |value: &Value| text(value, "merchant_reference").and_then(AttemptReference::parse) == Some(ours);
        let reference = ours.to_string();
        let filters = [("merchant_reference", reference.as_str())];
        let (mut list, mut found) = (self.transactions(&filters), Vec::new());
        while let Some(page) = list.next_page().await? {
            for value in page.into_iter().filter(&is_ours) {
                found.push(understand(value)?);
            }
        }
        Ok(found)
    }

    /// The sessions that carry exactly this reference; none where this address of Dintero's cannot list sessions.
    pub(super) async fn sessions_of(&mut self, ours: AttemptReference) -> Result<Vec<Session>, ReadError> {
        let mut url = self.api.checkout(&["sessions"]);
        url.query_pairs_mut().append_pair("search", &ours.to_string()).append_pair("limit", &PAGE.to_string());
        let reply = classify::replied(self.call(&Call::page("search_sessions", url)).await)?;
        if matches!(reply.status, 403 | 404) {
            return Ok(Vec::new());
        }
        let found: Vec<Value> = classify::reading(Ok(Exchanged::Replied(reply)))?.unwrap_or_default();
        let is_ours = |value: &&Value| {
            value.get("order").and_then(|order| text(order, "merchant_reference")).and_then(AttemptReference::parse)
                == Some(ours)
        };
        let mut sessions = Vec::new();
        for id in found.iter().filter(is_ours).filter_map(|value| text(value, "id")) {
            // A search may lag behind: the session itself is the record.
            let handle = Handle::new(id).map_err(|_| unusable("a session has a name that none can have"))?;
            sessions.extend(self.session(&handle).await?);
        }
        Ok(sessions)
    }

    /// Every transaction that passes the filters.
    pub(super) const fn transactions<'r>(&'r mut self, filters: &'r [(&'r str, &'r str)]) -> Transactions<'r, 'a> {
        Transactions { reader: self, filters, after: None, pages: 0, is_over: false }
    }

    async fn page(&mut self, filters: &[(&str, &str)], after: Option<&str>) -> Result<Vec<Value>, ReadError> {
        let mut url: Url = self.api.checkout(&["transactions"]);
        url.query_pairs_mut()
            .extend_pairs(filters)
            .append_pair("limit", &PAGE.to_string())
            .extend_pairs(after.map(|id| ("starting_after", id)));
        let page = classify::reading(self.call(&Call::page("list_transactions", url)).await)?;
        page.ok_or_else(|| unusable("there is no list of transactions at this address; check checkout_url"))
    }

    async fn call(&mut self, call: &Call) -> Result<Exchanged, TokenError> {
        let asked = self.api.clock().now();
        let exchanged = self.api.read(call).await;
        let date = match &exchanged {
            Ok(Exchanged::Replied(Reply { date, .. })) => date.unwrap_or(asked),
            _ => asked,
        };
        self.earliest = Some(self.earliest.map_or(date, |earliest| earliest.min(date)));
        exchanged
    }
}

/// A list of transactions. No more than a page of it is held at once: as it came, that takes ten times the room of what is
/// kept of it.
pub(super) struct Transactions<'r, 'a> {
    reader: &'r mut Reader<'a>,
    filters: &'r [(&'r str, &'r str)],
    after: Option<String>,
    pages: usize,
    is_over: bool,
}

impl Transactions<'_, '_> {
    /// The next page, as it came; `None` behind the last one.
    pub(super) async fn next_page(&mut self) -> Result<Option<Vec<Value>>, ReadError> {
        if self.is_over {
            return Ok(None);
        }
        if self.pages == PAGES_MAX {
            return Err(unusable("the list of transactions does not end"));
        }
        let page = self.reader.page(self.filters, self.after.as_deref()).await?;
        self.pages += 1;
        self.is_over = page.len() < PAGE;
        let end = page.iter().rev().find_map(|value| text(value, "id")).map(str::to_owned);
        if !self.is_over && (end.is_none() || end == self.after) {
            return Err(unusable("the list of transactions leads no further"));
        }
        self.after = end;
        Ok(Some(page))
    }
}

pub(super) fn understand<T: DeserializeOwned>(value: Value) -> Result<T, ReadError> {
    serde_json::from_value(value).map_err(|error| unusable(&format!("an answer that cannot be understood: {error}")))
}

fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value.get(name).and_then(Value::as_str)
}

/// The cause may quote what could not be understood.
pub(super) fn unusable(cause: &str) -> ReadError {
    ReadError::Unreachable { cause: without_card_numbers(cause), retry_after: None }
}
