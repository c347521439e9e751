//! Lists and objects inside a request, however its dialect holds them.

use super::fields::{Fields, Invalid, Value};
use super::json;

/// The elements of a list; `place` is what errors call it.
pub(super) fn elements(value: &Value, place: &str) -> Result<Vec<Value>, Invalid> {
    match value {
        Value::Structured(raw) => json::array(raw, place),
        Value::List(values) => Ok(values.clone()),
        // An empty element of XML, or an empty field of a form.
        Value::Untyped(text) if text.is_empty() => Ok(Vec::new()),
        _ => Err(Invalid::new(place, "must be an array")),
    }
}

/// The members of an object; `place` is what errors call it.
pub(super) fn members(value: &Value, place: &str) -> Result<Fields, Invalid> {
    match value {
        Value::Structured(raw) => json::object(raw, place),
        Value::Object(fields) => Ok(fields.clone()),
        Value::Untyped(text) if text.is_empty() => Ok(Fields::default()),
        _ => Err(Invalid::new(place, "must be an object")),
    }
}
