//! Every call of the tills' listener.

use super::parts::Parameter;
use crate::till::problem::Code;

/// One call: what is sent, and what may come back.
pub(super) struct Call {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) id: &'static str,
    pub(super) group: Group,
    pub(super) summary: &'static str,
    pub(super) description: &'static str,
    pub(super) parameters: &'static [Parameter],
    pub(super) request: Request,
    pub(super) answer: Answer,
    /// What it may be refused for, besides [`KEYED`] for every call with a key.
    pub(super) problems: &'static [Code],
}

/// Calls that belong together.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    Sales,
    Refunds,
    Looking,
    Bridge,
}

/// What a body holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Request {
    None,
    Sale,
    Refund,
    Wait,
    Signature,
    Empty,
}

/// What comes back when it is not refused.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Operation,
    Operations,
    Terminals,
    Health,
    Readiness,
    Contract,
    /// Something to read, of this media type.
    Text {
        what: &'static str,
        media_type: &'static str,
    },
}

impl Group {
    pub(super) const ALL: [Self; 4] = [Self::Sales, Self::Refunds, Self::Looking, Self::Bridge];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Sales => "Sales",
            Self::Refunds => "Refunds",
            Self::Looking => "Looking",
            Self::Bridge => "The bridge",
        }
    }

    pub(super) const fn description(self) -> &'static str {
        match self {
            Self::Sales => "Take a payment, follow it, stop it, book it.",
            Self::Refunds => "Give money back, in full or in part.",
            Self::Looking => "What became of things: for a till that crashed, and at the end of the day.",
            Self::Bridge => "For monitoring and for whoever integrates a till. No key needed.",
        }
    }
}

/// Whatever is asked with a key can be refused for these.
pub(super) const KEYED: &[Code] = &[
    Code::InvalidRequest,
    Code::Unauthorized,
    Code::Forbidden,
    Code::RequestTimeout,
    Code::PayloadTooLarge,
    Code::RateLimited,
    Code::InternalError,
    Code::Overloaded,
    Code::StorageUnavailable,
    Code::StorageStalled,
    Code::ShuttingDown,
];

/// Whatever is asked without a key can be refused for these: the guard comes first.
pub(super) const OPEN: &[Code] =
    &[Code::InvalidRequest, Code::Forbidden, Code::RateLimited, Code::InternalError, Code::Overloaded];

const ASK: &[Parameter] = &[Parameter::WaitInQuery, Parameter::WaitInHeader, Parameter::IdempotencyKey];
const RECEIPT: &[Parameter] = &[Parameter::Reference, Parameter::Copy, Parameter::WaitInQuery];
const FIND: &[Parameter] = &[Parameter::Reference, Parameter::WaitInQuery, Parameter::WaitInHeader];

impl Call {
    /// It needs a till's key.
    pub(super) fn is_keyed(&self) -> bool {
        self.group != Group::Bridge
    }

    /// Everything that it may be refused for.
    pub(super) fn refusals(&self) -> impl Iterator<Item = Code> {
        let common = if self.is_keyed() { KEYED } else { OPEN };
        common.iter().chain(self.problems).copied()
    }
}

/// A call of the bridge itself, without a key.
const fn open(path: &'static str, id: &'static str, summary: &'static str, answer: Answer) -> Call {
    Call {
        method: "get",
        path,
        id,
        group: Group::Bridge,
        summary,
        description: "",
        parameters: &[],
        request: Request::None,
        answer,
        problems: &[],
    }
}

const fn signature(path: &'static str, id: &'static str, group: Group) -> Call {
    Call {
        method: "post",
        path,
        id,
        group,
        summary: "Whether a customer's signature is the card's",
        description: "The cashier's answer while `action_required` asks for it. After its deadline the terminal decides by \
                      itself, and takes the signature.",
        parameters: FIND,
        request: Request::Signature,
        answer: Answer::Operation,
        problems: &[Code::UnsupportedMediaType, Code::NotFound, Code::NotResolvable],
    }
}

