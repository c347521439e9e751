//! Refusals as the till reads them: one table of codes, and the document of RFC 9457.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

use super::fields::Invalid;
use super::texts;
use crate::domain::directory::Language;
use crate::domain::identifiers::{OperationId, Reference, TillId};
use crate::domain::operation::Retry;

/// Why a request is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// The request is not as it must be.
    InvalidRequest,
    /// It does not say, or not rightly, which till it comes from.
    Unauthorized,
    /// The caller may not do that.
    Forbidden,
    /// There is no such thing.
    NotFound,
    /// Not with this method.
    MethodNotAllowed,
    /// The body did not come in time.
    RequestTimeout,
    /// The reference is taken by something else.
    ReferenceConflict,
    /// A decision that may not be taken: an operator's, or a cashier's on a signature.
    NotResolvable,
    /// The body is too long.
    PayloadTooLarge,
    /// The body is in no dialect that is understood.
    UnsupportedMediaType,
    /// More than is left to refund.
    RefundExceeds,
    /// The sale cannot be refunded.
    NotRefundable,
    /// No such terminal, or not this till's.
    UnknownTerminal,
    /// Another operation holds the terminal, or it waits for a person.
    TerminalBusy,
    /// Too many requests.
    RateLimited,
    /// A defect in the bridge.
    InternalError,
    /// Too much at once.
    Overloaded,
    /// The journal cannot be written.
    StorageUnavailable,
    /// The journal has not been written in time.
    StorageStalled,
    /// The bridge is stopping or not ready yet.
    ShuttingDown,
}

impl Code {
    /// Every code, for tables.
    pub const ALL: [Self; 20] = [
        Self::InvalidRequest,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::RequestTimeout,
        Self::ReferenceConflict,
        Self::NotResolvable,
        Self::PayloadTooLarge,
        Self::UnsupportedMediaType,
        Self::RefundExceeds,
        Self::NotRefundable,
        Self::UnknownTerminal,
        Self::TerminalBusy,
        Self::RateLimited,
        Self::InternalError,
        Self::Overloaded,
        Self::StorageUnavailable,
        Self::StorageStalled,
        Self::ShuttingDown,
    ];

    /// The table: the word, the HTTP status, the title, and what the till may do next.
    const fn row(self) -> (&'static str, u16, &'static str, Retry) {
        match self {
            Self::InvalidRequest => ("invalid_request", 400, "The request is not valid", Retry::Never),
            Self::Unauthorized => ("unauthorized", 401, "The till is not known", Retry::Never),
            Self::Forbidden => ("forbidden", 403, "Not allowed", Retry::Never),
            Self::NotFound => ("not_found", 404, "Not found", Retry::Never),
            Self::MethodNotAllowed => ("method_not_allowed", 405, "Not with this method", Retry::Never),
            Self::RequestTimeout => ("request_timeout", 408, "The request took too long", Retry::SameReference),
            Self::ReferenceConflict => ("reference_conflict", 409, "The reference is taken", Retry::Never),
            Self::NotResolvable => ("not_resolvable", 409, "Nothing to decide now", Retry::Never),
            Self::PayloadTooLarge => ("payload_too_large", 413, "The request is too long", Retry::Never),
            Self::UnsupportedMediaType => {
                ("unsupported_media_type", 415, "The content type is not understood", Retry::Never)
            }
            Self::RefundExceeds => ("refund_exceeds", 422, "More than is left to refund", Retry::Never),
            Self::NotRefundable => ("not_refundable", 422, "The sale cannot be refunded", Retry::Never),
            Self::UnknownTerminal => ("unknown_terminal", 422, "The terminal is not known", Retry::Never),
            Self::TerminalBusy => ("terminal_busy", 423, "The terminal is busy", Retry::SameReference),
            Self::RateLimited => ("rate_limited", 429, "Too many requests", Retry::SameReference),
            Self::InternalError => ("internal_error", 500, "A defect in the bridge", Retry::SameReference),
            Self::Overloaded => ("overloaded", 503, "Too much at once", Retry::SameReference),
            Self::StorageUnavailable => {
                ("storage_unavailable", 503, "The journal cannot be written", Retry::SameReference)
            }
            Self::StorageStalled => ("storage_stalled", 503, "The disk has not answered in time", Retry::SameReference),
            Self::ShuttingDown => ("shutting_down", 503, "Starting or stopping", Retry::SameReference),
        }
    }

    /// The word that stands in the reply.
    #[must_use]
    pub const fn word(self) -> &'static str {
        self.row().0
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(self) -> u16 {
        self.row().1
    }

    /// What it is called.
    #[must_use]
    pub const fn title(self) -> &'static str {
        self.row().2
    }

    /// What the till may do next, unless the problem says otherwise.
    #[must_use]
    pub const fn retry(self) -> Retry {
        self.row().3
    }
}

