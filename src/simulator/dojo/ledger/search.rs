//! `POST /payment-intents/search`: newest first, by status and time of creation.

use jiff::Timestamp;
use serde_json::Value;

use super::Ledger;
use super::intent::IntentStatus;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Page {
    First,
    /// Older than this one.
    After(String),
    /// Newer than this one.
    Before(String),
}

/// A checked search.
#[derive(Debug, Clone)]
pub(crate) struct SearchRequest {
    pub(crate) statuses: Vec<IntentStatus>,
    pub(crate) from: Option<Timestamp>,
    pub(crate) to: Option<Timestamp>,
    pub(crate) limit: usize,
    pub(crate) page: Page,
}

/// The intents of a page, and the cursors of the pages beside it.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) data: Vec<Value>,
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
}

impl Ledger {
    pub(crate) fn search(&mut self, request: &SearchRequest, now: Timestamp) -> Found {
        self.void_all_due(now);
        let matching = self.intents.newest_first(None).map(|intent| intent.latest()).filter(|intent| {
            (request.statuses.is_empty() || request.statuses.contains(&intent.status))
                && request.from.is_none_or(|from| intent.created_at >= from)
                && request.to.is_none_or(|to| intent.created_at <= to)
        });
        let matching: Vec<_> = matching.collect();
        let position = |id: &String| matching.iter().position(|intent| intent.id == *id);
        let (start, end) = match &request.page {
            Page::First => (0, request.limit),
            Page::After(id) => {
                let start = position(id).map_or(matching.len(), |position| position + 1);
                (start, start + request.limit)
            }
            Page::Before(id) => {
                let end = position(id).unwrap_or(0);
                (end.saturating_sub(request.limit), end)
            }
        };
        let shown = matching.get(start.min(matching.len())..end.min(matching.len())).unwrap_or_default();
        let last = shown.last().filter(|_| end < matching.len());
        Found {
            data: shown.iter().map(|intent| self.intent_document(intent, now)).collect(),
            before: shown.first().filter(|_| start > 0).map(|intent| intent.id.clone()),
            after: last.map(|intent| intent.id.clone()),
        }
    }
}
