//! The engine's refusals as the till reads them.

use crate::domain::identifiers::TillId;
use crate::domain::operation::{Operation, Retry};
use crate::domain::refund::NotRefundable;
use crate::engine::Refusal;
use crate::http::respond::path_of;
use crate::till::problem::{Code, InTheWay, Problem};

/// A refusal as the asking till reads it; `None` is an operator.
pub(super) fn problem(refusal: &Refusal, asking: Option<&TillId>) -> Problem {
    let refused = Problem::new(code(refusal), refusal.to_string());
    let naming = |operation: &Operation, in_the_way: Option<InTheWay>, refused| Problem {
        operation: Some(operation.id),
        location: location(operation, asking),
        in_the_way: in_the_way.map(Box::new),
        ..refused
    };
    match refusal {
        Refusal::ReferenceConflict(operation) => naming(operation, None, refused),
        Refusal::TerminalBusy(operation) => naming(operation, Some(InTheWay::Holder(operation.till.clone())), refused),
        // A till that asked again by itself would charge the same basket once more before anybody has read this.
        Refusal::OlderSalePaid(operation) => {
            let paid = InTheWay::OlderSalePaid(operation.reference.clone());
            Problem { retry: Retry::Operator, ..naming(operation, Some(paid), refused) }
        }
        Refusal::TerminalFrozen(_) => Problem { retry: Retry::Operator, ..refused },
        Refusal::NotRefundable(reason) => {
            Problem { retry: reason.retry(), in_the_way: in_the_way_of_refund(reason).map(Box::new), ..refused }
        }
        _ => refused,
    }
}

const fn code(refusal: &Refusal) -> Code {
    match refusal {
        Refusal::NotFound(_) => Code::NotFound,
        Refusal::ReferenceConflict(_) => Code::ReferenceConflict,
        Refusal::NotRefundable(NotRefundable::Exceeds { .. }) => Code::RefundExceeds,
        Refusal::NotRefundable(
            NotRefundable::ExceedsTillsLimit { .. }
            | NotRefundable::ExceedsTillsDay { .. }
            | NotRefundable::ExceedsTillsDayUnlinked { .. }
            | NotRefundable::UnlinkedNotAllowed
            | NotRefundable::NotInTheLimitsCurrency { .. },
        ) => Code::Forbidden,
        Refusal::NotRefundable(_) => Code::NotRefundable,
        Refusal::UnknownTerminal(_) => Code::UnknownTerminal,
        Refusal::CurrencyNotTaken { .. } => Code::InvalidRequest,
        Refusal::TerminalBusy(_) | Refusal::OlderSalePaid(_) | Refusal::TerminalFrozen(_) => Code::TerminalBusy,
        Refusal::NotResolvable(_) | Refusal::NothingToSign => Code::NotResolvable,
        Refusal::StorageUnavailable(_) => Code::StorageUnavailable,
        Refusal::StorageStalled => Code::StorageStalled,
        Refusal::NotReady => Code::ShuttingDown,
    }
}

/// Who or what could make a refund that is not made here.
const fn in_the_way_of_refund(reason: &NotRefundable) -> Option<InTheWay> {
    match reason {
        NotRefundable::NoTransaction | NotRefundable::SecondPayment => Some(InTheWay::BackOfficeOnly),
        NotRefundable::OtherProvider { .. } | NotRefundable::UnlinkedNotHere(_) => Some(InTheWay::AnotherTerminal),
        _ => None,
    }
}

