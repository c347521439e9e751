//! Dojo's error bodies: problem details, with a `code` from the terminal calls, and the one in `PascalCase`.

use std::collections::BTreeMap;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::simulator::dojo::ledger::Refused;
use crate::simulator::identifiers;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Details,
    Coded(&'static str),
    Pascal,
}

#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    shape: Shape,
    detail: Option<String>,
    /// What is wrong with which member.
    errors: BTreeMap<&'static str, Vec<String>>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, shape: Shape::Details, detail: Some(detail.into()), errors: BTreeMap::new() }
    }

    /// 400 that names members.
    pub(super) fn invalid(errors: BTreeMap<&'static str, Vec<String>>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, shape: Shape::Details, detail: None, errors }
    }

    /// As `GET /terminals` words it.
    pub(super) fn coded(self) -> Self {
        let code = match self.status {
            StatusCode::NOT_FOUND => "TERMINAL_UNAVAILABLE",
            status if status.is_server_error() => "INTERNAL_ERROR",
            _ => "INVALID_REQUEST",
        };
        Self { shape: Shape::Coded(code), ..self }
    }

    fn body(&self) -> Value {
        let status = self.status.as_u16();
        if self.shape == Shape::Pascal {
            return json!({ "Status": status, "Detail": self.detail, "Extensions": {} });
        }
        let reason = self.status.canonical_reason().unwrap_or("Error");
        let title = if self.errors.is_empty() { reason } else { "One or more validation errors occurred." };
        let mut body = json!({
            "type": "https://tools.ietf.org/html/rfc7231#section-6.5",
            "title": title,
            "status": status,
            "traceId": format!("00-{}", identifiers::uuid()),
            "errors": self.errors,
        });
        if let Some(detail) = &self.detail {
            body["detail"] = json!(detail);
        }
        if let Shape::Coded(code) = self.shape {
            body["code"] = json!(code);
        }
        body
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.status, Json(self.body())).into_response()
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let detail = refused.to_string();
        let status = match refused {
            Refused::NoIntent | Refused::NoSession | Refused::NoRefund | Refused::NoTerminal | Refused::Offline => {
                StatusCode::NOT_FOUND
            }
            Refused::Busy | Refused::NothingPrompted => StatusCode::CONFLICT,
            Refused::TooLateToCancel | Refused::NoSignatureAsked => StatusCode::UNPROCESSABLE_ENTITY,
            Refused::WrongStatus(_)
            | Refused::WrongCurrency
            | Refused::ExceedsRest
            | Refused::UnlinkedRefundsOff
            | Refused::RefundFailed
            | Refused::ReversalFailed => StatusCode::BAD_REQUEST,
        };
        let problem = Self::new(status, detail);
        match refused {
            Refused::RefundFailed | Refused::ReversalFailed => Self { shape: Shape::Pascal, ..problem },
            _ => problem,
        }
    }
}
