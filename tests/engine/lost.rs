//! What the sweep makes of payments that the journal does not know, or knows otherwise (P39).

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use pos_bridge::domain::attempt::{AlarmKind, Event, Phase, Reason};
use pos_bridge::domain::evidence::{Approval, Finding, PaymentRecord, PaymentState, Terms};
use pos_bridge::domain::identifiers::{AttemptReference, TransactionId};
use pos_bridge::domain::money::{Amount, Currency, Money};
use pos_bridge::domain::operation::Status;
use pos_bridge::domain::request::{Details, Naming, SaleRequest};
use pos_bridge::engine::{News, Progress, Refusal};
use pos_bridge::ports::{Journal, Listing, Prepared, Refunded, Trace, Unreadable};
use tokio::time::timeout;
use ulid::Ulid;

use crate::provider::Scripted;
use crate::shop::{Shop, eventually};

/// Far longer than any answer takes.
const LONG: Duration = Duration::from_secs(60);
const UNDER_WAY: Finding = Finding::Undecided { handle: None, started: true };

fn unreadable(reference: AttemptReference, terminal: Option<&str>) -> Listing {
    let payment = Unreadable {
        reference,
        terminal: terminal.map(str::to_owned),
        till_reference: Some("till-1/R-1".to_owned()),
        transaction: Some("T1.lost".to_owned()),
    };
    Listing { unreadable: vec![payment], ..Listing::default() }
}

fn some_reference() -> AttemptReference {
    AttemptReference::new(Ulid::generate())
}

pub(crate) fn payment(reference: AttemptReference, state: PaymentState, created_at: Timestamp) -> Listing {
    let payment = PaymentRecord {
        transaction: transaction(),
        session: None,
        terms: Terms {
            reference: reference.to_string(),
            amount: 10_000,
            currency: "NOK".to_owned(),
            terminal: Some("T0292".to_owned()),
        },
        added: 0,
        state,
        card: None,
        receipt: None,
        created_at: Some(created_at),
    };
    let till_reference = Some("till-1/R-1".to_owned());
    let terminal = payment.terms.terminal.clone();
    let (refunds, refunded) = (Vec::new(), Refunded::Elsewhere(0));
    let at_machines = Vec::new();
    let trace = Trace { reference, till_reference, payment, several: false, terminal, refunds, refunded, at_machines };
    Listing { traces: vec![trace], ..Listing::default() }
}

fn transaction() -> TransactionId {
    TransactionId::new("T1.payment").unwrap()
}

/// A till that repeats the sale of a restored backup must not charge it again.
#[tokio::test]
async fn p39_a_lost_payment_that_cannot_be_read_freezes_its_terminal_until_somebody_has_looked() {
    let provider = Scripted::new();
    provider.lists(unreadable(some_reference(), Some("T0292")));
    let shop = Shop::open(provider).await;
    assert_eq!(shop.alarms().await, [AlarmKind::Unreadable]);
    assert!(matches!(shop.pay("R-1").await, Err(Refusal::TerminalFrozen(why)) if why.contains("T1.lost")));
    let alarm = shop.engine.alarms().await.unwrap().remove(0);
    shop.engine.acknowledge_alarm(alarm.id, "Kari").await.unwrap();
    assert!(shop.pay("R-1").await.is_ok());
}

#[tokio::test]
async fn p39_a_lost_payment_that_names_no_terminal_keeps_the_shop_closed_until_somebody_has_looked() {
    let provider = Scripted::new();
    provider.lists(unreadable(some_reference(), None));
    let shop = Shop::new(provider).await;
    shop.engine.recover().await.unwrap();
    shop.listed(2).await;
    assert!(matches!(shop.pay("R-1").await, Err(Refusal::NotReady)));
    let alarm = shop.engine.alarms().await.unwrap().remove(0);
    shop.engine.acknowledge_alarm(alarm.id, "Kari").await.unwrap();
    shop.ready().await;
}

/// A till without numbers asks again by the amount; the provider does not tell on which terminal it was paid.
#[tokio::test]
async fn p39_a_lost_payment_without_number_and_terminal_answers_the_till_that_asks_again() {
    let provider = Scripted::new();
    let mut lost = payment(some_reference(), PaymentState::Approved { captured: true }, Timestamp::now());
    lost.traces[0].till_reference = Some("till-1/B-7K3M9Q2XZ4".to_owned());
    lost.traces[0].payment.terms.terminal = None;
    lost.traces[0].terminal = None;
    provider.lists(lost);
    let shop = Shop::open(provider).await;
    let money = Money { amount: Amount::new(10_000).unwrap(), currency: Currency::from_code("NOK").unwrap() };
    let naming = Naming::Unnamed { force: false };
    let again = shop.sell(SaleRequest { naming, money, terminal: None, details: Details::default() }).await.unwrap();
    assert!(again.replayed && again.possible_duplicate);
    assert_eq!(again.operation.approval().unwrap().transaction, Some(transaction()));
}

