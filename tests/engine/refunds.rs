//! Refunds where the provider tells of a payment's refunds the sum, and whether that holds those at machines is not known.

use std::sync::atomic::Ordering;

use jiff::{SignedDuration, Timestamp};
use pos_bridge::domain::attempt::{AlarmKind, OperatorVerdict, Preparation, Reason, Resolution};
use pos_bridge::domain::evidence::{Approval, Finding, PaymentState};
use pos_bridge::domain::identifiers::{AttemptReference, Handle, Reference, StoreId, TransactionId};
use pos_bridge::domain::money::Amount;
use pos_bridge::domain::operation::{Operation, ProviderName, Status};
use pos_bridge::domain::refund_books::RunAtMachine;
use pos_bridge::domain::request::{Details, Naming, Original, RefundRequest};
use pos_bridge::ports::{Journal, Listing, Prepared, Refundable};
use ulid::Ulid;

use crate::lost::payment;
use crate::provider::Scripted;
use crate::shop::{Shop, eventually, patience};

fn preparation() -> Preparation {
    Preparation {
        payment: Handle::new("pi_1").unwrap(),
        reference: AttemptReference::new(Ulid::from_parts(1, 1)),
        earlier_runs: Vec::new(),
        refunded: 0,
        run: None,
    }
}

fn approved(minor: i64) -> Finding {
    Finding::Approved(Approval {
        transaction: Some(TransactionId::new("pi_1").unwrap()),
        amount: Amount::new(minor).unwrap(),
        captured: true,
        card: None,
        receipt: None,
        several: false,
    })
}

/// The provider's record of a payment of 100.00 whose sum of refunds does not hold these runs at machines.
fn refundable(at_machines: &[(&str, i64)]) -> Refundable {
    let told =
        |(run, minor): &(&str, i64)| RunAtMachine { run: Handle::new(*run).unwrap(), minor: *minor, is_settled: true };
    Refundable {
        captured: 10_000,
        refunded: 0,
        refunds: Vec::new(),
        preparation: Some(preparation()),
        at_machines: at_machines.iter().map(told).collect(),
    }
}

/// Refunds go without the card, their replies are lost, and their time is over at once.
fn losing_replies() -> Scripted {
    let mut provider = Scripted::new();
    provider.refunds_by_api = true;
    provider.loses_refunds_for = Some(SignedDuration::ZERO);
    provider
}

async fn sold(at_machines: &[(&str, i64)]) -> Shop {
    sold_by(Scripted::new(), at_machines).await
}

async fn sold_by(provider: Scripted, at_machines: &[(&str, i64)]) -> Shop {
    *provider.preparations.lock().unwrap() = [Prepared::Ready(preparation())].into();
    *provider.refundable.lock().unwrap() = Some(refundable(at_machines));
    provider.finds(approved(10_000));
    let shop = Shop::open(provider).await;
    shop.pay("R-1").await.unwrap();
    eventually("the sale", async || (shop.find("R-1").await.status() == Status::Approved).then_some(())).await;
    shop
}

async fn refunded(shop: &Shop, number: &str, minor: i64) -> Operation {
    shop.provider.finds(approved(minor));
    let begun = asked_for(shop, number, minor).await;
    eventually("the refund", async || {
        shop.journal.operation(begun.id).await.unwrap().filter(|refund| refund.status().is_final())
    })
    .await
}

async fn asked_for(shop: &Shop, number: &str, minor: i64) -> Operation {
    let reference = |text: &str| Reference::new(text).unwrap();
    let request = RefundRequest {
        naming: Naming::Reference(reference(number)),
        original: Original::Reference { reference: reference("R-1"), till: None },
        amount: Some(Amount::new(minor).unwrap()),
        currency: None,
        terminal: None,
        details: Details::default(),
    };
    shop.engine.refund(&shop.till, request, patience()).await.unwrap().operation
}

/// A restored backup does not know of a refund that was made since; the sum alone would let it be made again.
#[tokio::test]
async fn p39_a_refund_at_a_machine_that_the_journal_lost_is_not_made_again() {
    is_not_made_again(Scripted::new()).await;
    let mut by_api = Scripted::new();
    by_api.refunds_by_api = true;
    is_not_made_again(by_api).await;
}

