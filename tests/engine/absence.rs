//! What happened while the bridge was off, and what it finds when it is set up otherwise since.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use pos_bridge::domain::attempt::{AlarmKind, Event, OperatorVerdict, Preparation, Reason, Resolution};
use pos_bridge::domain::directory::Terminal;
use pos_bridge::domain::evidence::{Approval, Finding, PaymentState};
use pos_bridge::domain::identifiers::{AttemptReference, Handle, ProviderTerminalId, StoreId, TransactionId};
use pos_bridge::domain::money::Amount;
use pos_bridge::domain::operation::{Operation, ProviderName, Status};
use pos_bridge::engine::{Patience, Refusal};
use pos_bridge::ports::{Journal, Prepared, Refunded};
use tokio_util::sync::CancellationToken;
use ulid::Ulid;

use crate::lost::payment;
use crate::provider::Scripted;
use crate::shop::{Shop, eventually};

const PAID: PaymentState = PaymentState::Approved { captured: true };

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

fn store() -> StoreId {
    StoreId::new("oslo-center").unwrap()
}

fn front(shop: &Shop) -> Terminal {
    shop.engine.directory().terminals[0].clone()
}

fn approved(payment: &str) -> Event {
    let approval = Approval {
        transaction: Some(TransactionId::new(payment).unwrap()),
        amount: Amount::new(10_000).unwrap(),
        captured: true,
        card: None,
        receipt: None,
        several: false,
    };
    Event::Seen { finding: Finding::Approved(approval), at: Timestamp::now() }
}

async fn record(shop: &Shop, operation: &Operation, event: Event) {
    shop.journal.record(operation.attempt.order.reference, vec![event], Timestamp::now()).await.unwrap();
}

/// Three days, unless nobody has compared for longer: what came meanwhile, over Easter say, is found all the same.
#[tokio::test]
async fn the_first_sweep_looks_back_to_the_one_before_the_stop() {
    for (last, back) in [(None, 72), (Some(1), 73), (Some(6 * 24), 9 * 24), (Some(400 * 24), 31 * 24), (Some(-5), 72)] {
        let (shop, now) = (Shop::new(Scripted::new()).await, Timestamp::now());
        if let Some(last) = last {
            shop.journal.swept(ProviderName::Dintero, &store(), now - hours(last)).await.unwrap();
        }
        let shop = shop.opened().await;
        let since = shop.provider.listed_since().unwrap();
        let off_by = since.duration_since(now - hours(back)).abs();
        assert!(off_by < SignedDuration::from_mins(1), "{last:?}: {since} is {off_by} off {back} hours");
        let swept = shop.journal.last_sweep(ProviderName::Dintero, &store()).await.unwrap().unwrap();
        assert!(swept.duration_since(now).abs() < SignedDuration::from_mins(1), "this one counts from now on: {swept}");
    }
}

/// A disk that was full takes it the next time; until then the first look only goes back further.
#[tokio::test]
async fn a_comparison_whose_time_cannot_be_noted_opens_the_shop_all_the_same() {
    let shop = Shop::new(Scripted::new()).await;
    shop.refuse_to_note_sweeps().await;
    let shop = shop.opened().await;
    shop.listed(1).await;
    assert_eq!(shop.journal.last_sweep(ProviderName::Dintero, &store()).await.unwrap(), None);
}

/// A surge took the computer and the terminal: the backup knows the old one, the configuration the new one.
#[tokio::test]
async fn p39_a_lost_payment_on_a_terminal_that_was_replaced_is_found() {
    let provider = Scripted::new();
    let lost = AttemptReference::new(Ulid::generate());
    let mut paid = payment(lost, PAID, Timestamp::now());
    paid.traces[0].payment.terms.terminal = Some("T0001".to_owned());
    provider.lists(paid);
    let shop = Shop::new(provider).await;
    let burnt = Terminal { terminal_id: ProviderTerminalId::new("T0001").unwrap(), ..front(&shop) };
    let known = shop.begun_on(burnt, "R-0", Timestamp::now()).await;
    record(&shop, &known, approved("T1.known")).await;
    let shop = shop.opened().await;
    assert_eq!(shop.alarms().await, [AlarmKind::Orphan]);
    let again = shop.pay("R-1").await.unwrap();
    assert!(again.replayed && again.operation.status() == Status::Approved);
}

/// A backup of the moment before it was sent: the journal calls it unpaid, and the customer stands at the terminal.
#[tokio::test]
async fn p39_a_sale_that_was_sent_after_the_backup_is_waited_for() {
    let shop = Shop::new(Scripted::new()).await;
    let sale = shop.reserved(front(&shop), "R-1").await;
    let reference = sale.attempt.order.reference;
    let on_terminal = |state| {
        let mut listing = payment(reference, state, Timestamp::now());
        listing.traces[0].payment.session = Some(Handle::new("ts_1").unwrap());
        listing
    };
    shop.provider.lists(on_terminal(PaymentState::Undecided));
    shop.engine.recover().await.unwrap();
    shop.listed(2).await;
    assert_eq!(shop.find("R-1").await.status(), Status::Failed, "as far as the backup knows");
    assert!(matches!(shop.pay("R-1").await, Err(Refusal::NotReady)), "it is not begun anew");
    shop.provider.lists(on_terminal(PAID));
    shop.ready().await;
    let again = shop.pay("R-1").await.unwrap();
    assert!(again.replayed && again.operation.status() == Status::Approved);
}