/// Two bridges at one of Dojo's locations see each other's sales, which name no terminal that they will be paid on.
#[tokio::test]
async fn a_sale_of_another_bridge_that_is_under_way_does_not_keep_the_shop_closed() {
    let table = [
        (Some("T-other"), "till-1/R-1", true),
        (None, "till-9/R-1", true),
        (Some("T0292"), "till-9/R-1", false),
        (None, "till-1/R-1", false),
    ];
    for (terminal, till_reference, opens) in table {
        let mut listing = payment(some_reference(), PaymentState::Undecided, Timestamp::now());
        listing.traces[0].payment.terms.terminal = None;
        listing.traces[0].terminal = terminal.map(str::to_owned);
        listing.traces[0].till_reference = Some(till_reference.to_owned());
        let provider = Scripted::new();
        provider.lists(listing);
        let shop = Shop::new(provider).await;
        shop.engine.recover().await.unwrap();
        if opens {
            shop.ready().await;
            continue;
        }
        shop.listed(2).await;
        assert!(!shop.engine.unready().is_empty(), "{terminal:?} {till_reference}");
    }
}

/// A till asked again before the loss was found, and waits.
async fn asked_again(shop: &Shop) -> Progress {
    let (asked, lost) = (shop.pay("R-1").await.unwrap(), some_reference());
    shop.provider.lists(payment(lost, PaymentState::Approved { captured: true }, Timestamp::now()));
    shop.called_back(lost).await;
    asked
}

async fn hears_of_the_lost_payment(shop: &Shop, asked: Progress) {
    let waiting = shop.engine.settled(&asked.operation, asked.waiting, LONG);
    let settled = timeout(LONG / 4, waiting).await.expect("it waits on").unwrap();
    assert!(settled.is_late() && settled.id == asked.operation.id, "{settled:?}");
    assert_eq!(settled.approval().unwrap().transaction, Some(transaction()));
}

async fn is_cancelled(shop: &Shop, attempt: AttemptReference) {
    eventually("the end of the attempt that was stopped", async || {
        let (_, stopped) = shop.journal.find_attempt(attempt).await.unwrap().unwrap();
        matches!(stopped.phase, Phase::Cancelled { .. }).then_some(())
    })
    .await;
}

#[tokio::test]
async fn p39_a_till_that_asked_again_hears_of_the_lost_payment_while_its_sale_is_stopped() {
    let shop = Shop::open(Scripted::new()).await;
    shop.provider.finds(UNDER_WAY);
    let asked = asked_again(&shop).await;
    hears_of_the_lost_payment(&shop, asked).await;
}

#[tokio::test]
async fn p39_a_till_that_asked_again_hears_of_the_lost_payment_when_its_sale_was_stopped() {
    let shop = Shop::open(Scripted::new()).await;
    shop.provider.finds(UNDER_WAY);
    let mut stream = shop.engine.results(&shop.till, None).await.unwrap();
    let asked = asked_again(&shop).await;
    shop.provider.cancelled.subscribe().wait_for(|cancelled| *cancelled).await.unwrap();
    shop.provider.finds(Finding::Cancelled);
    shop.called_back(asked.operation.attempt.order.reference).await;
    is_cancelled(&shop, asked.operation.attempt.order.reference).await;
    hears_of_the_lost_payment(&shop, asked).await;
    let Ok(News::Results(results)) = stream.next().await else { panic!("no results") };
    assert!(results.iter().all(|it| it.operation.status() == Status::Approved), "so does one that listens");
    assert_eq!(
        shop.engine.last(&shop.till).await.unwrap().status(),
        Status::Approved,
        "and one that asks for the last"
    );
    assert_eq!(shop.alarms().await, [AlarmKind::Orphan]);
}

/// Of a provider that prepares a sale before anything is sent of it.
#[tokio::test]
async fn p39_a_till_that_asked_again_hears_of_the_lost_payment_while_its_sale_is_prepared() {
    let provider = Scripted::new();
    let unreached = || Prepared::Unreached(Reason::new("unreached", "nobody there"));
    provider.preparations.lock().unwrap().extend((0..100).map(|_| unreached()));
    let shop = Shop::open(provider).await;
    let asked = asked_again(&shop).await;
    is_cancelled(&shop, asked.operation.attempt.order.reference).await;
    hears_of_the_lost_payment(&shop, asked).await;
    assert_eq!(shop.provider.started_on(), Vec::<String>::new());
}

