//! The latest requests, for tests that ask what was really sent.

use std::collections::VecDeque;

use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use serde_json::{Map, Value, json};

const KEPT: usize = 1_000;

/// Worth asserting on. `Authorization` is not kept: a log is no place for secrets.
const HEADERS: &[&str] = &[
    "content-type",
    "user-agent",
    "idempotency-key",
    "idempotencykey",
    "content-length",
    "version",
    "software-house-id",
    "reseller-id",
    "dintero-feature-toggles",
    "dintero-system-name",
    "dintero-system-version",
    "dintero-system-plugin-name",
    "dintero-system-plugin-version",
];

#[derive(Debug, Default)]
pub(crate) struct RequestLog {
    latest: VecDeque<Entry>,
}

#[derive(Debug)]
struct Entry {
    parts: Parts,
    body: Bytes,
}

impl RequestLog {
    pub(crate) fn record(&mut self, parts: &Parts, body: &Bytes) {
        if self.latest.len() == KEPT {
            self.latest.pop_front();
        }
        self.latest.push_back(Entry { parts: parts.clone(), body: body.clone() });
    }

    pub(crate) fn clear(&mut self) {
        self.latest.clear();
    }

    /// Oldest first.
    pub(crate) fn report(&self) -> Value {
        self.latest.iter().map(Entry::document).collect()
    }
}

impl Entry {
    fn document(&self) -> Value {
        let body = serde_json::from_slice(&self.body).unwrap_or_else(|_| json!(String::from_utf8_lossy(&self.body)));
        json!({
            "method": self.parts.method.as_str(),
            "path": self.parts.uri.path(),
            "query": self.parts.uri.query(),
            "headers": kept_headers(&self.parts.headers),
            "body": body,
        })
    }
}

/// What a caller says of itself: shown as `initiating_system_request_headers` by Dintero.
pub(crate) fn system_headers(headers: &HeaderMap) -> Value {
    let all = kept_headers(headers).into_iter();
    let system = all.filter(|(name, _)| name.starts_with("dintero-system-"));
    system.map(|(name, value)| (name.replace('-', "_"), value)).collect()
}

fn kept_headers(headers: &HeaderMap) -> Map<String, Value> {
    HEADERS.iter().filter_map(|name| Some(((*name).to_owned(), json!(headers.get(*name)?.to_str().ok()?)))).collect()
}
