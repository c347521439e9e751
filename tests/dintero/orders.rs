//! What the tests ask for.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use pos_bridge::domain::attempt::{Attempt, Kind, Phase};
use pos_bridge::domain::directory::Store;
use pos_bridge::domain::evidence::Order;
use pos_bridge::domain::identifiers::{
    AttemptReference, Handle, OperationId, ProviderTerminalId, StoreId, TransactionId,
};
use pos_bridge::domain::money::{Amount, Currency, Money};
use pos_bridge::domain::refund::RefundRoute;
use pos_bridge::domain::request::Details;
use pos_bridge::ports::{Answer, Provider, RefundOrder, SaleOrder};
use pos_bridge::provider::dintero::{Dintero, Settings, StartRule};
use ulid::Ulid;
use url::Url;

pub(crate) fn settings(api: &str, checkout: &str) -> Settings {
    Settings {
        account_id: "T12345678".into(),
        client_id: "client".into(),
        client_secret: "secret-of-the-client".into(),
        profile_id: "T12345678.profile".into(),
        checkout_url: Url::parse(&format!("{checkout}/checkout")).unwrap(),
        api_url: Url::parse(&format!("{api}/api")).unwrap(),
        callback_secret: None,
        public_url: None,
        start: StartRule::Session,
        refund: RefundRoute::Terminal,
        session_ttl: SignedDuration::from_secs(300),
        prompt: SignedDuration::from_secs(150),
        in_flight: SignedDuration::from_secs(120),
        refund_patience: SignedDuration::from_secs(900),
        request_timeout: Duration::from_secs(1),
    }
}

pub(crate) fn dintero(url: &str) -> Dintero {
    Dintero::new(settings(url, url)).unwrap()
}

pub(crate) fn reference() -> AttemptReference {
    AttemptReference::new(Ulid::from_parts(1_700_000_000_000, 42))
}

pub(crate) fn sale(phase: Phase) -> Attempt {
    let order = Order {
        reference: reference(),
        money: Money { amount: Amount::new(39900).unwrap(), currency: Currency::from_code("NOK").unwrap() },
        terminal: ProviderTerminalId::new("T0292").unwrap(),
        may_grow: false,
    };
    Attempt {
        phase,
        ..Attempt::first(
            OperationId(Ulid::from_parts(1, 1)),
            Kind::Sale,
            order,
            "2026-11-20T10:20:02.987Z".parse::<Timestamp>().unwrap(),
            "2026-11-20T10:25:02Z".parse::<Timestamp>().unwrap(),
        )
    }
}

pub(crate) fn refund(phase: Phase) -> Attempt {
    Attempt { kind: Kind::Refund, refund_of: Some(transaction()), ..sale(phase) }
}

pub(crate) fn open() -> Phase {
    Phase::Open { handle: Handle::new("T12345678.session").unwrap() }
}

pub(crate) fn unknown() -> Phase {
    Phase::Unknown { handle: None, empty_since: None }
}

pub(crate) fn transaction() -> TransactionId {
    TransactionId::new("T12345678.transaction").unwrap()
}

pub(crate) fn store() -> Store {
    Store {
        id: StoreId::new("oslo-center").unwrap(),
        payout_destination_id: "seller-1".into(),
        currency: Currency::from_code("NOK").unwrap(),
        time_zone: "Europe/Oslo".into(),
    }
}

pub(crate) async fn start_sale(dintero: &Dintero, details: &Details) -> Answer<Handle> {
    let (attempt, store) = (sale(Phase::Sending), store());
    dintero.start_sale(SaleOrder { attempt: &attempt, store: &store, till_reference: "till-1/R-1001", details }).await
}

pub(crate) async fn start_refund(dintero: &Dintero, details: &Details) -> Answer<Handle> {
    let (attempt, transaction) = (refund(Phase::Sending), transaction());
    dintero.start_refund(RefundOrder { attempt: &attempt, transaction: Some(&transaction), details }).await
}
