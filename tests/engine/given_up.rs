//! What was given up is read again by every sweep: there may be a bad day's worth of it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use pos_bridge::domain::attempt::{Event, Phase};
use pos_bridge::domain::evidence::Finding;
use pos_bridge::ports::Journal;

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