/// What is in the way of what was asked for, where the cashier hears more of it than the code says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InTheWay {
    /// This till holds it.
    Holder(TillId),
    /// The till's own older sale was paid before it could be cancelled. The cashier must know that before anything else is
    /// charged.
    OlderSalePaid(Reference),
    /// A refund that can be made in the provider's back office alone.
    BackOfficeOnly,
    /// A refund that another terminal could make.
    AnotherTerminal,
}

/// A refusal: why, in words that tell what to do, and where to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Why.
    pub code: Code,
    /// In words, for whoever integrates or serves the till.
    pub detail: String,
    /// What the till may do next.
    pub retry: Retry,
    /// The operation that stands in the way.
    pub operation: Option<OperationId>,
    /// Where that operation is found (the `Location` header).
    pub location: Option<String>,
    /// Whom the cashier hears of.
    pub in_the_way: Option<Box<InTheWay>>,
    /// The language of the cashier who reads it.
    pub language: Language,
}

impl Problem {
    /// A refusal with the usual retry of its code.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            retry: code.retry(),
            operation: None,
            location: None,
            in_the_way: None,
            language: Language::default(),
        }
    }

    /// The same refusal for a cashier of this language.
    #[must_use]
    pub fn told_in(self, language: Language) -> Self {
        Self { language, ..self }
    }
}

impl From<Invalid> for Problem {
    fn from(invalid: Invalid) -> Self {
        Self::new(Code::InvalidRequest, invalid.to_string())
    }
}

/// A refusal, as RFC 9457 has it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
struct Document<'a> {
    /// `urn:pos-bridge:problem:` and the code.
    r#type: String,
    /// What the code is called.
    title: &'a str,
    /// The HTTP status, once more.
    #[schemars(range(min = 400, max = 599))]
    status: u16,
    /// What is wrong with this request and what to do about it, for whoever integrates or serves the till.
    detail: &'a str,
    /// For the cashier, as in every reply; an extension member of ours, as RFC 9457 allows.
    message: String,
    /// Why, as a word for programs.
    #[schemars(schema_with = "code_schema")]
    code: &'a str,
    retry: Retry,
    /// The operation that stands in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    operation_id: Option<String>,
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let document = Document {
            r#type: format!("urn:pos-bridge:problem:{}", self.code.word()),
            title: self.code.title(),
            status: self.code.status(),
            detail: &self.detail,
            message: texts::refusal_message(self, self.language),
            code: self.code.word(),
            retry: self.retry,
            operation_id: self.operation.map(|id| id.to_string()),
        };
        document.serialize(serializer)
    }
}

fn code_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": Code::ALL.map(Code::word) })
}

impl JsonSchema for Problem {
    fn schema_name() -> Cow<'static, str> {
        Document::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Document::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_own_word_and_an_error_status() {
        for (position, code) in Code::ALL.iter().enumerate() {
            assert!((400..=503).contains(&code.status()), "{code:?}");
            assert!(!code.title().is_empty());
            assert!(Code::ALL[..position].iter().all(|other| other.word() != code.word()), "{code:?}");
        }
    }

    #[test]
    fn the_contracts_codes_have_the_contracts_statuses() {
        let contract = [
            ("invalid_request", 400),
            ("unauthorized", 401),
            ("forbidden", 403),
            ("not_found", 404),
            ("method_not_allowed", 405),
            ("reference_conflict", 409),
            ("payload_too_large", 413),
            ("unsupported_media_type", 415),
            ("refund_exceeds", 422),
            ("not_refundable", 422),
            ("unknown_terminal", 422),
            ("terminal_busy", 423),
            ("rate_limited", 429),
            ("storage_unavailable", 503),
            ("shutting_down", 503),
        ];
        for (word, status) in contract {
            let found = Code::ALL.iter().find(|code| code.word() == word);
            assert_eq!(found.map(|code| code.status()), Some(status), "{word}");
        }
    }

    #[test]
    fn the_document_has_the_fields_of_the_contract() {
        let problem = Problem::from(Invalid::new("amount", "is required"));
        assert_eq!(
            serde_json::to_string(&problem).unwrap(),
            r#"{"type":"urn:pos-bridge:problem:invalid_request","title":"The request is not valid","status":400,"#
                .to_owned()
                + r#""detail":"amount: is required","message":"The till's request is not valid. Call the manager","#
                + r#""code":"invalid_request","retry":"never"}"#
        );
    }

    #[test]
    fn the_cashier_reads_it_in_her_own_language() {
        let problem = Problem::new(Code::NotFound, "there is no such sale").told_in(Language::Norwegian);
        let document = serde_json::to_value(problem).unwrap();
        assert_eq!(document["message"], "Ikke funnet. Sjekk nummeret");
        assert_eq!(document["detail"], "there is no such sale");
    }
}
