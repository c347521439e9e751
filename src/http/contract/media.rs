//! The languages that requests and replies may be in.

use serde_json::{Value, json};

/// One dialect, as the contract shows it.
pub(super) struct Media {
    /// Of a request's body.
    pub(super) request: &'static str,
    /// Of a reply.
    pub(super) reply: &'static str,
    /// Of a refusal.
    pub(super) problem: &'static str,
    /// A reply is an object in the contract's words; otherwise it is a text that says the same.
    pub(super) is_json: bool,
}

/// Every dialect, the usual one first.
pub(super) const DIALECTS: &[Media] = &[Media {
    request: "application/json",
    reply: "application/json",
    problem: "application/problem+json",
    is_json: true,
}];

/// A body that may come in every dialect; `media_type` picks which of a dialect's types it has.
pub(super) fn in_every_dialect(
    media_type: fn(&Media) -> &'static str,
    schema: &Value,
    examples: &Value,
    is_reply: bool,
) -> Value {
    let mut content = serde_json::Map::new();
    for media in DIALECTS {
        let body = if media.is_json || !is_reply {
            json!({ "schema": schema, "examples": examples })
        } else {
            json!({ "schema": { "type": "string" } })
        };
        content.entry(media_type(media)).or_insert(body);
    }
    Value::Object(content)
}
