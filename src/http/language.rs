//! The language in which a caller is told.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;

use crate::domain::directory::{Language, Till};
use crate::till::texts;

/// What a till is told in: what the request asks for, else what its profile says.
pub(super) fn of_till(headers: &HeaderMap, till: &Till) -> Language {
    asked_for(headers).unwrap_or(till.profile.language)
}

/// What a caller is told in who is not known to be a till.
pub(super) fn of_stranger(headers: &HeaderMap) -> Language {
    asked_for(headers).unwrap_or_default()
}

/// Several headers are one list (RFC 9110, 5.3).
fn asked_for(headers: &HeaderMap) -> Option<Language> {
    let lists: Vec<&str> = headers.get_all(ACCEPT_LANGUAGE).iter().filter_map(|value| value.to_str().ok()).collect();
    texts::asked_for(&lists.join(","))
}
