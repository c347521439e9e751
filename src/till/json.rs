//! JSON with nothing lost on the way: names that come twice stay visible, numbers stay as they were written.

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::fields::{BODY, Fields, Invalid, Value};
use super::walk::Unwritable;

/// The fields of a body; none when it is empty.
pub(super) fn decode(body: &str) -> Result<Fields, Invalid> {
    if body.trim_ascii().is_empty() {
        return Ok(Fields::default());
    }
    let members = serde_json::from_str::<Members>(body).map_err(|_| Invalid::new(BODY, "must be one JSON object"))?;
    members.into_fields()
}

/// An answer as JSON.
pub(super) fn encode(answer: &impl Serialize) -> Result<String, Unwritable> {
    serde_json::to_string(answer).map_err(|error| Unwritable(error.to_string()))
}

/// The members of an object inside a body.
pub(super) fn object(raw: &RawValue, place: &str) -> Result<Fields, Invalid> {
    let members: Members = serde_json::from_str(raw.get()).map_err(|_| Invalid::new(place, "must be an object"))?;
    members.into_fields().map_err(|invalid| Invalid::new(format!("{place}.{}", invalid.field), invalid.detail))
}

/// The elements of an array inside a body.
pub(super) fn array(raw: &RawValue, place: &str) -> Result<Vec<Value>, Invalid> {
    let elements: Vec<Box<RawValue>> =
        serde_json::from_str(raw.get()).map_err(|_| Invalid::new(place, "must be an array"))?;
    let values = elements.into_iter().map(value);
    values.collect::<Option<_>>().ok_or_else(|| Invalid::new(place, "must be valid Unicode text"))
}

/// The member that was being written at the end of a text.
pub(super) fn member_before(text: &str) -> Option<&str> {
    let (before, _) = text.rsplit_once("\":").or_else(|| text.rsplit_once("\" :"))?;
    before.rsplit_once('"').map(|(_, name)| name).filter(|name| !name.is_empty())
}

/// A text inside a JSON text.
pub(super) fn escape(text: &'static str) -> Cow<'static, str> {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned().into()
}

/// An object's members as they came; `serde_json::Value` would silently keep the last of two of the same name.
struct Members(Vec<(String, Box<RawValue>)>);

impl Members {
    fn into_fields(self) -> Result<Fields, Invalid> {
        let mut fields = Vec::with_capacity(self.0.len());
        for (name, raw) in self.0 {
            let value =
                value(raw).ok_or_else(|| Invalid::new(super::fields::shown(&name), "must be valid Unicode text"))?;
            fields.push((name, value));
        }
        Fields::new(fields)
    }
}

/// Nothing below the first level is read here, so that depth costs nothing. `None` for a text that is no Unicode.
fn value(raw: Box<RawValue>) -> Option<Value> {
    Some(match raw.get().as_bytes().first() {
        Some(b'"') => Value::Text(serde_json::from_str(raw.get()).ok()?),
        Some(b't' | b'f') => Value::Bool(raw.get() == "true"),
        Some(b'n') => Value::Null,
        Some(b'{' | b'[') => Value::Structured(raw),
        _ => Value::Number(raw.get().to_owned()),
    })
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}
