//! No more faults, no more requests: the provider's time passes until everything is decided or a person's.

use std::time::{Duration, Instant};

use crate::configuration::SIGNATURE_SETTLE_SECONDS;
use crate::provider::Provider;
use crate::shop::Shop;

const PATIENCE: Duration = Duration::from_secs(30);
/// Before it sells it compares the provider's list, which is long after a soak, and slow in a debug build.
const PATIENCE_WITH_START: Duration = Duration::from_secs(90);

pub(crate) async fn come_to_rest(shop: &mut Shop, provider: &mut Provider) -> Result<(), Vec<String>> {
    start_in_peace(shop).await?;
    decide_everything(shop, provider).await?;
    // The sweep of one more start finds what came after its attempt was given up, and takes nothing for money that may go back.
    shop.kill();
    provider.pass(SIGNATURE_SETTLE_SECONDS).await;
    start_in_peace(shop).await?;
    catch_up(shop, provider).await;
    Ok(())
}

pub(crate) async fn decide_everything(shop: &Shop, provider: &mut Provider) -> Result<(), Vec<String>> {
    let begun = Instant::now();
    loop {
        let open = undecided(shop).await;
        if open.is_empty() {
            break;
        }
        if begun.elapsed() > PATIENCE {
            return Err(vec![format!("does not come to rest: {open:?}")]);
        }
        provider.pass(20).await;
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
    Ok(())
}

pub(crate) async fn catch_up(shop: &Shop, provider: &Provider) {
    let begun = Instant::now();
    while is_behind(shop, provider).await && begun.elapsed() < Duration::from_secs(10) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub(crate) async fn start_in_peace(shop: &mut Shop) -> Result<(), Vec<String>> {
    if !shop.is_running() {
        shop.spawn(false);
    }
    let ready = shop.ready(PATIENCE_WITH_START).await;
    ready.map(drop).ok_or_else(|| vec!["the bridge does not get ready, without any fault".to_owned()])
}

/// The same where the journal may have lost what is not decided yet: the shop stays closed until that is too old to be.
pub(crate) async fn start_as_time_passes(shop: &mut Shop, provider: &mut Provider) -> Result<(), Vec<String>> {
    shop.spawn(false);
    let begun = Instant::now();
    while shop.ready(Duration::from_secs(1)).await.is_none() {
        if begun.elapsed() > PATIENCE_WITH_START {
            return Err(vec!["the bridge does not get ready, however much time passes".to_owned()]);
        }
        provider.pass(60).await;
    }
    Ok(())
}

/// What is open and nobody's but the bridge's.
pub(crate) async fn undecided(shop: &Shop) -> Vec<String> {
    let open = shop.every_operation(true).await;
    open.iter().filter(|it| it["retry"] != "operator").map(ToString::to_string).collect()
}

/// The provider has taken or given back more than the bridge lists.
pub(crate) async fn is_behind(shop: &Shop, provider: &Provider) -> bool {
    let (mut sold, mut refunded) = (0, 0);
    for operation in shop.every_operation(false).await {
        let amount = operation["amount_approved"].as_i64().unwrap();
        if operation["kind"] == "sale" { sold += amount } else { refunded += amount }
    }
    (sold, refunded) != provider.ledger().await.sums()
}
