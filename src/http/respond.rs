//! Answers as HTTP responses.

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{ACCEPT, ACCEPT_CHARSET, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::language;
use crate::domain::attempt::Kind;
use crate::domain::directory::{Charset, Language, Profile, Till};
use crate::domain::operation::{Operation, Retry};
use crate::till::charset;
use crate::till::dialect::Answer;
use crate::till::format::{Format, Wishes};
use crate::till::problem::{Code, Problem};

/// How long a till should leave a state that may change soon, in seconds.
const RETRY_AFTER_SECONDS: &str = "1";

/// What another method than those of an address is told.
pub(super) const OTHER_METHOD: &str = "use one of the methods in the Allow header";

/// How the reply to a request with these headers is written, while nobody knows which till sent it.
pub(super) fn reply_format(headers: &HeaderMap) -> Format {
    reply_format_for(headers, &Profile::default())
}

/// How the reply to a till of this profile is written.
pub(super) fn reply_format_for(headers: &HeaderMap, profile: &Profile) -> Format {
    reply_format_to(headers, profile, &[])
}

/// The same, once the request's body is there: that may declare its code page itself.
pub(super) fn reply_format_to(headers: &HeaderMap, profile: &Profile, body: &[u8]) -> Format {
    let wishes = Wishes { accept: text_of(headers, &ACCEPT), accept_charset: text_of(headers, &ACCEPT_CHARSET) };
    let request = Format::of_request(text_of(headers, &CONTENT_TYPE), profile).unwrap_or_default();
    // A body that declares a code page that is not known is refused, in the format that its content type names.
    Format::of_reply(wishes, profile, request.as_declared(body).unwrap_or(request))
}

/// The code page of a text to print for a till of this profile.
pub(super) fn charset_of_text(headers: &HeaderMap, profile: &Profile) -> Charset {
    let wishes = Wishes { accept: text_of(headers, &ACCEPT), accept_charset: text_of(headers, &ACCEPT_CHARSET) };
    Format::charset_of_text(wishes, profile)
}

/// A header's text, when it is one.
pub(super) fn text_of<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// An answer that is no refusal.
pub(super) fn ok(format: impl Into<Format>, answer: &Answer) -> Response {
    encoded(StatusCode::OK, format, answer)
}

/// What came of a question: its answer, or why there is none, for a cashier of this language.
pub(super) async fn answered(
    format: impl Into<Format>,
    language: Language,
    answer: impl Future<Output = Result<Answer, Problem>>,
) -> Response {
    match answer.await {
        Ok(answer) => ok(format, &answer),
        Err(refusal) => problem(format, refusal.told_in(language)),
    }
}

/// Why a request was refused, for the log.
#[derive(Debug, Clone)]
pub(super) struct Refused {
    pub(super) code: &'static str,
    pub(super) detail: String,
}

/// Stands in a response to a till that is known; other refusals are strangers'.
#[derive(Debug, Clone, Copy)]
pub(super) struct OfTill;

/// A refusal.
pub(super) fn problem(format: impl Into<Format>, problem: Problem) -> Response {
    let Problem { code, retry, .. } = problem;
    let refused = Refused { code: code.word(), detail: problem.detail.clone() };
    let location = problem.location.clone();
    let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = encoded(status, format, &Answer::Problem(problem));
    response.extensions_mut().insert(refused);
    let headers = response.headers_mut();
    if let Some(location) = location.and_then(|path| HeaderValue::from_str(&path).ok()) {
        headers.insert(LOCATION, location);
    }
    if retry == Retry::SameReference && passes_soon(code) {
        headers.insert(RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_SECONDS));
    }
    response
}

/// What asking again after a moment helps against.
const fn passes_soon(code: Code) -> bool {
    matches!(
        code,
        Code::NotRefundable
            | Code::TerminalBusy
            | Code::RateLimited
            | Code::Overloaded
            | Code::StorageUnavailable
            | Code::StorageStalled
            | Code::ShuttingDown
    )
}

/// The state of an operation: 200 when it is final, else 202 and where to ask again.
pub(super) fn operation(format: impl Into<Format>, operation: &Operation, answer: &Answer) -> Response {
    if operation.status().is_final() {
        return ok(format, answer);
    }
    let mut response = encoded(StatusCode::ACCEPTED, format, answer);
    let headers = response.headers_mut();
    if let Ok(location) = HeaderValue::from_str(&path_of(operation)) {
        headers.insert(LOCATION, location);
    }
    headers.insert(RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_SECONDS));
    response
}

