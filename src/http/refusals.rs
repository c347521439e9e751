//! The engine's refusals as the till reads them.

use crate::domain::identifiers::TillId;
use crate::domain::operation::{Operation, Retry};
use crate::domain::refund::NotRefundable;
use crate::engine::Refusal;
use crate::till::problem::{Code, Problem};

use super::respond::path_of;

/// A refusal as the asking till reads it; `None` is an operator.
pub(super) fn problem(refusal: &Refusal, asking: Option<&TillId>) -> Problem {
    let refused = Problem::new(code(refusal), refusal.to_string());
    match refusal {
        Refusal::ReferenceConflict(operation) | Refusal::TerminalBusy(operation) => {
            Problem { operation: Some(operation.id), location: location(operation, asking), ..refused }
        }
        Refusal::TerminalFrozen { .. } => Problem { retry: Retry::Operator, ..refused },
        _ => refused,
    }
}

const fn code(refusal: &Refusal) -> Code {
    match refusal {
        Refusal::NotFound(_) => Code::NotFound,
        Refusal::Forbidden(_) => Code::Forbidden,
        Refusal::ReferenceConflict(_) => Code::ReferenceConflict,
        Refusal::NotRefundable(NotRefundable::Exceeds { .. }) => Code::RefundExceeds,
        Refusal::NotRefundable(_) => Code::NotRefundable,
        Refusal::UnknownTerminal(_) => Code::UnknownTerminal,
        Refusal::TerminalBusy(_) | Refusal::TerminalFrozen { .. } => Code::TerminalBusy,
        Refusal::NotResolvable(_) => Code::NotResolvable,
        Refusal::StorageUnavailable(_) => Code::StorageUnavailable,
        Refusal::ShuttingDown => Code::ShuttingDown,
    }
}

/// A till finds only its own operations: another till's address would lead it to the wrong one.
fn location(operation: &Operation, asking: Option<&TillId>) -> Option<String> {
    (asking == Some(&operation.till)).then(|| path_of(operation))
}
