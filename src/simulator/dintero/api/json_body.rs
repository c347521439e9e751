//! Reading a JSON request body as strictly as the contract allows.

use axum::body::Bytes;
use axum::http::{HeaderMap, header};
use serde_json::Value;

use super::ApiError;

/// The body as JSON; refused without a JSON content type.
pub(crate) fn read_json(headers: &HeaderMap, body: &Bytes) -> Result<Value, ApiError> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if !content_type.is_some_and(|it| it.trim_start().starts_with("application/json")) {
        return Err(ApiError::invalid("Content-Type must be application/json"));
    }
    serde_json::from_slice(body).map_err(|error| ApiError::invalid(error.to_string()))
}

/// Cancel and void take no body.
pub(super) fn require_no_body(body: &Bytes) -> Result<(), ApiError> {
    if body.is_empty() { Ok(()) } else { Err(ApiError::invalid("no body is expected")) }
}
