//! How long a till waits for a result.

use crate::domain::directory::{Till, WAIT_SECONDS_MAX};
use crate::till::fields::{Fields, Invalid};
use crate::till::reader::Reader;

const WANTED: &str = "must be 0 to 300 whole seconds";

/// What a till said of waiting, in the places where it may say so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wait {
    /// In the body.
    pub body: Option<u32>,
    /// In the query.
    pub query: Option<u32>,
    /// In the `Prefer` header.
    pub header: Option<u32>,
}

impl Wait {
    /// The seconds to wait: the body's before the query's before the header's, else `default`; never more than the
    /// till's profile allows.
    #[must_use]
    pub fn seconds(self, till: &Till, default: u32) -> u32 {
        self.body.or(self.query).or(self.header).unwrap_or(default).min(till.profile.wait_seconds_max)
    }
}

/// What the query and the `Prefer` headers say of waiting, for a call whose query may say nothing else.
///
/// # Errors
/// [`Invalid`] for a wait that is not 0 to 300, and for any other field in the query.
pub fn waiting<'a>(query: &str, prefer: impl Iterator<Item = &'a str>) -> Result<Wait, Invalid> {
    let query = wait_only(Fields::from_query(query)?)?;
    Ok(Wait { body: None, query, header: preferred(prefer)? })
}

/// The wait of a call that has no other field.
///
/// # Errors
/// [`Invalid`] for a wait that is not 0 to 300, and for any other field.
pub fn wait_only(fields: Fields) -> Result<Option<u32>, Invalid> {
    in_fields(Reader::new(&fields.only(&["wait"])?))
}

pub(super) fn in_fields(reader: Reader<'_>) -> Result<Option<u32>, Invalid> {
    let seconds = reader.whole_number("wait", WANTED)?;
    seconds.map(|seconds| within_bounds(seconds).ok_or_else(|| reader.invalid("wait", WANTED))).transpose()
}

fn within_bounds(seconds: i64) -> Option<u32> {
    u32::try_from(seconds).ok().filter(|seconds| *seconds <= WAIT_SECONDS_MAX)
}

/// `wait` of RFC 7240; other preferences are none of ours and ignored, as it asks.
fn preferred<'a>(headers: impl Iterator<Item = &'a str>) -> Result<Option<u32>, Invalid> {
    let mut preferences = headers.flat_map(|header| header.split(',')).filter_map(|preference| {
        let (name, value) = preference.split(';').next()?.split_once('=')?;
        name.trim().eq_ignore_ascii_case("wait").then(|| value.trim().trim_matches('"'))
    });
    let Some(text) = preferences.next() else { return Ok(None) };
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = if digits { text.parse().ok().and_then(within_bounds) } else { None };
    seconds.map(Some).ok_or_else(|| Invalid::new("Prefer: wait", WANTED))
}
