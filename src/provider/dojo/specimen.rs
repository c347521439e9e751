//! What the unit tests of this room read and ask for.

use jiff::Timestamp;
use serde_json::{Value, json};
use ulid::Ulid;

use super::wire::{Intent, Session};
use crate::domain::attempt::{Attempt, Kind, Phase, Preparation};
use crate::domain::evidence::{Finding, Order};
use crate::domain::identifiers::{AttemptReference, Handle, OperationId, ProviderTerminalId, TransactionId};
use crate::domain::money::{Amount, Currency, Money};

pub(super) const NOW: &str = "2026-11-20T10:00:00Z";

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(super) fn ours() -> AttemptReference {
    AttemptReference::new(Ulid::from_parts(1_700_000_000_000, 42))
}

pub(super) fn handle(text: &str) -> Handle {
    Handle::new(text).unwrap()
}

pub(super) fn pounds(minor: i64) -> Money {
    Money { amount: Amount::new(minor).unwrap(), currency: Currency::from_code("GBP").unwrap() }
}

/// A sale of 10.00 GBP that runs as `ts_1` on the intent `pi_1`, which had the session `ts_0` before.
pub(super) fn sale() -> Attempt {
    let order = Order {
        reference: ours(),
        money: pounds(1000),
        terminal: ProviderTerminalId::new("tm_1").unwrap(),
        may_grow: false,
    };
    Attempt {
        preparation: Some(preparation()),
        phase: Phase::Open { handle: handle("ts_1") },
        ..Attempt::first(
            OperationId(Ulid::from_parts(1, 1)),
            Kind::Sale,
            order,
            at("2026-11-20T10:05:00Z"),
            at("2026-11-20T10:10:00Z"),
        )
    }
}

/// 10.00 GBP of `pi_1` given back, of which 5.00 had been given back before.
pub(super) fn refund() -> Attempt {
    let preparation = Some(Preparation { refunded: 500, ..preparation() });
    Attempt { kind: Kind::Refund, refund_of: Some(TransactionId::new("pi_1").unwrap()), preparation, ..sale() }
}

pub(super) fn preparation() -> Preparation {
    Preparation {
        payment: handle("pi_1"),
        reference: ours(),
        earlier_runs: vec![handle("ts_0")],
        refunded: 0,
        run: None,
    }
}

/// `pi_1` in this state, with what more it says.
pub(super) fn intent(status: &str, more: Value) -> Intent {
    let plain = json!({
        "id": "pi_1", "status": status, "reference": ours().to_string(),
        "amount": {"value": 1000, "currencyCode": "GBP"}, "createdAt": NOW,
    });
    serde_json::from_value(merged(plain, more)).unwrap()
}

/// `ts_1` in this state, with what more it says.
pub(super) fn session(status: &str, more: Value) -> Session {
    serde_json::from_value(merged(json!({"id": "ts_1", "terminalId": "tm_1", "status": status}), more)).unwrap()
}

fn merged(mut plain: Value, more: Value) -> Value {
    plain.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    plain
}

/// A finding in a word or two.
pub(super) fn word(finding: &Finding) -> String {
    match finding {
        Finding::Nothing => "nothing".into(),
        Finding::Lapsed { handle } => format!("lapsed {handle}"),
        Finding::Undecided { started: true, .. } => "started".into(),
        Finding::Undecided { started: false, .. } => "waiting".into(),
        Finding::Approved(approval) => format!("approved {}", approval.amount.minor()),
        Finding::Declined(reason) => format!("declined {}", reason.code),
        Finding::Cancelled => "cancelled".into(),
        Finding::Corrected(reason) => format!("corrected {}", reason.code),
        Finding::Contradiction { what, .. } => format!("contradiction: {what}"),
    }
}