/// What was given back of a payment is learnt with the payment: a refund that the journal lost must not be made again.
#[tokio::test]
async fn p39_what_was_given_back_of_a_payment_is_known_as_soon_as_the_payment_is() {
    let shop = Shop::open(Scripted::new()).await;
    shop.provider.finds(UNDER_WAY);
    let reference = shop.pay("R-1").await.unwrap().operation.attempt.order.reference;
    let mut paid = payment(reference, PaymentState::Approved { captured: true }, Timestamp::now());
    paid.traces[0].refunded = Refunded::InAll(5_000);
    shop.provider.lists(paid);
    shop.engine.recover().await.unwrap();
    shop.listed(2).await;
    let sale = eventually("the payment", async || Some(shop.find("R-1").await).filter(|it| it.refunded > 0)).await;
    assert_eq!((sale.status(), sale.refunded), (Status::Approved, 5_000));
    assert!(shop.alarms().await.contains(&AlarmKind::LostRefund));
}

#[tokio::test]
async fn an_unreadable_payment_of_another_bridge_is_left_alone() {
    let provider = Scripted::new();
    provider.lists(unreadable(some_reference(), Some("T9999")));
    let shop = Shop::open(provider).await;
    assert_eq!(shop.alarms().await, []);
    assert!(shop.pay("R-1").await.is_ok());
}

/// P39: it may be approved a moment later, and the till may repeat its sale meanwhile.
#[tokio::test]
async fn p39_the_shop_opens_when_a_lost_payment_is_decided() {
    let (provider, reference, now) = (Scripted::new(), some_reference(), Timestamp::now());
    provider.lists(payment(reference, PaymentState::Undecided, now));
    let shop = Shop::new(provider).await;
    shop.engine.recover().await.unwrap();
    shop.listed(2).await;
    assert!(matches!(shop.pay("R-1").await, Err(Refusal::NotReady)));
    shop.provider.lists(payment(reference, PaymentState::Approved { captured: true }, now));
    shop.ready().await;
    assert!(shop.pay("R-1").await.unwrap().replayed);
}

#[tokio::test]
async fn a_lost_payment_that_is_too_old_to_be_decided_keeps_nothing_closed() {
    let provider = Scripted::new();
    provider.lists(payment(
        some_reference(),
        PaymentState::Undecided,
        Timestamp::now() - SignedDuration::from_mins(11),
    ));
    let shop = Shop::open(provider).await;
    assert!(shop.pay("R-1").await.is_ok());
}

/// P39: its provider will not decide it any more, and whoever repeats its sale might be charged twice.
#[tokio::test]
async fn p39_a_lost_payment_of_which_nobody_knows_whether_it_was_taken_freezes_its_terminal() {
    let provider = Scripted::new();
    let long_ago = Timestamp::now() - SignedDuration::from_mins(11);
    provider.lists(payment(some_reference(), PaymentState::Unclear, long_ago));
    let shop = Shop::open(provider).await;
    assert_eq!(shop.alarms().await, [AlarmKind::Unreadable]);
    assert!(matches!(shop.pay("R-1").await, Err(Refusal::TerminalFrozen(_))));
}

/// D13: what was called unpaid is captured later, and its provider never says so plainly.
#[tokio::test]
async fn an_unpaid_sale_whose_payment_stays_unclear_is_for_a_person() {
    let shop = Shop::open(Scripted::new()).await;
    shop.provider.finds(Finding::Cancelled);
    shop.pay("R-1").await.unwrap();
    let cancelled = async || Some(shop.find("R-1").await).filter(|sale| sale.status() == Status::Cancelled);
    let reference = eventually("the end", cancelled).await.attempt.order.reference;
    let long_ago = Timestamp::now() - SignedDuration::from_mins(11);
    shop.provider.lists(payment(reference, PaymentState::Unclear, long_ago));
    shop.engine.recover().await.unwrap();
    eventually("the alarm", async || (shop.alarms().await == [AlarmKind::Mismatch]).then_some(())).await;
    assert_eq!(shop.find("R-1").await.status(), Status::Cancelled, "nothing proves the contrary");
}

fn approval() -> Approval {
    Approval {
        transaction: Some(transaction()),
        amount: Amount::new(10_000).unwrap(),
        captured: true,
        card: None,
        receipt: None,
        several: false,
    }
}

