//! Reads Dintero's record, and remembers as of when.

use jiff::Timestamp;
use serde_json::Value;
use url::Url;

use super::api::{Api, Call};
use super::classify;
use super::token::TokenError;
use super::wire::{Session, Transaction};
use crate::domain::identifiers::{AttemptReference, Handle, TransactionId};
use crate::ports::ReadError;
use crate::provider::client::Exchanged;
use crate::provider::list::{PAGE, Pager};
use crate::provider::record::{AsOf, understand, unusable};

/// Readings that belong together.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    api: &'a Api,
    as_of: AsOf,
}

impl<'a> Reader<'a> {
    pub(super) fn new(api: &'a Api) -> Self {
        Self { api, as_of: AsOf::default() }
    }

    /// As of when the readings are, on Dintero's clock.
    pub(super) fn at(&self) -> Timestamp {
        self.as_of.earliest().unwrap_or_else(|| self.api.clock().now())
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
        if matches!(reply.status, 400 | 403 | 404 | 405 | 410 | 501) {
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
    pub(super) fn transactions<'r>(&'r mut self, filters: &'r [(&'r str, &'r str)]) -> Transactions<'r, 'a> {
        Transactions { reader: self, filters, pager: Pager::default() }
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
        self.as_of.note(asked, exchanged.as_ref().ok());
        exchanged
    }
}

/// A list of transactions.
pub(super) struct Transactions<'r, 'a> {
    reader: &'r mut Reader<'a>,
    filters: &'r [(&'r str, &'r str)],
    pager: Pager,
}

impl Transactions<'_, '_> {
    /// The next page, as it came; `None` behind the last one.
    pub(super) async fn next_page(&mut self) -> Result<Option<Vec<Value>>, ReadError> {
        if self.pager.is_over() {
            return Ok(None);
        }
        let page = self.reader.page(self.filters, self.pager.after()).await?;
        self.pager.turn(behind(&page)?)?;
        Ok(Some(page))
    }
}

/// Dintero names no next page: it begins behind the last payment of a full one.
fn behind(page: &[Value]) -> Result<Option<String>, ReadError> {
    if page.len() < PAGE {
        return Ok(None);
    }
    let last = page.iter().rev().find_map(|value| text(value, "id"));
    last.map(|id| Some(id.to_owned())).ok_or_else(|| unusable("a list of payments that name themselves nowhere"))
}

fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value.get(name).and_then(Value::as_str)
}
