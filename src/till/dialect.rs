//! The languages that tills speak: how a body becomes fields, and a reply becomes bytes.

use bytes::Bytes;
use serde::Serialize;

use super::fields::{Fields, Invalid};
use super::json;
use super::problem::Problem;
use super::reply::{AlarmList, HistoryReply, OperationList, PushList, Reply, TerminalList};

/// A language of tills.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// `application/json`, in UTF-8.
    #[default]
    Json,
}

/// Everything that can be said to a caller.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// Where an operation stands.
    Operation(Box<Reply>),
    /// A page of operations.
    Operations(OperationList),
    /// The terminals.
    Terminals(TerminalList),
    /// An operation and what happened to it.
    History(Box<HistoryReply>),
    /// What a person must see to.
    Alarms(AlarmList),
    /// What tills have not taken.
    Pushes(PushList),
    /// A refusal.
    Problem(Problem),
}

/// A body in no dialect that is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("send application/json in UTF-8")]
pub struct UnsupportedContentType;

impl Dialect {
    /// The dialect of a request's body. Simple tills send no content type; they mean JSON.
    ///
    /// # Errors
    /// [`UnsupportedContentType`] for any other one, and for JSON in another charset than UTF-8.
    pub fn of_request(content_type: Option<&str>) -> Result<Self, UnsupportedContentType> {
        let Some(content_type) = content_type.filter(|text| !text.trim().is_empty()) else {
            return Ok(Self::Json);
        };
        let mut parts = content_type.split(';').map(str::trim);
        let is_json = parts.next().is_some_and(is_json);
        let is_utf8 = parts.all(|parameter| match parameter.split_once('=') {
            Some((name, charset)) if name.trim().eq_ignore_ascii_case("charset") => {
                let charset = charset.trim().trim_matches('"');
                charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("us-ascii")
            }
            _ => true,
        });
        if is_json && is_utf8 { Ok(Self::Json) } else { Err(UnsupportedContentType) }
    }

    /// The dialect of a reply: what the caller accepts, else as the request came.
    #[must_use]
    pub fn of_reply(accept: Option<&str>, request: Self) -> Self {
        let accepts_json = accept.is_some_and(|accept| accept.split(',').any(|range| is_json(range.trim())));
        if accepts_json { Self::Json } else { request }
    }

    /// The fields of a body.
    ///
    /// # Errors
    /// [`Invalid`] when the body is not what its dialect says, or names a field twice.
    pub fn decode(self, body: &[u8]) -> Result<Fields, Invalid> {
        match self {
            Self::Json => json::decode(body),
        }
    }

    /// The content type and the bytes of an answer.
    ///
    /// # Errors
    /// Never for the answers of this program; the encoder's own.
    pub fn encode(self, answer: &Answer) -> Result<(&'static str, Bytes), serde_json::Error> {
        let content_type = match (self, answer) {
            (Self::Json, Answer::Problem(_)) => "application/problem+json",
            (Self::Json, _) => "application/json",
        };
        Ok((content_type, serde_json::to_vec(answer)?.into()))
    }
}

fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json") || essence.eq_ignore_ascii_case("text/json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_understood_and_nothing_that_a_web_page_can_send_unasked() {
        for good in [
            None,
            Some(""),
            Some("application/json"),
            Some("Application/JSON; Charset=\"UTF-8\""),
            Some("application/json;charset=utf-8"),
            Some("text/json"),
        ] {
            assert_eq!(Dialect::of_request(good), Ok(Dialect::Json), "{good:?}");
        }
        for bad in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/json; charset=iso-8859-1",
            "application/xml",
            "json",
        ] {
            assert_eq!(Dialect::of_request(Some(bad)), Err(UnsupportedContentType), "{bad}");
        }
    }
}