/// A till finds only its own operations: another till's address would lead it to the wrong one.
fn location(operation: &Operation, asking: Option<&TillId>) -> Option<String> {
    (asking == Some(&operation.till)).then(|| path_of(operation))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::attempt::{NotResolvable, Phase};
    use crate::domain::operation::Status;
    use crate::domain::specimen::operation;

    #[test]
    fn every_refusal_has_the_code_of_the_contract() {
        let held = || Box::new(operation(Phase::Sending));
        let table = [
            (Refusal::NotFound("sale"), "not_found", Retry::Never),
            (Refusal::ReferenceConflict(held()), "reference_conflict", Retry::Never),
            (Refusal::NotRefundable(NotRefundable::Exceeds { left: 1 }), "refund_exceeds", Retry::Never),
            (Refusal::NotRefundable(NotRefundable::ExceedsTillsLimit { most: 1 }), "forbidden", Retry::Never),
            (Refusal::NotRefundable(NotRefundable::ExceedsTillsDay { left: 1 }), "forbidden", Retry::Never),
            (
                Refusal::NotRefundable(NotRefundable::NotInTheLimitsCurrency { limits: "NOK", asked: "SEK" }),
                "forbidden",
                Retry::Never,
            ),
            (Refusal::NotRefundable(NotRefundable::NoTransaction), "not_refundable", Retry::Never),
            (
                Refusal::NotRefundable(NotRefundable::NotApproved { status: Status::Declined, is_abandoned: false }),
                "not_refundable",
                Retry::Never,
            ),
            (
                Refusal::NotRefundable(NotRefundable::NotApproved { status: Status::Unknown, is_abandoned: false }),
                "not_refundable",
                Retry::SameReference,
            ),
            (
                Refusal::NotRefundable(NotRefundable::AnotherUnderWay { is_abandoned: false }),
                "not_refundable",
                Retry::SameReference,
            ),
            (
                Refusal::NotRefundable(NotRefundable::AnotherUnderWay { is_abandoned: true }),
                "not_refundable",
                Retry::Operator,
            ),
            (
                Refusal::NotRefundable(NotRefundable::Currency { sale: "NOK", asked: "SEK" }),
                "not_refundable",
                Retry::Never,
            ),
            (Refusal::NotRefundable(NotRefundable::ExceedsTillsDayUnlinked { left: 1 }), "forbidden", Retry::Never),
            (Refusal::NotRefundable(NotRefundable::UnlinkedNotAllowed), "forbidden", Retry::Never),
            (Refusal::NotRefundable(NotRefundable::UnlinkedNotHere("front".into())), "not_refundable", Retry::Never),
            (
                Refusal::CurrencyNotTaken { terminal: "front".into(), asked: "SEK", taken: "GBP".into() },
                "invalid_request",
                Retry::Never,
            ),
            (Refusal::UnknownTerminal("back".into()), "unknown_terminal", Retry::Never),
            (Refusal::TerminalBusy(held()), "terminal_busy", Retry::SameReference),
            (Refusal::OlderSalePaid(held()), "terminal_busy", Retry::Operator),
            (Refusal::TerminalFrozen("two payments".into()), "terminal_busy", Retry::Operator),
            (Refusal::NotResolvable(NotResolvable::AlreadyFinal), "not_resolvable", Retry::Never),
            (Refusal::NothingToSign, "not_resolvable", Retry::Never),
            (Refusal::StorageUnavailable("full".into()), "storage_unavailable", Retry::SameReference),
            (Refusal::StorageStalled, "storage_stalled", Retry::SameReference),
            (Refusal::NotReady, "shutting_down", Retry::SameReference),
        ];
        for (refusal, word, retry) in table {
            let problem = problem(&refusal, None);
            assert_eq!((problem.code.word(), problem.retry), (word, retry), "{refusal:?}");
            assert_eq!(problem.detail, refusal.to_string());
        }
    }

    #[test]
    fn of_every_refund_that_is_not_made_the_cashier_hears_what_to_do_next() {
        let not_approved = |status, is_abandoned| NotRefundable::NotApproved { status, is_abandoned };
        let check_the_sale = "This sale cannot be refunded. Check the sale";
        let wait = "Cannot be refunded yet. Wait and try again";
        let person_decides = "Result not known. Keep the terminal's receipt and call the manager";
        let back_office = "This sale cannot be refunded at the till. Call the manager";
        let other_terminal = "This terminal cannot refund it. Choose another one";
        let not_allowed = "Not allowed from this till. Call the manager";
        let table = [
            (not_approved(Status::Declined, false), check_the_sale),
            (not_approved(Status::Unknown, false), wait),
            (not_approved(Status::Unknown, true), person_decides),
            (NotRefundable::NoTransaction, back_office),
            (NotRefundable::SecondPayment, back_office),
            (NotRefundable::AnotherUnderWay { is_abandoned: false }, wait),
            (NotRefundable::AnotherUnderWay { is_abandoned: true }, person_decides),
            (NotRefundable::OtherProvider { sale: "dojo", terminal: "front".into() }, other_terminal),
            (NotRefundable::UnlinkedNotHere("front".into()), other_terminal),
            (NotRefundable::Currency { sale: "NOK", asked: "SEK" }, check_the_sale),
            (NotRefundable::Exceeds { left: 1 }, "More than is left to refund. Check the amount"),
            (NotRefundable::ExceedsTillsLimit { most: 1 }, not_allowed),
            (NotRefundable::ExceedsTillsDay { left: 1 }, not_allowed),
            (NotRefundable::ExceedsTillsDayUnlinked { left: 1 }, not_allowed),
            (NotRefundable::UnlinkedNotAllowed, not_allowed),
            (NotRefundable::NotInTheLimitsCurrency { limits: "NOK", asked: "SEK" }, not_allowed),
        ];
        for (reason, message) in table {
            let told = serde_json::to_value(problem(&Refusal::NotRefundable(reason.clone()), None)).unwrap();
            assert_eq!(told["message"], message, "{reason:?}");
        }
    }

    #[test]
    fn only_the_tills_own_operation_is_located() {
        let holder = operation(Phase::Sending);
        let busy = Refusal::TerminalBusy(Box::new(holder.clone()));
        let own = problem(&busy, Some(&holder.till));
        assert_eq!((own.operation, own.location.as_deref()), (Some(holder.id), Some("/pay/R-1001")));
        let other = problem(&busy, Some(&TillId::new("till-2").unwrap()));
        assert_eq!((other.operation, other.location), (Some(holder.id), None));
    }
}
