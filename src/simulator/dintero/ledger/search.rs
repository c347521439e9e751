//! The lists: newest first, found by index where a reference or a session is named.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, civil};
use serde_json::Value;

use super::{Ledger, Session, Transaction};

/// The documented query parameters, repeated ones and all.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    pairs: Vec<(String, String)>,
}

impl Filter {
    pub(crate) fn new(pairs: Vec<(String, String)>) -> Self {
        Self { pairs }
    }

    fn first(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// No such parameter lets everything through.
    fn admits(&self, name: &str, value: &str) -> bool {
        let mut wanted = self.pairs.iter().filter(|(key, _)| key == name).peekable();
        wanted.peek().is_none() || wanted.any(|(_, one)| one == value)
    }

    /// 1 to 100, 10 unless told; `Err` outside that.
    pub(crate) fn limit(&self) -> Result<usize, &'static str> {
        match self.first("limit").map(str::parse) {
            None => Ok(10),
            Some(Ok(limit @ 1..=100)) => Ok(limit),
            Some(_) => Err("limit must be 1 to 100"),
        }
    }

    /// `Err` for a date that cannot be read.
    fn check_dates(&self) -> Result<(), &'static str> {
        let can_be_read = |name| self.first(name).is_none_or(|text| moment(text, false).is_some());
        if ["created_at.gte", "created_at.lte"].into_iter().all(can_be_read) {
            Ok(())
        } else {
            Err("created_at must be an ISO 8601 date")
        }
    }

    fn admits_time(&self, at: Timestamp) -> bool {
        let from = self.first("created_at.gte").and_then(|text| moment(text, false));
        let to = self.first("created_at.lte").and_then(|text| moment(text, true));
        from.is_none_or(|from| at >= from) && to.is_none_or(|to| at <= to)
    }
}

/// ISO 8601; UTC without a zone; a bare date that ends a range means the end of that day.
fn moment(text: &str, end: bool) -> Option<Timestamp> {
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Some(timestamp);
    }
    if let Ok(date) = text.parse::<civil::Date>() {
        let date = if end { date.checked_add(1.day()).ok()? } else { date };
        return date.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    }
    let local = text.parse::<civil::DateTime>().ok()?;
    local.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

impl Ledger {
    pub(crate) fn list_transactions(&self, filter: &Filter) -> Result<Vec<Value>, &'static str> {
        filter.check_dates()?;
        let limit = filter.limit()?;
        let admitted = |transaction: &&Transaction| {
            admits_transaction(filter, transaction)
                && filter.admits("store_id", &self.listed_store(&transaction.store_id))
        };
        let show = |transaction: &Transaction| transaction.document(false);
        let after = filter.first("starting_after");
        let found = match self.named_transactions(filter) {
            Some(named) => named
                .into_iter()
                .filter(|it| self.is_older(&it.id, after))
                .filter(admitted)
                .filter_map(show)
                .take(limit)
                .collect(),
            None => self.transactions.newest_first(after).filter(admitted).filter_map(show).take(limit).collect(),
        };
        Ok(found)
    }

    /// What a filter by store is compared with: the merchant's id of it, or the account's own.
    fn listed_store(&self, store_id: &str) -> String {
        if self.lists_by_own_store_id { format!("{}-{store_id}", self.account_id) } else { store_id.to_owned() }
    }

    fn is_older(&self, id: &str, after: Option<&str>) -> bool {
        match after.and_then(|after| self.transactions.position(after)) {
            None => true,
            Some(end) => self.transactions.position(id).is_some_and(|position| position < end),
        }
    }

    /// Candidates by an index, if the question names something that has one.
    fn named_transactions(&self, filter: &Filter) -> Option<Vec<&Transaction>> {
        let reference = filter.first("merchant_reference").or_else(|| filter.first("merchant_reference_2"));
        let session_ids: Vec<&str> = match (reference, filter.first("session_id")) {
            (Some(reference), _) => {
                let ids = self.by_reference.get(reference);
                ids.into_iter().flatten().rev().map(String::as_str).collect()
            }
            (None, Some(_)) => {
                filter.pairs.iter().filter(|(name, _)| name == "session_id").map(|(_, id)| id.as_str()).collect()
            }
            (None, None) => return None,
        };
        let mut found: Vec<&Transaction> = session_ids
            .into_iter()
            .filter_map(|id| self.sessions.get(id)?.transaction_id.as_deref())
            .filter_map(|id| self.transactions.get(id))
            .collect();
        found.sort_by_key(|it| std::cmp::Reverse(self.transactions.position(&it.id)));
        Some(found)
    }

    pub(crate) fn list_sessions(&self, filter: &Filter) -> Result<Vec<Value>, &'static str> {
        filter.check_dates()?;
        let limit = filter.limit()?;
        let admitted = |session: &&Session| admits_session(filter, session);
        let show = |session: &Session| session.document(false);
        let after = filter.first("starting_after");
        let Some(reference) = filter.first("search") else {
            let sessions = self.sessions.newest_first(after);
            return Ok(sessions.filter(admitted).map(show).take(limit).collect());
        };
        let end = after.and_then(|id| self.sessions.position(id)).unwrap_or(usize::MAX);
        let named = self.by_reference.get(reference).into_iter().flatten().rev();
        Ok(named
            .filter(|id| self.sessions.position(id).is_some_and(|position| position < end))
            .filter_map(|id| self.sessions.get(id))
            .filter(admitted)
            .map(show)
            .take(limit)
            .collect())
    }
}

fn admits_transaction(filter: &Filter, transaction: &Transaction) -> bool {
    let second = transaction.merchant_reference_2.as_deref().unwrap_or_default();
    [
        ("id", transaction.id.as_str()),
        ("merchant_reference", &transaction.merchant_reference),
        ("merchant_reference_2", second),
        ("session_id", &transaction.session_id),
        ("terminal_id", &transaction.terminal_id),
        ("payout_destination_id", &transaction.payout_destination_id),
        ("currency", &transaction.currency),
        ("status", transaction.status().name()),
        ("channel", "in_store"),
        ("payment_product", "seitatech"),
    ]
    .into_iter()
    .all(|(name, value)| filter.admits(name, value))
        && filter.admits_time(transaction.created_at)
}

fn admits_session(filter: &Filter, session: &Session) -> bool {
    let transaction_id = session.transaction_id.as_deref().unwrap_or_default();
    filter.admits("id", &session.id)
        && filter.admits("transaction_id", transaction_id)
        && filter.admits("store_id", &session.request.store_id)
        && filter.admits_time(session.created_at)
}
