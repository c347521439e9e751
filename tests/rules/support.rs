//! Attempts, records and times to try the rules on.

use jiff::{SignedDuration, Timestamp};
use pos_bridge::domain::attempt::{Attempt, Event, Kind, Phase, Reason, Transition};
use pos_bridge::domain::evidence::{
    Approval, Finding, Order, PaymentRecord, PaymentState, SessionRecord, SessionState, Terms,
};
use pos_bridge::domain::identifiers::{
    AttemptReference, Handle, OperationId, ProviderTerminalId, Reference, StoreId, TerminalName, TillId, TransactionId,
};
use pos_bridge::domain::money::{Amount, Currency, Money};
use pos_bridge::domain::operation::{Operation, ProviderName};
use ulid::Ulid;

pub(crate) fn start() -> Timestamp {
    "2026-11-20T10:00:00Z".parse().unwrap()
}

pub(crate) fn expiry() -> Timestamp {
    start() + SignedDuration::from_mins(5)
}

pub(crate) fn horizon() -> Timestamp {
    start() + SignedDuration::from_mins(10)
}

pub(crate) fn money(minor: i64) -> Money {
    Money { amount: Amount::new(minor).unwrap(), currency: Currency::from_code("NOK").unwrap() }
}

pub(crate) fn handle() -> Handle {
    Handle::new("T12345678.session").unwrap()
}

pub(crate) fn reason() -> Reason {
    Reason::new("DO_NOT_HONOUR", "refused by the issuer")
}

pub(crate) fn order() -> Order {
    Order {
        reference: AttemptReference::new(Ulid::from_parts(1, 1)),
        money: money(39900),
        terminal: ProviderTerminalId::new("T0292").unwrap(),
        may_grow: false,
    }
}

pub(crate) fn terms() -> Terms {
    Terms {
        reference: order().reference.to_string(),
        amount: 39900,
        currency: "NOK".to_owned(),
        terminal: Some("T0292".to_owned()),
    }
}

pub(crate) fn session(cancelled: bool) -> SessionRecord {
    let state = if cancelled { SessionState::Cancelled } else { SessionState::Waiting };
    SessionRecord { handle: handle(), terms: terms(), state }
}

pub(crate) fn payment(state: PaymentState) -> PaymentRecord {
    PaymentRecord {
        transaction: TransactionId::new("T12345678.transaction").unwrap(),
        session: Some(handle()),
        terms: terms(),
        added: 0,
        state,
        card: None,
        receipt: None,
        created_at: None,
    }
}

pub(crate) fn approval() -> Approval {
    Approval {
        transaction: Some(TransactionId::new("T12345678.transaction").unwrap()),
        amount: Amount::new(39900).unwrap(),
        captured: true,
        card: None,
        receipt: None,
        several: false,
    }
}

pub(crate) fn attempt(kind: Kind, phase: Phase) -> Attempt {
    Attempt {
        refund_of: (kind == Kind::Refund).then(|| TransactionId::new("T12345678.sale").unwrap()),
        phase,
        ..Attempt::first(OperationId(Ulid::from_parts(1, 7)), kind, order(), expiry(), horizon())
    }
}

pub(crate) fn sale(phase: Phase) -> Attempt {
    attempt(Kind::Sale, phase)
}

pub(crate) fn operation(attempt: Attempt) -> Operation {
    Operation {
        id: attempt.operation,
        kind: attempt.kind,
        till: TillId::new("till-1").unwrap(),
        reference: Reference::new("R-1").unwrap(),
        money: attempt.order.money,
        terminal: TerminalName::new("front").unwrap(),
        store: StoreId::new("oslo-center").unwrap(),
        provider: ProviderName::Dintero,
        original: None,
        attempt,
        refunded: 0,
        simulated: true,
        told_at: None,
        acknowledged_at: None,
        created_at: start(),
        updated_at: start(),
    }
}

/// One of each phase.
pub(crate) fn phases() -> Vec<Phase> {
    vec![
        Phase::Reserved,
        Phase::Sending,
        Phase::Open { handle: handle() },
        Phase::Unknown { handle: None, empty_since: None },
        Phase::Unknown { handle: Some(handle()), empty_since: Some(horizon()) },
        Phase::Abandoned { handle: None },
        Phase::Approved { approval: approval(), late: false, resolution: None },
        Phase::Declined { reason: reason() },
        Phase::Cancelled { resolution: None },
        Phase::Failed { reason: reason() },
    ]
}

pub(crate) fn seen(finding: Finding, at: Timestamp) -> Event {
    Event::Seen { finding, at }
}

/// Steps that are never errors.
pub(crate) fn step(attempt: &Attempt, event: &Event) -> Option<Transition> {
    attempt.step(event).unwrap()
}

/// The attempt after these events, whether or not each changed something.
pub(crate) fn after(attempt: &Attempt, events: &[Event]) -> Attempt {
    events.iter().fold(attempt.clone(), |attempt, event| {
        step(&attempt, event).map_or(attempt.clone(), |transition| transition.attempt)
    })
}