/// A sale that was approved before this start.
async fn approved() -> (Shop, AttemptReference) {
    let shop = Shop::open(Scripted::new()).await;
    shop.provider.finds(Finding::Approved(approval()));
    shop.pay("R-1").await.unwrap();
    let sale =
        eventually("the approval", async || Some(shop.find("R-1").await).filter(|sale| sale.status().is_final()));
    let reference = sale.await.attempt.order.reference;
    (shop, reference)
}

#[tokio::test]
async fn an_approval_that_the_provider_took_back_is_read_once_more_and_loud() {
    let (shop, reference) = approved().await;
    let reason = Reason::new("corrected", "it failed after all");
    shop.provider.finds(Finding::Corrected(reason.clone()));
    shop.provider.lists(payment(reference, PaymentState::Declined(reason), Timestamp::now()));
    shop.engine.recover().await.unwrap();
    eventually("the correction", async || (shop.find("R-1").await.status() == Status::Declined).then_some(())).await;
    assert_eq!(shop.alarms().await, [AlarmKind::Corrected]);
}

#[tokio::test]
async fn an_approval_that_is_declined_in_the_list_is_loud_even_when_the_provider_tells_of_no_correction() {
    let (shop, reference) = approved().await;
    let reason = Reason::new("05", "no");
    shop.provider.finds(Finding::Declined(reason.clone()));
    shop.provider.lists(payment(reference, PaymentState::Declined(reason), Timestamp::now()));
    shop.engine.recover().await.unwrap();
    eventually("the alarm", async || (shop.alarms().await == [AlarmKind::Corrected]).then_some(())).await;
    assert!(shop.journal.alarms().await.unwrap()[0].alarm.text.contains("declined"));
}

/// P29: its capture failed, and is tried again.
#[tokio::test]
async fn an_approval_that_may_not_have_been_taken_after_all_is_loud() {
    let (shop, reference) = approved().await;
    let long_ago = Timestamp::now() - SignedDuration::from_mins(11);
    shop.provider.lists(payment(reference, PaymentState::Unclear, long_ago));
    shop.provider.finds(UNDER_WAY);
    shop.engine.recover().await.unwrap();
    eventually("the alarm", async || (shop.alarms().await == [AlarmKind::Corrected]).then_some(())).await;
    assert_eq!(shop.find("R-1").await.status(), Status::Approved);
}

/// A list may have a word that nobody knows for what its own record still calls paid.
#[tokio::test]
async fn an_approval_whose_own_record_still_shows_it_is_not_loud_for_a_lists_word() {
    let (shop, reference) = approved().await;
    let long_ago = Timestamp::now() - SignedDuration::from_mins(11);
    shop.provider.lists(payment(reference, PaymentState::Unclear, long_ago));
    let looks = shop.provider.looks().in_all;
    shop.engine.recover().await.unwrap();
    eventually("its own record to be read", async || (shop.provider.looks().in_all > looks).then_some(())).await;
    shop.listed(2).await;
    assert_eq!(shop.alarms().await, []);
}

/// P29: a number may be tried again the day after it was declined.
#[tokio::test]
async fn an_approval_is_overdue_by_its_own_age_and_not_its_numbers() {
    let yesterday = Timestamp::now() - SignedDuration::from_hours(25);
    for (paid_at, alarms) in [(Timestamp::now(), vec![]), (yesterday, vec![AlarmKind::NotCaptured])] {
        let shop = Shop::new(Scripted::new()).await;
        let sale = shop.begun_on(shop.engine.directory().terminals[0].clone(), "R-1", yesterday).await;
        let reference = sale.attempt.order.reference;
        let approval = Approval { captured: false, ..approval() };
        let approved = Event::Seen { finding: Finding::Approved(approval), at: yesterday };
        shop.journal.record(reference, vec![approved], yesterday).await.unwrap();
        shop.provider.lists(payment(reference, PaymentState::Approved { captured: false }, paid_at));
        shop.engine.recover().await.unwrap();
        // A sale waits until everything is compared.
        shop.pay("R-2").await.unwrap();
        assert_eq!(shop.alarms().await, alarms, "paid at {paid_at}");
    }
}

#[tokio::test]
async fn an_unreadable_payment_that_the_journal_knows_is_loud_and_stops_nothing() {
    let (shop, reference) = approved().await;
    shop.provider.lists(unreadable(reference, Some("T0292")));
    shop.engine.recover().await.unwrap();
    eventually("the alarm", async || (shop.alarms().await == [AlarmKind::Unreadable]).then_some(())).await;
    assert!(shop.pay("R-2").await.is_ok());
}
