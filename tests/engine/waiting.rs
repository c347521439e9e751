//! A till waits for the result of what it began.

use std::time::Duration;

use pos_bridge::domain::evidence::Finding;
use pos_bridge::domain::operation::Status;
use pos_bridge::engine::Progress;
use tokio::time::timeout;

use crate::provider::Scripted;
use crate::shop::{Shop, eventually};

/// Far longer than any answer takes.
const LONG: Duration = Duration::from_secs(60);
const UNDER_WAY: Finding = Finding::Undecided { handle: None, started: true };

#[tokio::test]
async fn a_till_hears_the_result_of_its_new_sale_and_of_one_that_runs_again_under_its_number() {
    let shop = Shop::open(Scripted::new()).await;
    for attempt in 1..=2 {
        shop.provider.finds(UNDER_WAY);
        let Progress { operation, waiting, .. } = shop.pay("R-1").await.unwrap();
        assert_eq!(operation.attempt.number, attempt);
        shop.provider.finds(Finding::Cancelled);
        shop.cancel("R-1").await;
        // What happened before it begins to wait is heard too.
        eventually("the proof", async || shop.find("R-1").await.status().is_final().then_some(())).await;
        let settled = timeout(LONG / 4, shop.engine.settled(&operation, waiting, LONG)).await.expect("it waits on");
        let settled = settled.unwrap();
        assert_eq!((settled.status(), settled.attempt.number), (Status::Cancelled, attempt));
        shop.engine.told(&settled);
        eventually("the note", async || shop.find("R-1").await.told_at).await;
    }
}
