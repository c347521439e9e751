//! Several attempts on one payment, and a later one learns that it was made.

use std::time::Duration;

use jiff::Timestamp;
use pos_bridge::domain::attempt::{AlarmKind, Preparation, Reason};
use pos_bridge::domain::evidence::{Approval, Finding, PaymentState};
use pos_bridge::domain::identifiers::{AttemptReference, Handle, TransactionId};
use pos_bridge::domain::money::Amount;
use pos_bridge::domain::operation::Status;
use pos_bridge::ports::Prepared;
use ulid::Ulid;

use crate::lost::payment;
use crate::provider::Scripted;
use crate::shop::{Shop, eventually};

/// What the payment carries.
fn reference() -> AttemptReference {
    AttemptReference::new(Ulid::from_parts(1, 1))
}

fn ready() -> Prepared {
    Prepared::Ready(Preparation {
        payment: Handle::new("pi_1").unwrap(),
        reference: reference(),
        earlier_runs: Vec::new(),
        refunded: 0,
        run: None,
    })
}

fn approved() -> Finding {
    Finding::Approved(Approval {
        transaction: Some(TransactionId::new("pi_1").unwrap()),
        amount: Amount::new(10_000).unwrap(),
        captured: true,
        card: None,
        receipt: None,
        several: false,
    })
}

/// Pays, and has the till told of the end.
async fn pay(shop: &Shop, attempt: u32, expected: Status) {
    eventually("the attempt", async || {
        let progress = shop.pay("R-1").await.unwrap();
        (progress.operation.attempt.number == attempt).then_some(())
    })
    .await;
    let ended = eventually("its end", async || {
        let operation = shop.find("R-1").await;
        operation.status().is_final().then_some(operation)
    })
    .await;
    assert_eq!(ended.status(), expected);
    shop.engine.told(&ended);
}

/// A cashier who hears that nothing was taken takes the money once more.
#[tokio::test]
async fn while_nobody_knows_which_attempt_was_paid_nobody_hears_that_none_was() {
    for second in [Prepared::Decided, Prepared::Undecided] {
        nobody_hears_that_none_was(second).await;
    }
}

async fn nobody_hears_that_none_was(second: Prepared) {
    let provider = Scripted::new();
    *provider.preparations.lock().unwrap() = [ready(), second].into();
    let shop = Shop::open(provider).await;
    shop.provider.finds(Finding::Declined(Reason::new("declined", "no")));
    pay(&shop, 1, Status::Declined).await;
    // Read in between, the record does not show it.
    shop.provider.finds(Finding::Nothing);
    eventually("the second attempt", async || {
        (shop.pay("R-1").await.unwrap().operation.attempt.number == 2).then_some(())
    })
    .await;
    let looks = shop.provider.looks().in_all;
    eventually("two more looks", async || (shop.provider.looks().in_all >= looks + 2).then_some(())).await;
    assert_eq!(shop.find("R-1").await.status(), Status::Unknown);
    assert_eq!(shop.cancel("R-1").await.status(), Status::Unknown, "a cancel is a wish");
    shop.provider.finds(approved());
    eventually("the payment", async || (shop.find("R-1").await.status() == Status::Approved).then_some(())).await;
    eventually("its terminal to be free", async || shop.pay("R-2").await.ok().map(drop)).await;
}

/// The one that never reached a terminal would take the other one's run for its own: both would count as paid.
#[tokio::test]
async fn the_payment_of_a_later_attempt_is_not_given_to_one_that_was_never_started() {
    let provider = Scripted::new();
    *provider.preparations.lock().unwrap() = [ready(), ready(), Prepared::Decided].into();
    *provider.refusals.lock().unwrap() = 1;
    let shop = Shop::open(provider).await;
    pay(&shop, 1, Status::Failed).await;
    shop.provider.finds(Finding::Declined(Reason::new("declined", "no")));
    pay(&shop, 2, Status::Declined).await;
    shop.provider.finds(approved());
    let paid = eventually("the payment to be known", async || {
        let _ = shop.pay("R-1").await.unwrap();
        let operation = shop.find("R-1").await;
        (operation.status() == Status::Approved).then_some(operation)
    })
    .await;
    let (_, history) = shop.engine.history(paid.id).await.unwrap();
    let approved: Vec<_> = history.iter().filter(|line| line.phase == "approved").map(|line| line.attempt).collect();
    assert_eq!(approved, [2], "{history:?}");
}

