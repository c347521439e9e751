//! Reading a JSON request body as strictly as the contract allows.

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::problem::Problem;

/// The body as JSON, its members with a small first letter: Dojo binds them in either case.
pub(super) fn read(headers: &HeaderMap, body: &Bytes) -> Result<Value, Problem> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if !content_type.is_some_and(|it| it.trim_start().starts_with("application/json")) {
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Content-Type must be application/json."));
    }
    serde_json::from_slice(body).map(small_letters).map_err(unreadable)
}

/// The body as a type that knows all its members.
pub(super) fn read_as<T: DeserializeOwned>(headers: &HeaderMap, body: &Bytes) -> Result<T, Problem> {
    serde_json::from_value(read(headers, body)?).map_err(unreadable)
}

pub(super) fn unreadable(error: serde_json::Error) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, error.to_string())
}

fn small_letters(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .map(|(name, member)| {
                let name = small_letter(&name);
                // The names in there are the caller's own.
                let member = if name == "metadata" { member } else { small_letters(member) };
                (name, member)
            })
            .collect(),
        Value::Array(elements) => elements.into_iter().map(small_letters).collect(),
        other => other,
    }
}

fn small_letter(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
