//! Reads Dojo's record, and remembers as of when.

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::Value;

use super::api::{Api, Call};
use super::classify;
use super::wire::{Cursor, Intent, Page, SearchRequest, Session, Terminal};
use crate::domain::card::without_card_numbers;
use crate::domain::identifiers::{AttemptReference, Handle, ProviderTerminalId};
use crate::ports::ReadError;
use crate::provider::client::{Exchanged, Reply};

/// The most that Dojo puts on a page.
const PAGE: usize = 100;
/// 300 000 payments: more than a shop takes in the days that a sweep looks back. A listing beyond it is an error, never
/// silently cut.
const PAGES_MAX: usize = 3_000;
/// How far a payment's date may be from when it was asked for.
const AROUND: SignedDuration = SignedDuration::from_mins(5);

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

    /// As of when the readings are, on Dojo's clock: the first of them, because what came after it may be missing.
    pub(super) fn at(&self) -> Timestamp {
        self.earliest.unwrap_or_else(|| self.api.clock().now())
    }

    /// A cancelled intent is only told to whoever asks for it.
    pub(super) async fn intent(&mut self, id: &str) -> Result<Option<Intent>, ReadError> {
        let segments = ["payment-intents", id];
        let call = Call::get("read_intent", &segments).with_query("returnCanceled", "true");
        let found: Option<Intent> = classify::reading(self.call(call).await)?;
        match found {
            Some(intent) if intent.id != id => Err(unusable("another payment came than was asked for")),
            found => Ok(found),
        }
    }

    pub(super) async fn session(&mut self, handle: &Handle) -> Result<Option<Session>, ReadError> {
        let segments = ["terminal-sessions", handle.as_str()];
        let found: Option<Session> = classify::reading(self.call(Call::get("read_session", &segments)).await)?;
        match found {
            Some(session) if session.id != handle.as_str() => Err(unusable("another session came than was asked for")),
            found => Ok(found),
        }
    }

    pub(super) async fn terminal(&mut self, id: &ProviderTerminalId) -> Result<Option<Terminal>, ReadError> {
        let segments = ["terminals", id.as_str()];
        let found: Option<Terminal> = classify::reading(self.call(Call::get("read_terminal", &segments)).await)?;
        match found {
            Some(terminal) if terminal.id != id.as_str() => Err(unusable("another terminal came than was asked for")),
            found => Ok(found),
        }
    }

    /// The intents that carry exactly this reference: there is no such filter, so those around the moment are read.
    pub(super) async fn intents_of(
        &mut self,
        ours: AttemptReference,
        asked: Timestamp,
    ) -> Result<Vec<Intent>, ReadError> {
        let since = asked.saturating_sub(AROUND).unwrap_or(Timestamp::MIN);
        let (mut list, mut found) = (self.intents(since), Vec::new());
        while let Some(page) = list.next_page().await? {
            for value in page.into_iter().filter(|value| reference_of(value) == Some(ours)) {
                found.push(understand(value)?);
            }
        }
        Ok(found)
    }

    /// Every intent since a moment.
    pub(super) fn intents(&mut self, since: Timestamp) -> Intents<'_, 'a> {
        let until = self.api.clock().now().saturating_add(AROUND).unwrap_or(Timestamp::MAX);
        let dates = (since.to_string(), until.to_string());
        Intents { reader: self, dates, after: None, pages: 0, is_over: false }
    }

    async fn page(&mut self, start_date: &str, end_date: &str, after: Option<&str>) -> Result<Page, ReadError> {
        let (start_date, end_date) = (start_date.to_owned(), end_date.to_owned());
        let search = SearchRequest { start_date, end_date, cursor: Cursor { limit: PAGE, after } };
        let segments = ["payment-intents", "search"];
        let call = Call::new("search_intents", Method::POST, &segments).paged().with_body(&search);
        let call = call.map_err(|error| unusable(&format!("the search cannot be written: {error}")))?;
        let page = classify::reading(self.call(call).await)?;
        page.ok_or_else(|| unusable("there is no list of payments at this address; check api_url"))
    }

    async fn call(&mut self, call: Call<'_>) -> Exchanged {
        let asked = self.api.clock().now();
        let exchanged = self.api.read(call).await;
        let date = match &exchanged {
            Exchanged::Replied(Reply { date, .. }) => date.unwrap_or(asked),
            _ => asked,
        };
        self.earliest = Some(self.earliest.map_or(date, |earliest| earliest.min(date)));
        exchanged
    }
}

/// A list of intents. No more than a page of it is held at once: as it came, that takes ten times the room of what is kept of
/// it.
pub(super) struct Intents<'r, 'a> {
    reader: &'r mut Reader<'a>,
    dates: (String, String),
    after: Option<String>,
    pages: usize,
    is_over: bool,
}

impl Intents<'_, '_> {
    /// The next page, as it came; `None` behind the last one.
    pub(super) async fn next_page(&mut self) -> Result<Option<Vec<Value>>, ReadError> {
        if self.is_over {
            return Ok(None);
        }
        if self.pages == PAGES_MAX {
            return Err(unusable("the list of payments does not end"));
        }
        let (start_date, end_date) = &self.dates;
        let page = self.reader.page(start_date, end_date, self.after.as_deref()).await?;
        self.pages += 1;
        let found = page.data.unwrap_or_default();
        // Dojo may name a next page after the last one.
        let next = page.after.filter(|_| found.len() == PAGE);
        self.is_over = next.is_none();
        if !self.is_over && next == self.after {
            return Err(unusable("the list of payments leads no further"));
        }
        self.after = next;
        Ok(Some(found))
    }
}

/// Which of our attempts an intent of a listing was made for, when it is one of ours.
pub(super) fn reference_of(intent: &Value) -> Option<AttemptReference> {
    AttemptReference::parse(intent.get("reference")?.as_str()?)
}

pub(super) fn understand(value: Value) -> Result<Intent, ReadError> {
    serde_json::from_value(value).map_err(|error| unusable(&format!("an answer that cannot be understood: {error}")))
}

/// The cause may quote what could not be understood.
pub(super) fn unusable(cause: &str) -> ReadError {
    ReadError::Unreachable { cause: without_card_numbers(cause), retry_after: None }
}
