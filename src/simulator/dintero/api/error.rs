//! Dintero's error body: `{"error": {"message", "code"?, "errors"?}}`.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::simulator::dintero::ledger::Refused;

#[derive(Debug)]
pub(crate) enum ApiError {
    /// 400 with `INVALID_REQUEST_PARAMETER` and a description for each fault found.
    Invalid(Vec<String>),
    /// 401, without a code, as Dintero's own tests show it.
    Unauthorized,
    /// 403, without a code.
    Forbidden,
    /// 404.
    NotFound,
    /// 409 with `Retry-After`.
    Conflict { retry_after: u64 },
}

impl ApiError {
    pub(crate) fn invalid(description: impl Into<String>) -> Self {
        Self::Invalid(vec![description.into()])
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Conflict { .. } => StatusCode::CONFLICT,
        }
    }

    fn body(&self) -> Value {
        match self {
            Self::Invalid(descriptions) => {
                let errors = descriptions.iter().map(|text| json!({ "description": text }));
                json!({ "error": {
                    "code": "INVALID_REQUEST_PARAMETER",
                    "message": "Invalid request parameter",
                    "errors": errors.collect::<Vec<_>>(),
                }})
            }
            Self::Unauthorized => plain("UNAUTHORIZED"),
            Self::Forbidden => plain("FORBIDDEN"),
            Self::NotFound => plain("Resource was not found"),
            Self::Conflict { .. } => plain("CONFLICT"),
        }
    }
}

fn plain(message: &str) -> Value {
    json!({ "error": { "errors": [], "message": message } })
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status(), Json(self.body())).into_response();
        if let Self::Conflict { retry_after } = self {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after));
        }
        response
    }
}

impl From<Refused> for ApiError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::NotFound => Self::NotFound,
            other => Self::invalid(other.to_string()),
        }
    }
}