/// The first attempt's card crossed with its end, while the second one is on the terminal already: what the second one's own
/// session says is no word on the money.
#[tokio::test]
async fn a_later_attempt_is_not_called_unpaid_before_the_payment_of_the_earlier_one_is_known() {
    let provider = Scripted::new();
    *provider.preparations.lock().unwrap() = [ready(), ready()].into();
    let shop = Shop::open(provider).await;
    let declined = || Finding::Declined(Reason::new("declined", "no"));
    shop.provider.finds(declined());
    pay(&shop, 1, Status::Declined).await;
    // The first one cannot be read yet.
    shop.provider.found_of.lock().unwrap().extend([(1, (Finding::Nothing, true)), (2, (declined(), true))]);
    let second = eventually("the second attempt", async || {
        let progress = shop.pay("R-1").await.unwrap();
        (progress.operation.attempt.number == 2).then_some(progress.operation)
    })
    .await;
    eventually("a look at both", async || (shop.provider.looks().in_all >= 3).then_some(())).await;
    assert!(!shop.find("R-1").await.status().is_final(), "nobody knows yet which of the two was paid");
    shop.provider.found_of.lock().unwrap().insert(1, (approved(), false));
    shop.called_back_about_payment("pi_1").await;
    let paid = eventually("the payment", async || {
        Some(shop.find("R-1").await).filter(|operation| operation.status() == Status::Approved)
    })
    .await;
    assert_eq!((paid.id, paid.attempt.number, paid.is_late()), (second.id, 1, true));
    let (_, history) = shop.engine.history(paid.id).await.unwrap();
    let last = |attempt| history.iter().rfind(|line| line.attempt == attempt).map(|line| line.phase.clone());
    eventually("the second one's end", async || {
        let (_, history) = shop.engine.history(paid.id).await.unwrap();
        history.iter().any(|line| line.attempt == 2 && line.phase == "declined").then_some(())
    })
    .await;
    assert_eq!(last(1).as_deref(), Some("approved"), "{history:?}");
}

/// What was stopped before anything of it was sent has no run on the payment: a later attempt's is not its own.
#[tokio::test]
async fn an_attempt_that_was_stopped_before_it_was_sent_is_read_no_more() {
    let away = Prepared::Unreached(Reason::new("provider_unreachable", "nobody there"));
    let provider = Scripted::new();
    *provider.preparations.lock().unwrap() = [ready(), away].into();
    let shop = Shop::open(provider).await;
    shop.provider.finds(Finding::Declined(Reason::new("declined", "no")));
    pay(&shop, 1, Status::Declined).await;
    eventually("the second attempt", async || {
        (shop.pay("R-1").await.unwrap().operation.attempt.number == 2).then_some(())
    })
    .await;
    assert_eq!(shop.cancel("R-1").await.status(), Status::Cancelled);
    // A third one pays, of another till's for all that this one knows.
    shop.provider.finds(approved());
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!((shop.find("R-1").await.status(), shop.alarms().await), (Status::Cancelled, Vec::new()));
}

/// The earlier attempt's payment is decided only after this one has gone over to be read by itself.
#[tokio::test]
async fn an_attempt_that_was_never_sent_ends_as_soon_as_the_earlier_one_is_known_to_be_paid() {
    let provider = Scripted::new();
    *provider.preparations.lock().unwrap() = [ready(), Prepared::Undecided].into();
    let shop = Shop::open(provider).await;
    shop.provider.finds(Finding::Declined(Reason::new("declined", "no")));
    pay(&shop, 1, Status::Declined).await;
    shop.provider.found_of.lock().unwrap().insert(2, (Finding::Nothing, true));
    shop.provider.finds(Finding::Nothing);
    eventually("the second attempt", async || {
        (shop.pay("R-1").await.unwrap().operation.attempt.number == 2).then_some(())
    })
    .await;
    tokio::time::sleep(Duration::from_secs(11)).await;
    shop.provider.finds(approved());
    assert_eq!(shop.cancel("R-1").await.status(), Status::Unknown, "it is read by itself now");
    eventually("the payment", async || (shop.find("R-1").await.status() == Status::Approved).then_some(())).await;
    eventually("its terminal to be free", async || shop.pay("R-2").await.ok().map(drop)).await;
    let (_, history) = shop.engine.history(shop.find("R-1").await.id).await.unwrap();
    assert!(history.iter().any(|line| line.event.contains("paid_by_earlier")), "{history:?}");
}

/// The card of the first attempt was charged after all, once the second one was paid: the record of the payment says nothing
/// new but that, and no attempt is read any more.
#[tokio::test]
async fn a_payment_that_two_attempts_brought_is_loud_in_the_next_sweep() {
    let provider = Scripted::new();
    *provider.preparations.lock().unwrap() = [ready(), ready()].into();
    let shop = Shop::open(provider).await;
    shop.provider.finds(Finding::Declined(Reason::new("declined", "no")));
    pay(&shop, 1, Status::Declined).await;
    let first = shop.find("R-1").await.attempt.order.reference;
    shop.provider.finds(approved());
    pay(&shop, 2, Status::Approved).await;
    let mut listing = payment(first, PaymentState::Approved { captured: true }, Timestamp::now());
    let trace = &mut listing.traces[0];
    trace.payment.transaction = TransactionId::new("pi_1").unwrap();
    trace.payment.terms.reference = reference().to_string();
    trace.several = true;
    shop.provider.lists(listing);
    shop.engine.recover().await.unwrap();
    eventually("the alarm", async || (shop.alarms().await == [AlarmKind::SeveralPayments]).then_some(())).await;
    let sale = shop.find("R-1").await;
    assert_eq!((sale.status(), sale.attempt.number), (Status::Approved, 2));
}
