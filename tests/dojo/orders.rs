//! What the tests ask for.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use pos_bridge::domain::attempt::{Attempt, Kind, Phase, Preparation};
use pos_bridge::domain::directory::{Store, Terminal};
use pos_bridge::domain::evidence::{Finding, Order};
use pos_bridge::domain::identifiers::{
    AttemptReference, Handle, OperationId, ProviderTerminalId, StoreId, TerminalName, TransactionId,
};
use pos_bridge::domain::money::{Amount, Currency, Money};
use pos_bridge::domain::operation::ProviderName;
use pos_bridge::domain::refund::RefundRoute;
use pos_bridge::domain::request::Details;
use pos_bridge::ports::{Answer, Prepared, Provider, RefundOrder, SaleOrder};
use pos_bridge::provider::dojo::{Dojo, PartnerHeaders, Settings};
use ulid::Ulid;
use url::Url;

pub(crate) const KEY: &str = "sk_sandbox_aSecretThatNobodyMaySee";

pub(crate) fn settings(url: &str) -> Settings {
    Settings {
        api_url: Url::parse(url).unwrap(),
        api_key: KEY.into(),
        is_sandbox: true,
        version: "2026-02-27".into(),
        software_house_id: "softwareHouse1".into(),
        reseller_id: Some("reseller1".into()),
        partners: PartnerHeaders::default(),
        webhook_secrets: Vec::new(),
        refund: RefundRoute::Terminal,
        reverses_whole: false,
        session_ttl: SignedDuration::from_secs(300),
        prompt: SignedDuration::from_secs(150),
        in_flight: SignedDuration::from_secs(120),
        refund_patience: SignedDuration::from_secs(900),
        signature_settle: SignedDuration::from_secs(120),
        request_timeout: Duration::from_secs(1),
    }
}

pub(crate) fn dojo(url: &str) -> Dojo {
    Dojo::new(settings(url)).unwrap()
}

pub(crate) fn reference() -> AttemptReference {
    AttemptReference::new(Ulid::from_parts(1_700_000_000_000, 42))
}

/// A sale of 399.00 GBP.
pub(crate) fn sale(phase: Phase) -> Attempt {
    let order = Order {
        reference: reference(),
        money: Money { amount: Amount::new(39900).unwrap(), currency: Currency::from_code("GBP").unwrap() },
        terminal: ProviderTerminalId::new("tm_1").unwrap(),
        may_grow: false,
    };
    Attempt {
        preparation: Some(preparation()),
        phase,
        ..Attempt::first(
            OperationId(Ulid::from_parts(1, 1)),
            Kind::Sale,
            order,
            "2026-11-20T10:20:02Z".parse::<Timestamp>().unwrap(),
            "2026-11-20T10:25:02Z".parse::<Timestamp>().unwrap(),
        )
    }
}

pub(crate) fn refund(phase: Phase) -> Attempt {
    Attempt { kind: Kind::Refund, refund_of: Some(transaction()), ..sale(phase) }
}

pub(crate) fn preparation() -> Preparation {
    let payment = Handle::new("pi_1").unwrap();
    Preparation { payment, reference: reference(), earlier_runs: Vec::new(), refunded: 0, run: None }
}

pub(crate) fn open() -> Phase {
    Phase::Open { handle: Handle::new("ts_1").unwrap() }
}

pub(crate) fn unknown() -> Phase {
    Phase::Unknown { handle: None, empty_since: None }
}

pub(crate) fn transaction() -> TransactionId {
    TransactionId::new("pi_1").unwrap()
}

pub(crate) fn store() -> Store {
    Store {
        id: StoreId::new("london").unwrap(),
        payout_destination_id: String::new(),
        currency: Currency::from_code("GBP").unwrap(),
        time_zone: "Europe/London".into(),
    }
}

pub(crate) fn terminal() -> Terminal {
    Terminal {
        name: TerminalName::new("terminal-1").unwrap(),
        provider: ProviderName::Dojo,
        store: StoreId::new("london").unwrap(),
        terminal_id: ProviderTerminalId::new("tm_1").unwrap(),
        tips: false,
        unlinked_refund: false,
    }
}

/// A first attempt, for which nothing was prepared yet.
pub(crate) async fn prepare(dojo: &Dojo, details: &Details) -> Prepared {
    prepare_on(dojo, None, details).await
}

/// A later attempt, with what an earlier one ran on.
pub(crate) async fn prepare_on(dojo: &Dojo, preparation: Option<Preparation>, details: &Details) -> Prepared {
    let (attempt, store) = (Attempt { preparation, ..sale(Phase::Reserved) }, store());
    dojo.prepare_sale(SaleOrder { attempt: &attempt, store: &store, till_reference: "till-1/R-1001", details }).await
}

pub(crate) async fn start_sale(dojo: &Dojo) -> Answer<Handle> {
    let (attempt, store, details) = (sale(Phase::Sending), store(), Details::default());
    let till_reference = "till-1/R-1001";
    dojo.start_sale(SaleOrder { attempt: &attempt, store: &store, till_reference, details: &details }).await
}

/// At the machine, with the card.
pub(crate) async fn refund_at_terminal(dojo: &Dojo) -> Answer<Handle> {
    let (attempt, transaction) = (refund(Phase::Sending), transaction());
    let details = Details::default();
    dojo.start_refund(RefundOrder { attempt: &attempt, transaction: Some(&transaction), details: &details }).await
}

/// Without the card.
pub(crate) async fn refund_by_api(dojo: &Dojo) -> Answer<Handle> {
    let attempt = Attempt { card_present: false, ..refund(Phase::Sending) };
    let details = Details { reason: Some("Customer return".into()), ..Details::default() };
    let transaction = transaction();
    dojo.start_refund(RefundOrder { attempt: &attempt, transaction: Some(&transaction), details: &details }).await
}

/// Without a sale: `transaction` is none.
pub(crate) async fn refund_unlinked(dojo: &Dojo, card_present: bool) -> Answer<Handle> {
    let attempt = Attempt { refund_of: None, preparation: None, card_present, ..refund(Phase::Sending) };
    dojo.start_refund(RefundOrder { attempt: &attempt, transaction: None, details: &Details::default() }).await
}

/// An answer in a word.
pub(crate) fn answered(answer: &Answer<Handle>) -> String {
    match answer {
        Answer::Yes(handle) => format!("yes {handle}"),
        Answer::Undelivered(handle) => format!("undelivered {handle}"),
        Answer::No(reason) => format!("no {}", reason.code),
        Answer::NotSent(reason) => format!("not sent {}", reason.code),
        Answer::Unknown(_) => "unknown".into(),
    }
}

/// What came of preparing, in a word.
pub(crate) fn came_of(prepared: &Prepared) -> String {
    match prepared {
        Prepared::Ready(preparation) => format!("ready {}", preparation.payment),
        Prepared::Undecided => "undecided".to_owned(),
        Prepared::Decided => "decided".into(),
        Prepared::Refused(reason) => format!("refused {}", reason.code),
        Prepared::Unreached(reason) => format!("unreached {}", reason.code),
    }
}

/// A finding in a word.
pub(crate) fn found(finding: &Finding) -> &'static str {
    match finding {
        Finding::Nothing => "nothing",
        Finding::Undecided { started: true, .. } => "started",
        Finding::Undecided { started: false, .. } => "waiting",
        Finding::Lapsed { .. } => "lapsed",
        Finding::Approved(_) => "approved",
        Finding::Declined(_) => "declined",
        Finding::Cancelled => "cancelled",
        Finding::Corrected(_) => "corrected",
        Finding::Contradiction { .. } => "contradiction",
    }
}
