//! What was given up is read again by every sweep: there may be a bad day's worth of it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use pos_bridge::domain::attempt::{Event, Phase};
use pos_bridge::domain::evidence::{Approval, Finding, PaymentState};
use pos_bridge::domain::identifiers::TransactionId;
use pos_bridge::domain::operation::Status;
use pos_bridge::ports::Journal;

use crate::lost::payment;
use crate::provider::Scripted;
use crate::shop::{Shop, eventually};

const GIVEN_UP: usize = 40;

#[tokio::test]
async fn what_was_given_up_is_read_a_few_at_a_time() {
    let shop = Shop::new(Scripted { look_takes: Duration::from_millis(20), ..Scripted::new() }).await;
    for number in 0..GIVEN_UP {
        give_up(&shop, &format!("R-{number}")).await;
    }
    shop.engine.recover().await.unwrap();
    let looks = eventually("all of them to be read", async || {
        let looks = shop.provider.looks();
        (looks.in_all >= GIVEN_UP).then_some(looks)
    })
    .await;
    assert!((2..=8).contains(&looks.most_at_once), "{looks:?}");
}

/// A sale of a moment ago of which nothing was found when it could not come any more.
async fn give_up(shop: &Shop, reference: &str) {
    let now = Timestamp::now();
    let later = |seconds| now + SignedDuration::from_secs(seconds);
    let operation = shop.begun_on(shop.engine.directory().terminals[0].clone(), reference, now).await;
    let nothing = |seconds| Event::Seen { finding: Finding::Nothing, at: later(seconds) };
    let events = vec![Event::Silent { cause: "timeout".to_owned() }, nothing(500), nothing(540)];
    let recorded = shop.journal.record(operation.attempt.order.reference, events, now).await.unwrap();
    assert!(recorded.last().is_some_and(|last| matches!(last.attempt.phase, Phase::Abandoned { .. })));
}

/// A cancel that goes out in the last moment may void what that reading shows: it is believed only when that cannot be any
/// more.
#[tokio::test]
async fn an_authorization_is_not_believed_beside_the_last_cancel() {
    let shop = Shop::new(Scripted::new()).await;
    let began = Timestamp::now() - SignedDuration::from_secs(631);
    let later = |seconds| began + SignedDuration::from_secs(seconds);
    let operation = shop.begun_on(shop.engine.directory().terminals[0].clone(), "R-1", began).await;
    let nothing = Event::Seen { finding: Finding::Nothing, at: later(600) };
    let events = vec![Event::Silent { cause: "timeout".to_owned() }, Event::CancelWanted, nothing];
    let listed = payment(operation.attempt.order.reference, PaymentState::Approved { captured: false }, began);
    shop.provider.lists(listed);
    shop.journal.record(operation.attempt.order.reference, events, later(600)).await.unwrap();
    shop.provider.finds(Finding::Approved(Approval {
        transaction: Some(TransactionId::new("T1").unwrap()),
        amount: operation.money.amount,
        captured: false,
        card: None,
        receipt: None,
        several: false,
    }));
    shop.engine.recover().await.unwrap();
    eventually("the cancel and a look", async || {
        (*shop.provider.cancelled.borrow() && shop.provider.looks().in_all > 0).then_some(())
    })
    .await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(shop.find("R-1").await.status(), Status::Unknown);
}