async fn is_not_made_again(provider: Scripted) {
    let shop = sold_by(provider, &[("ts_lost", 4_000)]).await;
    let refused = refunded(&shop, "B-1", 4_000).await;
    assert_eq!((refused.status(), refused.reason().unwrap().code.as_str()), (Status::Failed, "lost_refund"));
    assert_eq!(shop.provider.given_back(), [0; 0], "nothing was sent");
    assert_eq!(shop.alarms().await, [AlarmKind::LostRefund]);
    assert_eq!(shop.find("R-1").await.refunded, 4_000, "it counts against what is left");
    let alarm = shop.engine.alarms().await.unwrap().remove(0);
    shop.engine.acknowledge_alarm(alarm.id, "Kari").await.unwrap();
    assert_eq!(refunded(&shop, "B-2", 6_000).await.status(), Status::Approved);
    assert_eq!(shop.alarms().await, [], "it is told once");
}

#[tokio::test]
async fn refunds_at_machines_that_the_journal_knows_are_no_news() {
    let shop = sold(&[]).await;
    assert_eq!(refunded(&shop, "B-1", 4_000).await.status(), Status::Approved);
    *shop.provider.refundable.lock().unwrap() = Some(refundable(&[("T1.refund", 4_000)]));
    assert_eq!(refunded(&shop, "B-2", 6_000).await.status(), Status::Approved);
    assert_eq!((shop.alarms().await, shop.provider.given_back()), (Vec::new(), vec![4_000, 6_000]));
}

/// P39: it may be another one, which the journal lost and whose till asks for it again.
#[tokio::test]
async fn p39_nothing_more_is_given_back_while_a_refund_that_the_sum_shows_late_is_in_doubt() {
    let shop = sold_by(losing_replies(), &[]).await;
    assert_eq!(refunded(&shop, "B-1", 4_000).await.status(), Status::Approved);
    assert_eq!(shop.alarms().await, [AlarmKind::LateApproval]);
    *shop.provider.refundable.lock().unwrap() = Some(Refundable { refunded: 4_000, ..refundable(&[]) });

    let refused = refunded(&shop, "B-2", 4_000).await;
    assert_eq!((refused.status(), refused.reason().unwrap().code.as_str()), (Status::Failed, "lost_refund"));
    assert_eq!(shop.provider.given_back(), [4_000]);
    let alarm = shop.engine.alarms().await.unwrap().remove(0);
    shop.engine.acknowledge_alarm(alarm.id, "Kari").await.unwrap();
    assert_eq!(refunded(&shop, "B-3", 4_000).await.status(), Status::Approved);
    assert_eq!(shop.provider.given_back(), [4_000, 4_000]);
}

/// R10: the machine was offline, its session was called declined, and it gave the money back all the same.
#[tokio::test]
async fn r10_a_refund_that_a_machine_made_after_all_is_found_before_more_is_given_back() {
    let shop = sold(&[]).await;
    shop.provider.finds(Finding::Declined(Reason::new("declined", "no")));
    let declined = asked_for(&shop, "B-1", 4_000).await;
    eventually("the no", async || {
        shop.journal.operation(declined.id).await.unwrap().filter(|refund| refund.status() == Status::Declined)
    })
    .await;
    *shop.provider.refundable.lock().unwrap() = Some(refundable(&[("T1.refund", 4_000)]));
    let refused = refunded(&shop, "B-2", 4_000).await;
    assert_eq!((refused.status(), refused.reason().unwrap().code.as_str()), (Status::Failed, "earlier_refund"));
    assert_eq!(shop.provider.given_back(), [4_000], "one was sent");
    assert_eq!(shop.alarms().await, [AlarmKind::LateApproval]);
    assert_eq!(shop.find("R-1").await.refunded, 4_000);
}

/// A refund of 40.00 whose reply was lost, and that an operator called given back.
async fn paid_back_in_cash() -> Shop {
    let shop = sold_by(losing_replies(), &[]).await;
    shop.provider.finds(Finding::Nothing);
    let lost = asked_for(&shop, "B-1", 4_000).await;
    let resolution =
        Resolution { verdict: OperatorVerdict::Approved, by: "Kari".to_owned(), reason: "paid in cash".to_owned() };
    eventually("the sending", async || (!shop.provider.given_back().is_empty()).then_some(())).await;
    shop.engine.resolve(lost.id, resolution).await.unwrap();
    shop
}