const fn booked(path: &'static str, id: &'static str, group: Group, summary: &'static str) -> Call {
    Call {
        method: "post",
        path,
        id,
        group,
        summary,
        description: "Marks the result as booked, for `acknowledged=false` in the list of operations.",
        parameters: &[Parameter::Reference],
        request: Request::Empty,
        answer: Answer::Operation,
        problems: &[Code::UnsupportedMediaType, Code::NotFound],
    }
}

/// The calls, in the order in which a till's author meets them.
pub(super) const CALLS: &[Call] = &[
    Call {
        method: "post",
        path: "/pay",
        id: "pay",
        group: Group::Sales,
        summary: "Take a payment",
        description: "Starts, joins or replays the sale with this reference, and waits for its result. Asking again with \
                      the same reference is always safe: it never charges twice.",
        parameters: ASK,
        request: Request::Sale,
        answer: Answer::Operation,
        problems: &[Code::UnsupportedMediaType, Code::ReferenceConflict, Code::UnknownTerminal, Code::TerminalBusy],
    },
    Call {
        method: "get",
        path: "/pay/{reference}",
        id: "findSale",
        group: Group::Sales,
        summary: "Where a sale stands",
        description: "Changes nothing. `?wait=` waits for the result.",
        parameters: FIND,
        request: Request::None,
        answer: Answer::Operation,
        problems: &[Code::NotFound],
    },
    Call {
        method: "post",
        path: "/pay/{reference}/cancel",
        id: "cancelSale",
        group: Group::Sales,
        summary: "Ask to stop a sale",
        description: "A wish, not a result: the reply tells what really happened, and an approval wins.",
        parameters: FIND,
        request: Request::Wait,
        answer: Answer::Operation,
        problems: &[Code::UnsupportedMediaType, Code::NotFound],
    },
    signature("/pay/{reference}/signature", "signSale", Group::Sales),
    booked("/pay/{reference}/ack", "acknowledgeSale", Group::Sales, "The till has booked a sale"),
    Call {
        method: "get",
        path: "/pay/{reference}/receipt",
        id: "saleReceipt",
        group: Group::Sales,
        summary: "A sale's receipt, to print",
        description: "Lines that fit the till's printer, in its code page. What is given after the result was told is marked \
                      as a copy.",
        parameters: RECEIPT,
        request: Request::None,
        answer: Answer::Text { what: "The receipt", media_type: "text/plain" },
        problems: &[Code::NotFound],
    },
    Call {
        method: "post",
        path: "/refund",
        id: "refund",
        group: Group::Refunds,
        summary: "Give money back",
        description: "Starts, joins or replays the refund with this reference, and waits for its result. Refunds never \
                      exceed what was approved.",
        parameters: ASK,
        request: Request::Refund,
        answer: Answer::Operation,
        problems: &[
            Code::UnsupportedMediaType,
            Code::NotFound,
            Code::ReferenceConflict,
            Code::RefundExceeds,
            Code::NotRefundable,
            Code::UnknownTerminal,
            Code::TerminalBusy,
        ],
    },
    Call {
        method: "get",
        path: "/refund/{reference}",
        id: "findRefund",
        group: Group::Refunds,
        summary: "Where a refund stands",
        description: "Changes nothing. `?wait=` waits for the result.",
        parameters: FIND,
        request: Request::None,
        answer: Answer::Operation,
        problems: &[Code::NotFound],
    },
    Call {
        method: "post",
        path: "/refund/{reference}/cancel",
        id: "cancelRefund",
        group: Group::Refunds,
        summary: "Ask to stop a refund",
        description: "A wish, not a result: a refund that the provider has is not stopped by it.",
        parameters: FIND,
        request: Request::Wait,
        answer: Answer::Operation,
        problems: &[Code::UnsupportedMediaType, Code::NotFound],
    },
    signature("/refund/{reference}/signature", "signRefund", Group::Refunds),
    booked("/refund/{reference}/ack", "acknowledgeRefund", Group::Refunds, "The till has booked a refund"),
    Call {
        method: "get",
        path: "/refund/{reference}/receipt",
        id: "refundReceipt",
        group: Group::Refunds,
        summary: "A refund's receipt, to print",
        description: "Lines that fit the till's printer, in its code page. What is given after the result was told is marked \
                      as a copy.",
        parameters: RECEIPT,
        request: Request::None,
        answer: Answer::Text { what: "The receipt", media_type: "text/plain" },
        problems: &[Code::NotFound],
    },
    Call {
        method: "get",
        path: "/last",
        id: "last",
        group: Group::Looking,
        summary: "The till's latest operation",
        description: "For a till that crashed and asks itself what it was doing.",
        parameters: &[],
        request: Request::None,
        answer: Answer::Operation,
        problems: &[Code::NotFound],
    },
    Call {
        method: "get",
        path: "/operations",
        id: "operations",
        group: Group::Looking,
        summary: "The till's operations",
        description: "Newest first, a page at a time: `next` of one answer is `after` of the next call.",
        parameters: &[Parameter::Filters],
        request: Request::None,
        answer: Answer::Operations,
        problems: &[],
    },
    Call {
        method: "get",
        path: "/events",
        id: "events",
        group: Group::Looking,
        summary: "The till's results as they come",
        description: "A stream of server-sent events: each `result` is the reply of an operation that is final now, as JSON; \
                      each `prompt`, without an id, that of one whose terminal asks something else now. \
                      It goes on behind the event that the till had last.",
        parameters: &[Parameter::LastEventIdInHeader, Parameter::LastEventIdInQuery],
        request: Request::None,
        answer: Answer::Text { what: "The stream; it has no end", media_type: "text/event-stream" },
        problems: &[],
    },
    Call {
        method: "get",
        path: "/terminals",
        id: "terminals",
        group: Group::Looking,
        summary: "The terminals that the till may use",
        description: "Each free, or held by whom.",
        parameters: &[],
        request: Request::None,
        answer: Answer::Terminals,
        problems: &[],
    },
    open("/health", "health", "Whether the bridge lives", Answer::Health),
    open("/ready", "ready", "Whether it can take payments, or why not", Answer::Readiness),
    open(
        "/metrics",
        "metrics",
        "Its metrics, for Prometheus",
        Answer::Text { what: "Prometheus' text format", media_type: "text/plain" },
    ),
    open("/openapi.json", "contract", "This contract, for programs", Answer::Contract),
    open("/docs", "docs", "This contract, for people", Answer::Text { what: "A page", media_type: "text/html" }),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The routes as the code declares them: `.route("/pay", post(...))`.
    fn declared() -> BTreeSet<(String, String)> {
        let sources = [include_str!("../api/till.rs"), include_str!("../api/status.rs"), include_str!("routes.rs")];
        let routes = sources.iter().flat_map(|source| source.split(".route(").skip(1));
        routes
            .map(|route| {
                let (path, handler) = route.trim_start().trim_start_matches('"').split_once('"').unwrap();
                let handler = handler.trim_start_matches([',', ' ', '\n']);
                (handler.split('(').next().unwrap().to_owned(), path.to_owned())
            })
            .collect()
    }

    #[test]
    fn every_route_is_in_the_contract_and_the_other_way_round() {
        let told: BTreeSet<_> = CALLS.iter().map(|call| (call.method.to_owned(), call.path.to_owned())).collect();
        assert_eq!(told, declared());
    }

    #[test]
    fn every_code_that_a_till_can_meet_is_in_the_contract() {
        for code in Code::ALL {
            // The answer to what is no call at all.
            let elsewhere = matches!(code, Code::MethodNotAllowed);
            let told = CALLS.iter().any(|call| call.refusals().any(|refusal| refusal == code));
            assert_ne!(told, elsewhere, "{code:?}");
        }
    }
}
