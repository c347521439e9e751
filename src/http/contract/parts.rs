//! What several calls share: parameters, headers, ways to show a key.

use serde_json::{Value, json};

use crate::till::requests::{filter_schema, reference_rule, wait_rule};

/// What stands beside the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parameter {
    Reference,
    WaitInQuery,
    WaitInHeader,
    IdempotencyKey,
    LastEventIdInHeader,
    LastEventIdInQuery,
    /// Whose copy of a receipt.
    Copy,
    /// One parameter for each filter of a listing.
    Filters,
}

impl Parameter {
    /// As the document has them.
    pub(super) fn documents(self) -> Vec<Value> {
        match self {
            Self::Reference => vec![json!({
                "name": "reference", "in": "path", "required": true, "schema": reference_rule(), "example": "R-1001",
                "description": "The till's own number for it, percent-encoded.",
            })],
            Self::WaitInQuery => vec![json!({
                "name": "wait", "in": "query", "schema": wait_rule(), "example": 10,
                "description": "Seconds to hold the call for a result.",
            })],
            Self::WaitInHeader => vec![json!({
                "name": "Prefer", "in": "header", "example": "wait=10",
               "schema": { "type": "string" },
                "description": "`wait=SECONDS` says the same (RFC 7240); other preferences are ignored.",
            })],
            Self::IdempotencyKey => vec![json!({
                "name": "Idempotency-Key", "in": "header", "example": "R-1001", "schema": reference_rule(),
                "description": "The reference, when the body has none. When both are sent they must be the same.",
            })],
            Self::LastEventIdInHeader => vec![json!({
                "name": "Last-Event-ID", "in": "header", "example": 42,
                "schema": { "type": "integer", "minimum": 0 },
                "description": "The `id` of the last event that the till had; without it the stream begins now.",
            })],
            Self::LastEventIdInQuery => vec![json!({
                "name": "last_event_id", "in": "query", "example": 42,
                "schema": { "type": "integer", "minimum": 0 },
                "description": "The same, for a till that cannot send the header.",
            })],
            Self::Copy => vec![json!({
                "name": "copy", "in": "query", "example": "customer",
                "schema": { "type": "string", "enum": ["customer", "merchant"], "default": "customer" },
                "description": "Whose copy.",
            })],
            Self::Filters => filters(),
        }
    }
}

fn filters() -> Vec<Value> {
    let listing = filter_schema();
    let properties = listing.schema["properties"].as_object().into_iter().flatten();
    properties
        .map(|(name, schema)| {
            let mut schema = schema.clone();
            let description = schema.as_object_mut().and_then(|members| members.shift_remove("description"));
            json!({ "name": name, "in": "query", "schema": schema, "description": description })
        })
        .collect()
}

/// The headers of replies.
pub(super) fn headers() -> Value {
    json!({
        "Location": {
            "description": "Where to ask again. With 404 only where there is no receipt yet, with 423 only where an operation \
                            of the till itself stands in the way.",
            "schema": { "type": "string" }, "example": "/pay/R-1001",
        },
        "Retry-After": {
            "description": "After how many seconds. With 422 only where the sale cannot be refunded yet.",
            "schema": { "type": "integer", "minimum": 0 }, "example": 1,
        },
        "WWW-Authenticate": {
            "description": "How to show a key.", "schema": { "type": "string" }, "example": "Bearer realm=\"pos-bridge\"",
        },
    })
}

/// The ways to show a key; any one of them will do.
pub(super) fn security_schemes() -> Value {
    json!({
        "bearer": { "type": "http", "scheme": "bearer", "description": "`Authorization: Bearer KEY`" },
        "key": { "type": "apiKey", "in": "header", "name": "X-Api-Key", "description": "`X-Api-Key: KEY`" },
        "basic": {
            "type": "http", "scheme": "basic", "description": "`Authorization: Basic`, with the till's id and its key",
        },
    })
}