/// It was paid back in cash: the provider's sum will never show it.
#[tokio::test]
async fn what_an_operator_calls_given_back_keeps_no_later_refund_waiting() {
    let shop = paid_back_in_cash().await;
    let second = refunded(&shop, "B-2", 6_000).await;
    assert_eq!(second.status(), Status::Approved, "{:?}", second.reason());
    assert_eq!(shop.provider.given_back(), [4_000, 6_000]);
}

async fn acknowledge_all(shop: &Shop) {
    for alarm in shop.engine.alarms().await.unwrap() {
        shop.engine.acknowledge_alarm(alarm.id, "Kari").await.unwrap();
    }
}

/// What was given back at a machine and lost does not hide behind what the back office gave back and somebody has seen to.
#[tokio::test]
async fn p39_a_lost_refund_at_a_machine_is_told_beside_money_that_was_noted_before() {
    let shop = sold_by(Scripted::new(), &[]).await;
    let tells = |sum, at_machines: &[(&str, i64)]| {
        *shop.provider.refundable.lock().unwrap() = Some(Refundable { refunded: sum, ..refundable(at_machines) });
    };
    tells(3_000, &[]);
    assert_eq!(refunded(&shop, "B-1", 2_000).await.reason().unwrap().code, "lost_refund");
    acknowledge_all(&shop).await;
    tells(3_000, &[("ts_lost", 2_000)]);
    assert_eq!(refunded(&shop, "B-2", 2_000).await.reason().unwrap().code, "lost_refund");
    assert_eq!((shop.alarms().await, shop.find("R-1").await.refunded), (vec![AlarmKind::LostRefund], 5_000));
    acknowledge_all(&shop).await;
    tells(4_000, &[("ts_lost", 2_000)]);
    assert_eq!(refunded(&shop, "B-3", 2_000).await.reason().unwrap().code, "lost_refund", "the back office once more");
    assert_eq!((shop.find("R-1").await.refunded, shop.provider.given_back()), (6_000, Vec::new()));
}

/// Nor where the sum leaves out refunds at machines, and as much was noted before.
#[tokio::test]
async fn p39_a_lost_refund_at_a_machine_is_told_where_as_much_was_noted_before() {
    let shop = sold_by(Scripted { loses_refunds_for: Some(SignedDuration::ZERO), ..Scripted::new() }, &[]).await;
    let tells = |at_machines: &[(&str, i64)]| {
        *shop.provider.refundable.lock().unwrap() = Some(Refundable { refunded: 1_500, ..refundable(at_machines) });
    };
    assert_eq!(refunded(&shop, "B-1", 4_000).await.status(), Status::Approved);
    acknowledge_all(&shop).await;
    tells(&[]);
    assert_eq!(refunded(&shop, "B-2", 700).await.reason().unwrap().code, "lost_refund", "the back office");
    acknowledge_all(&shop).await;
    tells(&[("ts_lost", 1_500)]);
    assert_eq!(refunded(&shop, "B-3", 1_500).await.reason().unwrap().code, "lost_refund", "its till asks again");
    assert_eq!((shop.alarms().await, shop.provider.given_back()), (vec![AlarmKind::LostRefund], vec![4_000]));
}

/// What an operator called given back may be in the sum, or in nobody's: a refund that was lost must not hide behind it.
#[tokio::test]
async fn p39_a_refund_that_was_lost_does_not_hide_behind_an_operators_word() {
    let shop = paid_back_in_cash().await;
    *shop.provider.refundable.lock().unwrap() = Some(Refundable { refunded: 4_000, ..refundable(&[]) });
    assert_eq!(refunded(&shop, "B-2", 4_000).await.reason().unwrap().code, "lost_refund");
    assert_eq!((shop.alarms().await, shop.provider.given_back()), (vec![AlarmKind::LostRefund], vec![4_000]));
    acknowledge_all(&shop).await;
    assert_eq!(refunded(&shop, "B-3", 1_000).await.status(), Status::Approved, "it is told once");
}