/// A backup of the moment before a second attempt was sent holds for it what the first one ran on.
#[tokio::test]
async fn p39_a_second_attempt_that_was_sent_after_the_backup_is_found() {
    let shop = Shop::new(Scripted::new()).await;
    let first = shop.reserved(front(&shop), "R-1").await;
    let preparation = Preparation {
        payment: Handle::new("pi_1").unwrap(),
        reference: first.attempt.order.reference,
        earlier_runs: Vec::new(),
        refunded: 0,
        run: None,
    };
    record(&shop, &first, Event::Dispatched { preparation: Some(preparation) }).await;
    record(&shop, &first, Event::Seen { finding: Finding::Cancelled, at: Timestamp::now() }).await;
    shop.journal.told(first.id, 1, Status::Cancelled, Timestamp::now()).await.unwrap();
    let second = shop.reserved(front(&shop), "R-1").await;
    let earlier = second.attempt.preparation.as_ref().map(|prepared| prepared.payment.as_str());
    assert_eq!((second.attempt.number, earlier), (2, Some("pi_1")));

    shop.provider.lists(payment(second.attempt.order.reference, PAID, Timestamp::now()));
    let shop = shop.opened().await;
    let found = shop.find("R-1").await;
    assert_eq!((found.status(), found.attempt.number), (Status::Approved, 2));
    assert_eq!(shop.alarms().await, [AlarmKind::LateApproval]);
}

/// The shop has moved to another provider, and a sale at the old one was never decided.
#[tokio::test]
async fn what_was_open_at_a_provider_that_is_gone_is_for_a_person() {
    let shop = Shop::new(Scripted::new()).await;
    let machine = Terminal { provider: ProviderName::Dojo, ..front(&shop) };
    let open = shop.begun_on(machine, "R-1", Timestamp::now() - hours(1)).await;
    let shop = shop.opened().await;
    assert_eq!(shop.alarms().await, [AlarmKind::Unreadable]);
    assert!(shop.engine.alarms().await.unwrap()[0].alarm.text.contains("[dojo]"));
    let verdict = OperatorVerdict::NotTaken;
    let resolution = Resolution { verdict, by: "Kari".to_owned(), reason: "the slip".to_owned() };
    let resolved = shop.engine.resolve(open.id, resolution).await.unwrap();
    assert_eq!(resolved.status(), Status::Cancelled);
}

/// A till that only ever posts must hear that it was paid, however long the provider is away.
#[tokio::test]
async fn what_is_known_is_told_before_the_shop_opens() {
    let shop = Shop::new(Scripted::new()).await;
    let paid = shop.begun_on(front(&shop), "R-1", Timestamp::now()).await;
    record(&shop, &paid, approved("T1.payment")).await;
    let unpaid = shop.begun_on(front(&shop), "R-2", Timestamp::now()).await;
    record(&shop, &unpaid, Event::Seen { finding: Finding::Cancelled, at: Timestamp::now() }).await;
    shop.begun_on(front(&shop), "R-3", Timestamp::now()).await;
    // It was never told to recover, as while its provider cannot be reached.
    let told = async |reference: &str| {
        let short = Patience::starting_now(Duration::from_millis(10), CancellationToken::new());
        shop.engine.pay(&shop.till, shop.sale(reference), short).await
    };
    let replayed = told("R-1").await.unwrap();
    assert!(replayed.replayed && replayed.operation.id == paid.id);
    let joined = told("R-3").await.unwrap();
    assert!(!joined.replayed && joined.operation.status() == Status::Pending);
    for not_yet in ["R-2", "R-4"] {
        assert_eq!(told(not_yet).await.unwrap_err(), Refusal::NotReady, "an old backup may call it unpaid");
    }
    let mut other = shop.sale("R-1");
    other.money.amount = Amount::new(1).unwrap();
    let short = Patience::starting_now(Duration::from_millis(10), CancellationToken::new());
    let conflict = shop.engine.pay(&shop.till, other, short).await.unwrap_err();
    assert!(matches!(conflict, Refusal::ReferenceConflict(_)), "{conflict:?}");
}

/// A till that asks first whether it may sell must not be kept out by what went wrong an hour ago.
#[tokio::test]
async fn a_provider_that_is_back_is_known_to_be_back() {
    let provider = Scripted::new();
    let away = Prepared::Unreached(Reason::new("provider_unreachable", "nobody there"));
    *provider.preparations.lock().unwrap() = [away].into();
    let shop = Shop::open(provider).await;
    let short = Patience::starting_now(Duration::from_millis(10), CancellationToken::new());
    drop(shop.engine.pay(&shop.till, shop.sale("R-1"), short).await.unwrap());
    eventually("the sale to fail", async || (shop.find("R-1").await.status() == Status::Failed).then_some(())).await;
    shop.ready().await;
}

/// The second of two payments was given back in the back office, as the alarm says: the sale itself was not.
#[tokio::test]
async fn what_was_given_back_of_the_other_payment_is_not_taken_off_the_sale() {
    let shop = Shop::new(Scripted::new()).await;
    let first = shop.begun_on(front(&shop), "R-1", Timestamp::now()).await;
    record(&shop, &first, Event::Seen { finding: Finding::Cancelled, at: Timestamp::now() }).await;
    shop.journal.told(first.id, 1, Status::Cancelled, Timestamp::now()).await.unwrap();
    let second = shop.begun_on(front(&shop), "R-1", Timestamp::now()).await;
    record(&shop, &second, approved("T1.second")).await;
    let mut late = payment(first.attempt.order.reference, PAID, Timestamp::now());
    late.traces[0].refunded = Refunded::Elsewhere(10_000);
    shop.provider.lists(late);
    let shop = shop.opened().await;
    eventually("the alarm", async || shop.alarms().await.contains(&AlarmKind::SeveralPayments).then_some(())).await;
    assert_eq!(shop.find("R-1").await.refunded, 0);
}
