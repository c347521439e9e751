//! What a till's call holds, read once for every handler.

use std::borrow::Cow;

use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequest, Path, Request};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, TRANSFER_ENCODING};
use axum::response::Response;

use crate::domain::directory::{Charset, Language, Profile, Till};
use crate::http::connections::Exchange;
use crate::http::entrance::authentication::{self, Caller};
use crate::http::{language, respond};
use crate::till::fields::{Fields, Invalid, shown};
use crate::till::format::{Format, UnsupportedContentType};
use crate::till::problem::{Code, Problem};
use crate::till::requests::{self, Wait};

pub(in crate::http) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
pub(in crate::http) const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
pub(in crate::http) const PREFER: HeaderName = HeaderName::from_static("prefer");

/// The last piece of an address, as axum reads it.
pub(super) type PathText = Result<Path<String>, PathRejection>;

/// A call of a known till, with its whole body.
pub(super) struct Asked {
    pub(super) till: Till,
    pub(super) reply_in: Format,
    /// What its cashier is told in.
    pub(super) language: Language,
    pub(super) query: String,
    /// The connection that it came over.
    pub(super) exchange: Exchange,
    headers: HeaderMap,
    body: Bytes,
}

impl<S: Send + Sync> FromRequest<S> for Asked {
    type Rejection = Response;

    async fn from_request(mut request: Request, state: &S) -> Result<Self, Response> {
        let reply_in = authentication::reply_format(&request);
        let stranger = language::of_stranger(request.headers());
        let refused =
            |code, detail: &str, told_in| respond::problem(reply_in, Problem::new(code, detail).told_in(told_in));
        let Some(Caller(till)) = request.extensions_mut().remove::<Caller>() else {
            return Err(refused(Code::Unauthorized, "this address is only for tills", stranger));
        };
        let query = request.uri().query().unwrap_or_default().to_owned();
        let headers = request.headers().clone();
        let language = language::of_till(&headers, &till);
        let exchange = request.extensions_mut().remove::<Exchange>().unwrap_or_default();
        let Ok(body) = Bytes::from_request(request, state).await else {
            return Err(refused(Code::InvalidRequest, "body: cannot be read", language));
        };
        let reply_in = respond::reply_format_to(&headers, &till.profile, &body);
        Ok(Self { till, reply_in, language, query, exchange, headers, body })
    }
}

impl Asked {
    /// The fields of a body that must be there, or of the query in its place. Without a length a body is not read, and
    /// nobody would know why.
    pub(super) fn sent_fields(&self) -> Result<Fields, Problem> {
        if self.query_is_the_body() {
            let format = Format::of_query(content_type(&self.headers), &self.till.profile).map_err(unsupported)?;
            return Ok(format.decode(self.query.as_bytes())?);
        }
        if !self.headers.contains_key(CONTENT_LENGTH) && !self.headers.contains_key(TRANSFER_ENCODING) {
            let detail =
                "body: none arrived; send the fields in one, with the header Content-Length, or in the address";
            return Err(Problem::new(Code::InvalidRequest, detail));
        }
        match self.query_beyond_wait() {
            Some(name) => {
                Err(Invalid::new(shown(&name), "stands in the address beside a body; send all fields in one").into())
            }
            None => self.fields(),
        }
    }

    /// Tills that cannot send a body write its fields into the address.
    fn query_is_the_body(&self) -> bool {
        self.body.trim_ascii().is_empty() && self.query_beyond_wait().is_some()
    }

    /// The first field of the query that says more than how long to wait.
    fn query_beyond_wait(&self) -> Option<Cow<'_, str>> {
        form_urlencoded::parse(self.query.as_bytes()).map(|(name, _)| name).find(|name| name != "wait")
    }

    /// The fields of the body.
    pub(super) fn fields(&self) -> Result<Fields, Problem> {
        decoded(&self.headers, &self.till.profile, &self.body)
    }

    /// How long the till waits, in seconds: what it said of that in the body, the query or the headers, else `default`.
    pub(super) fn wait_seconds(&self, in_body: Option<u32>, default: u32) -> Result<u32, Invalid> {
        self.wait_seconds_beside(&self.query, in_body, default)
    }

    /// The same for a call whose fields are [`Self::sent_fields`]: where the query has all of them, it has the wait too.
    pub(super) fn sent_wait_seconds(&self, in_fields: Option<u32>, default: u32) -> Result<u32, Invalid> {
        let query = if self.query_is_the_body() { "" } else { &self.query };
        self.wait_seconds_beside(query, in_fields, default)
    }

    fn wait_seconds_beside(&self, query: &str, in_body: Option<u32>, default: u32) -> Result<u32, Invalid> {
        let prefer = self.headers.get_all(&PREFER).iter().filter_map(|value| value.to_str().ok());
        let wait = Wait { body: in_body, ..requests::waiting(query, prefer)? };
        Ok(wait.seconds(&self.till, default))
    }

    /// The code page of a text that the till prints.
    pub(super) fn charset_of_text(&self) -> Charset {
        respond::charset_of_text(&self.headers, &self.till.profile)
    }

    /// Which event the till had last, by the header or, where a till cannot send that, by the query. A till that connects
    /// anew sends both, and the header is the later one.
    pub(super) fn last_event_id(&self) -> Result<Option<i64>, Invalid> {
        let in_query = requests::last_event_id(Fields::from_query(&self.query)?)?;
        let Some(header) = self.headers.get(&LAST_EVENT_ID).filter(|value| !value.is_empty()) else {
            return Ok(in_query);
        };
        match header.to_str().ok().and_then(|text| text.trim().parse().ok()) {
            Some(position @ 0..) => Ok(Some(position)),
            _ => Err(Invalid::new("Last-Event-ID", "must be the id of an event, a whole number")),
        }
    }

    /// Lets go of the headers and the body: what is left of them would hold the connection's whole buffer while the till
    /// waits, and a thousand tills may wait.
    pub(super) fn forget_request(&mut self) {
        (self.headers, self.body) = (HeaderMap::new(), Bytes::new());
    }

    /// The reference that stands in the headers.
    pub(super) fn idempotency_key(&self) -> Result<Option<&str>, Invalid> {
        let mut keys = self.headers.get_all(&IDEMPOTENCY_KEY).iter();
        match (keys.next(), keys.next()) {
            (None, _) => Ok(None),
            (Some(key), None) => std::str::from_utf8(key.as_bytes())
                .map(Some)
                .map_err(|_| Invalid::new("Idempotency-Key", "must be text in UTF-8")),
            (Some(_), Some(_)) => Err(Invalid::new("Idempotency-Key", "must be given once")),
        }
    }
}

/// The text of the last piece of an address; `name` is what errors call it.
pub(super) fn text_in_path(path: PathText, name: &str) -> Result<String, Invalid> {
    path.map(|Path(text)| text).map_err(|_| Invalid::new(name, "must be percent-encoded UTF-8 in the address"))
}

/// The fields of a body, written as its content type says, else as the profile does.
pub(super) fn decoded(headers: &HeaderMap, profile: &Profile, body: &[u8]) -> Result<Fields, Problem> {
    let format = Format::of_request(content_type(headers), profile).map_err(unsupported)?;
    Ok(format.decode(body)?)
}

fn content_type(headers: &HeaderMap) -> Option<&str> {
    headers.get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or("unreadable"))
}

fn unsupported(error: UnsupportedContentType) -> Problem {
    Problem::new(Code::UnsupportedMediaType, error.to_string())
}