/// P39: what a machine gave back a moment ago comes to the sum later, and would pass for a refund that never arrived.
#[tokio::test]
async fn p39_a_lost_refund_that_may_come_to_the_sum_yet_is_waited_for() {
    let shop = sold_by(Scripted { refunds_by_api: true, ..Scripted::new() }, &[]).await;
    let mut told = refundable(&[("ts_lost", 3_000)]);
    told.at_machines[0].is_settled = false;
    *shop.provider.refundable.lock().unwrap() = Some(told);
    for number in ["B-1", "B-2"] {
        let refused = refunded(&shop, number, 3_000).await;
        assert_eq!(refused.reason().unwrap().code, "lost_refund", "before anybody has looked");
    }
    acknowledge_all(&shop).await;
    assert_eq!(refunded(&shop, "B-3", 3_000).await.reason().unwrap().code, "provider_behind");
    *shop.provider.refundable.lock().unwrap() = Some(refundable(&[("ts_lost", 3_000)]));
    assert_eq!(refunded(&shop, "B-4", 3_000).await.status(), Status::Approved, "it would have come");
    assert_eq!((shop.alarms().await, shop.provider.given_back()), (vec![], vec![3_000]));
}

/// What an old record holds beside an operator's word is no news of anybody's.
#[tokio::test]
async fn an_old_record_beside_an_operators_word_is_not_loud() {
    let shop = paid_back_in_cash().await;
    let preparation = Some(Preparation { refunded: 4_000, ..preparation() });
    *shop.provider.refundable.lock().unwrap() = Some(Refundable { refunded: 4_000, preparation, ..refundable(&[]) });
    assert_eq!(refunded(&shop, "B-2", 1_000).await.reason().unwrap().code, "lost_refund", "the word may be another's");
    acknowledge_all(&shop).await;
    assert_eq!(refunded(&shop, "B-3", 1_000).await.status(), Status::Approved);
    acknowledge_all(&shop).await;
    assert_eq!(refunded(&shop, "B-4", 1_000).await.reason().unwrap().code, "provider_behind", "it shows B-3 not yet");
    assert_eq!(shop.alarms().await, []);
}

/// R10: the payment's record shows that a machine has made it; what cannot be read is no proof of the contrary.
#[tokio::test]
async fn r10_nothing_more_is_given_back_while_a_machines_own_record_cannot_be_read() {
    let shop = sold(&[]).await;
    shop.provider.finds(Finding::Declined(Reason::new("declined", "no")));
    let declined = asked_for(&shop, "B-1", 4_000).await;
    eventually("the no", async || {
        shop.journal.operation(declined.id).await.unwrap().filter(|refund| refund.status() == Status::Declined)
    })
    .await;
    *shop.provider.refundable.lock().unwrap() = Some(refundable(&[("T1.refund", 4_000)]));
    shop.provider.is_unreadable.store(true, Ordering::Relaxed);
    let refused = refunded(&shop, "B-2", 4_000).await;
    assert_eq!((refused.status(), refused.reason().unwrap().code.as_str()), (Status::Failed, "earlier_refund"));
    assert_eq!(shop.provider.given_back(), [4_000], "one was sent");
}

/// What stood as begun at a machine, and was counted, may end without a refund: it is told once, and refunds go on.
#[tokio::test]
async fn what_was_lost_at_a_machine_and_never_made_keeps_no_refund_waiting() {
    let mut by_api = Scripted::new();
    by_api.refunds_by_api = true;
    let shop = sold_by(by_api, &[("ts_lost", 3_000)]).await;
    assert_eq!(refunded(&shop, "B-1", 2_000).await.reason().unwrap().code, "lost_refund");
    acknowledge_all(&shop).await;
    *shop.provider.refundable.lock().unwrap() = Some(refundable(&[]));
    assert_eq!(refunded(&shop, "B-2", 2_000).await.reason().unwrap().code, "lost_refund", "it is not there any more");
    acknowledge_all(&shop).await;
    assert_eq!(refunded(&shop, "B-3", 2_000).await.status(), Status::Approved);
    *shop.provider.refundable.lock().unwrap() = Some(Refundable { refunded: 2_000, ..refundable(&[]) });
    assert_eq!(refunded(&shop, "B-4", 1_000).await.status(), Status::Approved, "it is told once");
    *shop.provider.refundable.lock().unwrap() = Some(Refundable { refunded: 3_100, ..refundable(&[]) });
    assert_eq!(refunded(&shop, "B-5", 1_000).await.reason().unwrap().code, "lost_refund", "another's is new");
}

