//! What a till's call holds, read once for every handler.

use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequest, Path, Request};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, TRANSFER_ENCODING};
use axum::response::Response;

use super::authentication::Caller;
use super::respond;
use crate::domain::directory::Till;
use crate::till::dialect::Dialect;
use crate::till::fields::{Fields, Invalid};
use crate::till::problem::{Code, Problem};
use crate::till::requests::{self, Wait};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const PREFER: HeaderName = HeaderName::from_static("prefer");

/// The last piece of an address, as axum reads it.
pub(super) type PathText = Result<Path<String>, PathRejection>;

/// A call of a known till, with its whole body.
pub(super) struct Asked {
    pub(super) till: Till,
    pub(super) reply_in: Dialect,
    pub(super) query: String,
    headers: HeaderMap,
    body: Bytes,
}

impl<S: Send + Sync> FromRequest<S> for Asked {
    type Rejection = Response;

    async fn from_request(mut request: Request, state: &S) -> Result<Self, Response> {
        let reply_in = respond::reply_dialect(request.headers());
        let refused = |code, detail: &str| respond::problem(reply_in, Problem::new(code, detail));
        let Some(Caller(till)) = request.extensions_mut().remove::<Caller>() else {
            return Err(refused(Code::Unauthorized, "this address is only for tills"));
        };
        let query = request.uri().query().unwrap_or_default().to_owned();
        let headers = request.headers().clone();
        match Bytes::from_request(request, state).await {
            Ok(body) => Ok(Self { till, reply_in, query, headers, body }),
            Err(_) => Err(refused(Code::InvalidRequest, "body: cannot be read")),
        }
    }
}

impl Asked {
    /// The fields of a body that must be there. Without a length a body is not read, and nobody would know why.
    pub(super) fn sent_fields(&self) -> Result<Fields, Problem> {
        if !self.headers.contains_key(CONTENT_LENGTH) && !self.headers.contains_key(TRANSFER_ENCODING) {
            let detail = "body: none arrived; send the fields as JSON, with the header Content-Length";
            return Err(Problem::new(Code::InvalidRequest, detail));
        }
        self.fields()
    }

    /// The fields of the body.
    pub(super) fn fields(&self) -> Result<Fields, Problem> {
        decoded(&self.headers, &self.body)
    }

    /// How long the till waits, in seconds: what it said of that in the body, the query or the headers, else `default`.
    pub(super) fn wait_seconds(&self, in_body: Option<u32>, default: u32) -> Result<u32, Invalid> {
        let prefer = self.headers.get_all(&PREFER).iter().filter_map(|value| value.to_str().ok());
        let wait = Wait { body: in_body, ..requests::waiting(&self.query, prefer)? };
        Ok(wait.seconds(&self.till, default))
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

/// The fields of a body, in the dialect that its content type names.
pub(super) fn decoded(headers: &HeaderMap, body: &[u8]) -> Result<Fields, Problem> {
    let content_type = headers.get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or("unreadable"));
    let dialect = match Dialect::of_request(content_type) {
        Ok(dialect) => dialect,
        Err(error) => return Err(Problem::new(Code::UnsupportedMediaType, error.to_string())),
    };
    Ok(dialect.decode(body)?)
}
