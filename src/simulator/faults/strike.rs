//! What a caller gets instead of an honest answer.

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Response, StatusCode, Uri, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use thiserror::Error;

use super::bodies::{EndlessBody, HalfBody};
use super::{CallKind, ErrorBody, Fault};
use crate::simulator::connection::Handle;

const DEPTH: usize = 10_000;

/// The connection ends without an answer.
#[derive(Debug, Error)]
#[error("the connection was cut on purpose")]
pub(crate) struct Severed;

/// Lets the fault strike. `honest` is the answer of work that was done, and absent where it was not.
pub(crate) async fn strike(
    fault: &Fault,
    call: CallKind,
    honest: Option<Response<Body>>,
    uri: &Uri,
    connection: &Handle,
) -> Result<Response<Body>, Severed> {
    match fault {
        Fault::LoseRequest | Fault::LoseReply => Err(Severed),
        Fault::Reset => {
            connection.reset();
            Err(Severed)
        }
        Fault::HalfAnswer => half(honest).await,
        Fault::Status { code, body, retry_after } => Ok(status(*code, body.unwrap_or(call.error_body()), *retry_after)),
        Fault::Redirect { location } => Ok(redirect(location.as_deref(), uri)),
        Fault::Garbage => Ok(page("<html><body>502 Bad Gateway</body></html>", "text/html")),
        Fault::WrongType => {
            Ok(page(r#"{"id":42,"events":"none","amount":"many","status":7,"data":"none"}"#, "application/json"))
        }
        Fault::Endless => Ok(Response::new(Body::new(EndlessBody::new()))),
        Fault::LyingAmount => lie(honest, &add_to_amount).await,
        Fault::LyingCurrency => lie(honest, &change_currency).await,
        Fault::LyingTerminal => lie(honest, &change_terminal).await,
        Fault::StrangeWord => lie(honest, &change_word).await,
        Fault::Deep => Ok(page(&format!("{}{}", "[".repeat(DEPTH), "]".repeat(DEPTH)), "application/json")),
        // A delay is waited for around the work, a stale read is done by it, and the rest is for callbacks.
        Fault::Delay(_)
        | Fault::StaleRead
        | Fault::Duplicate(_)
        | Fault::Late(_)
        | Fault::Reordered
        | Fault::Dropped
        | Fault::Forged
        | Fault::WrongTime => honest.ok_or(Severed),
    }
}

async fn half(honest: Option<Response<Body>>) -> Result<Response<Body>, Severed> {
    let honest = honest.unwrap_or_else(|| page(r#"{"id":"T00000000.half"}"#, "application/json"));
    let (mut parts, body) = honest.into_parts();
    let bytes = read(body).await?;
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    let sent = bytes.slice(..bytes.len() / 2);
    Ok(Response::from_parts(parts, Body::new(HalfBody::new(sent))))
}

fn status(code: u16, body: ErrorBody, retry_after: Option<u64>) -> Response<Body> {
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = error(status, body);
    *response.status_mut() = status;
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn error(status: StatusCode, body: ErrorBody) -> Response<Body> {
    let title = status.canonical_reason().unwrap_or("Error");
    let code = status.as_u16();
    let body = match body {
        ErrorBody::Error => json!({ "error": { "errors": [], "message": title.to_uppercase() } }),
        ErrorBody::Problem => json!({ "title": title, "status": code, "traceId": "00-simulated", "errors": {} }),
        ErrorBody::Coded => json!({
            "code": "INTERNAL_ERROR", "title": title, "type": "about:blank", "status": code,
            "traceId": "00-simulated", "errors": {},
        }),
        ErrorBody::Pascal => json!({ "Status": code, "Detail": title, "Extensions": {} }),
        ErrorBody::Empty => return Response::new(Body::empty()),
        ErrorBody::Html => return page(&format!("<html><body>{code} {title}</body></html>"), "text/html"),
    };
    page(&body.to_string(), "application/json")
}

fn redirect(location: Option<&str>, uri: &Uri) -> Response<Body> {
    let target = location.map_or_else(|| uri.to_string(), str::to_owned);
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    if let Ok(value) = HeaderValue::from_str(&target) {
        response.headers_mut().insert(header::LOCATION, value);
    }
    response
}

fn page(text: &str, content_type: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(text.to_owned()));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

async fn read(body: Body) -> Result<Bytes, Severed> {
    Ok(body.collect().await.map_err(|_| Severed)?.to_bytes())
}

async fn lie(
    honest: Option<Response<Body>>,
    change: &(dyn Fn(&str, &mut Value) + Sync),
) -> Result<Response<Body>, Severed> {
    let (mut parts, body) = honest.ok_or(Severed)?.into_parts();
    let bytes = read(body).await?;
    let Ok(mut document) = serde_json::from_slice(&bytes) else {
        return Ok(Response::from_parts(parts, Body::from(bytes)));
    };
    change_members(&mut document, change);
    parts.headers.remove(header::CONTENT_LENGTH);
    Ok(Response::from_parts(parts, Body::from(document.to_string())))
}

fn change_members(value: &mut Value, change: &(dyn Fn(&str, &mut Value) + Sync)) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                change(name, member);
                change_members(member, change);
            }
        }
        Value::Array(elements) => {
            for element in elements {
                change_members(element, change);
            }
        }
        _ => {}
    }
}

fn add_to_amount(name: &str, value: &mut Value) {
    if matches!(name, "amount" | "value")
        && let Some(amount) = value.as_i64()
    {
        *value = json!(amount.saturating_add(100));
    }
}

fn change_currency(name: &str, value: &mut Value) {
    if matches!(name, "currency" | "currencyCode") {
        *value = json!("XTS");
    }
}

fn change_word(name: &str, value: &mut Value) {
    if matches!(name, "status" | "event") && value.is_string() {
        *value = json!("SOMETHING_NEW");
    }
}

fn change_terminal(name: &str, value: &mut Value) {
    match name {
        "terminal_id" => *value = json!("T9999"),
        "terminalId" => *value = json!("tm_sandbox_elsewhere"),
        _ => {}
    }
}