/// Whoever has read one alarm has not read the next.
#[tokio::test]
async fn a_lost_refund_that_is_more_by_now_is_another_alarm() {
    let shop = sold_by(Scripted::new(), &[]).await;
    let alarm = async || shop.engine.alarms().await.unwrap().into_iter().map(|it| it.id).collect::<Vec<_>>();
    let mut known = Vec::new();
    for sum in [3_000, 6_000] {
        *shop.provider.refundable.lock().unwrap() = Some(Refundable { refunded: sum, ..refundable(&[]) });
        assert_eq!(refunded(&shop, &format!("B-{sum}"), 1_000).await.reason().unwrap().code, "lost_refund");
        known.push(alarm().await);
    }
    assert_eq!(known.iter().map(Vec::len).collect::<Vec<_>>(), [1, 1]);
    assert_ne!(known[0], known[1]);
}

/// An old reading leaves out a refund at a machine, as a sum does that holds none of them: it is read once more.
#[tokio::test]
async fn an_old_reading_is_no_lost_refund() {
    let mut by_api = Scripted::new();
    by_api.refunds_by_api = true;
    let shop = sold_by(by_api, &[]).await;
    let tells = |sum| Refundable { refunded: sum, ..refundable(&[]) };
    *shop.provider.refundable.lock().unwrap() = Some(tells(3_000));
    assert_eq!(refunded(&shop, "B-1", 2_000).await.reason().unwrap().code, "lost_refund");
    acknowledge_all(&shop).await;
    *shop.provider.refundable_at_first.lock().unwrap() = Some(tells(1_000));
    assert_eq!(refunded(&shop, "B-2", 2_000).await.reason().unwrap().code, "provider_behind");
    assert_eq!((shop.alarms().await, shop.provider.given_back()), (Vec::new(), Vec::new()));
    assert_eq!(refunded(&shop, "B-3", 2_000).await.status(), Status::Approved);
}

/// R14: a sum that leaves out what machines gave back does not grow beyond what is known by what others gave back.
#[tokio::test]
async fn r14_what_others_gave_back_is_noted_where_the_sum_leaves_out_refunds_at_machines() {
    let shop = sold_by(Scripted { loses_refunds_for: Some(SignedDuration::ZERO), ..Scripted::new() }, &[]).await;
    assert_eq!(refunded(&shop, "B-1", 4_000).await.status(), Status::Approved);
    acknowledge_all(&shop).await;
    *shop.provider.refundable.lock().unwrap() = Some(Refundable { refunded: 3_000, ..refundable(&[]) });
    assert_eq!(refunded(&shop, "B-2", 1_000).await.reason().unwrap().code, "lost_refund");
    assert_eq!((shop.alarms().await, shop.find("R-1").await.refunded), (vec![AlarmKind::LostRefund], 7_000));
    acknowledge_all(&shop).await;
    *shop.provider.refundable.lock().unwrap() = Some(Refundable { refunded: 3_000, ..refundable(&[("ts_lost", 500)]) });
    assert_eq!(refunded(&shop, "B-3", 500).await.reason().unwrap().code, "lost_refund", "it was lost with the journal");
    assert_eq!((shop.alarms().await, shop.find("R-1").await.refunded), (vec![AlarmKind::LostRefund], 7_500));
    acknowledge_all(&shop).await;
    assert_eq!(refunded(&shop, "B-4", 1_000).await.status(), Status::Approved, "it is told once");
}

/// P39: whoever has read one alarm has not read the next, nor one that stands again since a backup was put back.
#[tokio::test]
async fn p39_what_is_noted_where_the_sum_leaves_out_machines_is_named_by_an_alarm_of_its_own() {
    let shop = sold_by(Scripted { loses_refunds_for: Some(SignedDuration::ZERO), ..Scripted::new() }, &[]).await;
    assert_eq!(refunded(&shop, "B-1", 4_000).await.status(), Status::Approved);
    acknowledge_all(&shop).await;
    for (sum, lost, refused) in
        [(500, &[][..], "B-2"), (1_200, &[][..], "B-3"), (1_900, &[("ts_lost", 600)][..], "B-4")]
    {
        *shop.provider.refundable.lock().unwrap() = Some(Refundable { refunded: sum, ..refundable(lost) });
        assert_eq!(refunded(&shop, refused, 700).await.reason().unwrap().code, "lost_refund");
        let alarms = shop.journal.alarms().await.unwrap();
        assert_eq!(alarms.len(), 1);
        assert!(alarms[0].alarm.text.contains(&format!("holds {sum} minor units")), "{}", alarms[0].alarm.text);
    }
    assert_eq!(shop.find("R-1").await.refunded, 4_000 + 1_900 + 600);
}