/// Where a till finds its operation.
pub(super) fn path_of(operation: &Operation) -> String {
    let resource = match operation.kind {
        Kind::Sale => "pay",
        Kind::Refund => "refund",
    };
    let escaped: String = form_urlencoded::byte_serialize(operation.reference.as_str().as_bytes()).collect();
    // The form encoding writes a space as a plus, which an address would take for a plus.
    format!("/{resource}/{}", escaped.replace('+', "%20"))
}

/// An answer with this status.
pub(super) fn encoded(status: StatusCode, format: impl Into<Format>, answer: &Answer) -> Response {
    match format.into().encode(answer) {
        Ok((content_type, bytes)) => {
            (status, [(CONTENT_TYPE, content_type.as_ref())], Body::from(bytes)).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "an answer could not be encoded");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// There is nothing at this address.
pub(super) async fn not_found(request: Request) -> Response {
    refused(request.headers(), Problem::new(Code::NotFound, "there is nothing at this address"))
}

/// There is, but not for this method; `Allow` tells for which.
pub(super) async fn method_not_allowed(request: Request) -> Response {
    refused(request.headers(), Problem::new(Code::MethodNotAllowed, OTHER_METHOD))
}

/// A refusal of a caller who is not known to be a till.
pub(super) fn refused(headers: &HeaderMap, refusal: Problem) -> Response {
    problem(reply_format(headers), refusal.told_in(language::of_stranger(headers)))
}

/// A refusal of this till.
pub(super) fn refused_to(till: &Till, headers: &HeaderMap, refusal: Problem) -> Response {
    let mut response =
        problem(reply_format_for(headers, &till.profile), refusal.told_in(language::of_till(headers, till)));
    response.extensions_mut().insert(OfTill);
    response
}

/// A text to print in a till's code page, with the line ends that printers want.
pub(super) fn plain_text(charset: Charset, text: &str) -> Response {
    let printed = charset::encode_text(charset, &format!("{}\r\n", text.replace('\n', "\r\n")));
    ([(CONTENT_TYPE, format!("text/plain; charset={}", charset.name()))], printed).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::attempt::{Phase, Reason};
    use crate::domain::directory::Dialect;
    use crate::domain::identifiers::Reference;
    use crate::domain::specimen::operation as sale;
    use crate::till::reply::Reply;

    fn told(found: &Operation) -> Response {
        let answer = Answer::Operation(Box::new(Reply::new(found, false, Language::English)));
        operation(Dialect::Json, found, &answer)
    }

    #[test]
    fn a_final_outcome_is_200_whichever_it_is() {
        let reason = Reason::new("no", "no");
        for phase in [
            Phase::Declined { reason: reason.clone() },
            Phase::Failed { reason },
            Phase::Cancelled { resolution: None },
        ] {
            let response = told(&sale(phase));
            assert_eq!(response.status(), StatusCode::OK);
            assert!(!response.headers().contains_key(LOCATION));
        }
    }

    #[test]
    fn anything_else_is_202_and_tells_where_to_ask_again() {
        for phase in [Phase::Sending, Phase::Abandoned { handle: None }] {
            let mut pending = sale(phase);
            pending.reference = Reference::new("Kasse 1/Bon+å").unwrap();
            pending.kind = Kind::Refund;
            let response = told(&pending);
            assert_eq!(response.status(), StatusCode::ACCEPTED);
            assert_eq!(response.headers()[LOCATION], "/refund/Kasse%201%2FBon%2B%C3%A5");
            assert_eq!(response.headers()[RETRY_AFTER], RETRY_AFTER_SECONDS);
        }
    }

    #[test]
    fn every_code_is_sent_with_its_own_status() {
        for code in Code::ALL {
            for (dialect, content_type) in [
                (Dialect::Json, "application/problem+json"),
                (Dialect::Form, "text/plain; charset=utf-8"),
                (Dialect::Xml, "application/problem+xml; charset=utf-8"),
            ] {
                let response = problem(dialect, Problem::new(code, "why"));
                assert_eq!(response.status().as_u16(), code.status());
                assert_eq!(response.headers()[CONTENT_TYPE], content_type);
            }
        }
    }
}
