//! What happens between the answer to a start and the first look.

use pos_bridge::domain::evidence::{Contradiction, Finding};

use crate::provider::Scripted;
use crate::shop::{Shop, eventually};

/// The next look is a minute away; the wrong prompt must not stay on the terminal until then.
#[tokio::test]
async fn a_first_look_that_contradicts_the_order_has_the_sale_cancelled_at_once() {
    let shop = Shop::open(Scripted::new()).await;
    let what = Contradiction::Amount { asked: 10_000, found: 10_100 };
    shop.provider.finds(Finding::Contradiction { what, handle: None });
    shop.pay("R-1").await.unwrap();
    eventually("the cancel", async || shop.provider.cancelled.borrow().then_some(())).await;
}

/// The provider is slow to tell, and the customer waits.
#[tokio::test]
async fn a_wish_that_came_before_the_acceptance_does_not_wait_for_the_first_look() {
    let provider = Scripted { looks_wait_for_cancel: true, ..Scripted::new() };
    provider.finds(Finding::Cancelled);
    let shop = Shop::open(provider).await;
    shop.provider.answers.send_replace(false);
    shop.pay("R-1").await.unwrap();
    shop.cancel("R-1").await;
    shop.provider.answers.send_replace(true);
    eventually("the proof", async || shop.find("R-1").await.status().is_final().then_some(())).await;
}
