//! Real values of the domain for the model's small numbers.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use pos_bridge::domain::attempt::{Attempt, Kind, Phase, Reason};
use pos_bridge::domain::evidence::Order;
use pos_bridge::domain::identifiers::{
    AttemptReference, Handle, OperationId, ProviderTerminalId, Reference, StoreId, TerminalName, TillId, TransactionId,
};
use pos_bridge::domain::money::{Amount, Currency, Money};
use pos_bridge::domain::operation::{Operation, ProviderName};
use ulid::Ulid;

use crate::world::{Entry, World};

/// Minutes from the commit until the provider starts a session no more.
const EXPIRES_AFTER: u8 = 1;
/// Minutes from the commit until nothing can come of it any more.
pub(crate) const HORIZON_AFTER: u8 = 2;
/// 20 November 2026, 10:00 UTC.
const START: Timestamp = Timestamp::constant(1_795_168_800, 0);
/// What every sale costs.
pub(crate) const PRICE: i64 = 100;

pub(crate) fn time(minute: u8) -> Timestamp {
    START + SignedDuration::from_mins(minute.into())
}

pub(crate) fn minute(time: Timestamp) -> u8 {
    u8::try_from(time.duration_since(START).as_mins()).unwrap()
}

pub(crate) fn money(minor: i64) -> Money {
    Money { amount: Amount::new(minor).unwrap(), currency: Currency::from_code("NOK").unwrap() }
}

pub(crate) fn handle(session: u8) -> Handle {
    Handle::new(format!("T1.session-{session}")).unwrap()
}

pub(crate) fn payment(run: u8) -> Handle {
    Handle::new(format!("pi_{run}")).unwrap()
}

pub(crate) fn transaction(session: u8) -> TransactionId {
    TransactionId::new(format!("T1.payment-{session}")).unwrap()
}

pub(crate) fn reason(code: &str) -> Reason {
    Reason::new(code, code)
}

/// The attempt as the journal's begin makes it.
pub(crate) fn attempt(
    world: &World,
    entry: u8,
    amount: i64,
    refund_of: Option<TransactionId>,
    is_prepared: bool,
) -> Arc<Attempt> {
    let kind = world.entries[usize::from(entry)].kind;
    let lifetime = if kind == Kind::Sale { EXPIRES_AFTER } else { HORIZON_AFTER };
    let order = Order {
        reference: AttemptReference::new(Ulid::from_parts(1, u128::try_from(world.runs.len()).unwrap())),
        money: money(amount),
        terminal: ProviderTerminalId::new("T0292").unwrap(),
        may_grow: false,
    };
    Arc::new(Attempt {
        number: u32::try_from(world.runs_of(entry).count()).unwrap() + 1,
        refund_of,
        preparation: world.deciding(entry).and_then(|(_, earlier)| earlier.attempt.preparation.clone()),
        card_present: kind == Kind::Sale,
        phase: if kind == Kind::Sale && !is_prepared { Phase::Sending } else { Phase::Reserved },
        ..Attempt::first(operation_id(entry), kind, order, time(world.now + lifetime), time(world.now + HORIZON_AFTER))
    })
}

fn operation_id(entry: u8) -> OperationId {
    OperationId(Ulid::from_parts(1, entry.into()))
}

/// The operation as the journal would load it, for the real rules.
pub(crate) fn operation(entry: u8, known: &Entry, deciding: &Attempt) -> Operation {
    Operation {
        id: operation_id(entry),
        kind: known.kind,
        till: TillId::new(format!("till-{}", known.till)).unwrap(),
        reference: Reference::new(format!("R-{}", known.number)).unwrap(),
        money: money(known.amount),
        terminal: TerminalName::new("front").unwrap(),
        store: StoreId::new("oslo").unwrap(),
        provider: ProviderName::Dintero,
        original: known.original.map(operation_id),
        attempt: deciding.clone(),
        refunded: 0,
        simulated: true,
        told_at: known.told.then(|| time(0)),
        acknowledged_at: None,
        created_at: time(0),
        updated_at: time(0),
    }
}

pub(crate) fn original(entry: Option<u8>) -> Option<OperationId> {
    entry.map(operation_id)
}