/// P39: its till may have been told that it failed: what the backup holds as not yet sent was sent after it was made.
#[tokio::test]
async fn p39_a_sweep_tells_of_a_lost_refund_at_a_machine_that_the_sum_leaves_out() {
    for (run, alarms) in [("T1.refund", vec![]), ("ts_lost", vec![AlarmKind::LostRefund])] {
        let shop = sold(&[]).await;
        assert_eq!(refunded(&shop, "B-1", 4_000).await.status(), Status::Approved);
        let mut listing = listed(&shop, PaymentState::Approved { captured: true }).await;
        listing.traces[0].at_machines = refundable(&[(run, 4_000)]).at_machines;
        swept(&shop, listing.clone()).await;
        assert_eq!(shop.alarms().await, alarms);
        acknowledge_all(&shop).await;
        swept(&shop, listing).await;
        assert_eq!(shop.alarms().await, [], "it is told once");
    }
}

/// A reversal of ours voids the payment before the refund's own reading says so.
#[tokio::test]
async fn a_payment_that_a_refund_under_way_may_have_voided_is_not_loud() {
    let under_way = Finding::Undecided { handle: None, started: true };
    let declined = Finding::Declined(Reason::new("declined", "no"));
    for (found, alarms) in [(under_way, vec![]), (declined, vec![AlarmKind::Corrected])] {
        let mut by_api = Scripted::new();
        by_api.refunds_by_api = true;
        let shop = sold_by(by_api, &[]).await;
        let is_over = matches!(found, Finding::Declined(_));
        shop.provider.finds(found);
        let refund = asked_for(&shop, "B-1", 10_000).await;
        eventually("the refund", async || {
            let stands = shop.journal.operation(refund.id).await.unwrap().unwrap().status();
            (!shop.provider.given_back().is_empty() && stands.is_final() == is_over).then_some(())
        })
        .await;
        sweep_over_a_voided_payment(&shop).await;
        assert_eq!(shop.alarms().await, alarms);
    }
}

/// A sale that was taken in was never prepared, and its refunds are.
#[tokio::test]
async fn a_payment_that_was_taken_in_and_that_a_refund_may_have_voided_is_not_loud() {
    let provider = Scripted { refunds_by_api: true, ..Scripted::new() };
    *provider.refundable.lock().unwrap() = Some(refundable(&[]));
    provider.finds(approved(10_000));
    let mut lost = payment(preparation().reference, PaymentState::Approved { captured: true }, Timestamp::now());
    lost.traces[0].payment.transaction = TransactionId::new("pi_1").unwrap();
    provider.lists(lost);
    let shop = Shop::open(provider).await;
    acknowledge_all(&shop).await;
    shop.provider.finds(Finding::Undecided { handle: None, started: true });
    asked_for(&shop, "B-1", 10_000).await;
    eventually("the sending", async || (!shop.provider.given_back().is_empty()).then_some(())).await;
    sweep_over_a_voided_payment(&shop).await;
    assert_eq!(shop.alarms().await, []);
}

async fn sweep_over_a_voided_payment(shop: &Shop) {
    swept(shop, listed(shop, PaymentState::Voided).await).await;
}

/// The sale's payment as a list of the provider's shows it.
async fn listed(shop: &Shop, state: PaymentState) -> Listing {
    let sale = shop.find("R-1").await.attempt;
    let mut listing = payment(sale.order.reference, state, Timestamp::now());
    listing.traces[0].payment.transaction = TransactionId::new("pi_1").unwrap();
    listing.traces[0].payment.terms.reference = preparation().reference.to_string();
    listing
}

async fn swept(shop: &Shop, listing: Listing) {
    shop.provider.lists(listing);
    let last_sweep = async || shop.journal.last_sweep(ProviderName::Dintero, &sold_in()).await.unwrap();
    let before = last_sweep().await;
    shop.engine.recover().await.unwrap();
    eventually("the sweep", async || (last_sweep().await != before).then_some(())).await;
}

fn sold_in() -> StoreId {
    StoreId::new("oslo-center").unwrap()
}
