//! A sale for the unit tests of every room.

use jiff::Timestamp;
use ulid::Ulid;

use super::attempt::{Attempt, Kind, Phase};
use super::evidence::Order;
use super::identifiers::{AttemptReference, OperationId, ProviderTerminalId, Reference, StoreId, TerminalName, TillId};
use super::money::{Amount, Currency, Money};
use super::operation::{Operation, ProviderName};

/// A sale of till-1 in this phase.
pub(crate) fn operation(phase: Phase) -> Operation {
    let id = OperationId(Ulid::from_parts(1_700_000_000_000, 7));
    let money = Money { amount: Amount::new(39900).unwrap(), currency: Currency::from_code("NOK").unwrap() };
    let at: Timestamp = "2026-11-20T10:15:02.12Z".parse().unwrap();
    let order = Order {
        reference: AttemptReference::new(Ulid::from_parts(1, 1)),
        money,
        terminal: ProviderTerminalId::new("T0292").unwrap(),
        may_grow: false,
    };
    Operation {
        id,
        kind: Kind::Sale,
        till: TillId::new("till-1").unwrap(),
        reference: Reference::new("R-1001").unwrap(),
        money,
        terminal: TerminalName::new("front").unwrap(),
        store: StoreId::new("oslo").unwrap(),
        provider: ProviderName::Dintero,
        original: None,
        attempt: Attempt { phase, ..Attempt::first(id, Kind::Sale, order, at, at) },
        refunded: 0,
        simulated: false,
        told_at: None,
        acknowledged_at: None,
        created_at: at,
        updated_at: "2026-11-20T10:15:11Z".parse().unwrap(),
    }
}
