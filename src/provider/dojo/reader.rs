//! Reads Dojo's record, and remembers as of when.

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::Value;

use super::api::{Api, Call};
use super::classify;
use super::wire::{Cursor, Intent, Page, SearchRequest, Session, Terminal};
use crate::domain::identifiers::{AttemptReference, Handle, ProviderTerminalId};
use crate::ports::ReadError;
use crate::provider::client::Exchanged;
use crate::provider::list::{PAGE, Pager, Places};
use crate::provider::record::{AsOf, understand, unusable};

/// How far a payment's date may be from when it was asked for.
const AROUND: SignedDuration = SignedDuration::from_mins(5);

/// Where an intent in a list has what names it.
pub(super) const PLACES: Places = Places {
    provider: "dojo",
    reference: "/reference",
    terminal: "/terminalSessionHistory/0/terminalSession/terminalId",
    till_reference: "/metadata/till_reference",
    transaction: "/id",
};

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

    /// As of when the readings are, on Dojo's clock.
    pub(super) fn at(&self) -> Timestamp {
        self.as_of.earliest().unwrap_or_else(|| self.api.clock().now())
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
            for value in page.into_iter().filter(|value| PLACES.reference_of(value) == Some(ours)) {
                let intent: Intent = understand(value)?;
                // A list that moves while it is read may tell of one twice.
                found.retain(|known: &Intent| known.id != intent.id);
                found.push(intent);
            }
        }
        Ok(found)
    }

    /// Every intent since a moment.
    pub(super) fn intents(&mut self, since: Timestamp) -> Intents<'_, 'a> {
        let until = self.api.clock().now().saturating_add(AROUND).unwrap_or(Timestamp::MAX);
        let dates = (since.to_string(), until.to_string());
        Intents { reader: self, dates, pager: Pager::default(), previous: Vec::new() }
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
        self.as_of.note(asked, Some(&exchanged));
        exchanged
    }
}

/// A list of intents.
pub(super) struct Intents<'r, 'a> {
    reader: &'r mut Reader<'a>,
    dates: (String, String),
    pager: Pager,
    /// The page before.
    previous: Vec<Value>,
}

impl Intents<'_, '_> {
    /// The next page, as it came; `None` behind the last one.
    pub(super) async fn next_page(&mut self) -> Result<Option<Vec<Value>>, ReadError> {
        if self.pager.is_over() {
            return Ok(None);
        }
        let (start_date, end_date) = &self.dates;
        let page = self.reader.page(start_date, end_date, self.pager.after()).await?;
        // A page with fewer than were asked for need not be the last, and Dojo may name a next one after that: it is empty, or
        // the same once more.
        if page.data.is_none() && page.after.is_some() {
            return Err(unusable("a page of the list of payments without the payments"));
        }
        let found = page.data.filter(|found| found.len() == PAGE || *found != self.previous).unwrap_or_default();
        let leads_on = |next: &String| found.len() == PAGE || self.pager.after() != Some(next);
        let next = page.after.filter(|next| !found.is_empty() && leads_on(next));
        self.pager.turn(next)?;
        self.previous.clone_from(&found);
        Ok(Some(found))
    }
}
