//! Callbacks that no provider sent, while sales of either provider are paid, given back, and under way.

use std::collections::BTreeMap;

use futures_util::future::join_all;

use super::letter::Line;
use super::snapshot;
use super::stand::{At, Stand};
use super::{dintero, dojo};
use crate::dice::Dice;

/// How many forge at once.
const FORGERS: u64 = 6;
/// What a bridge may ask while nobody calls it: a few slow looks and a sweep.
const IDLE_REQUESTS: usize = 40;

/// How often each kind was answered with each status.
pub(super) type Refused = BTreeMap<(&'static str, u16), u64>;

pub(super) async fn withstand(stand: &mut Stand, seed: u64, unit: u64, count: u64) -> Result<Refused, Vec<String>> {
    let mut known = BTreeMap::new();
    for at in At::BOTH {
        known.insert(at, have_sales(stand, at).await?);
    }
    let before = snapshot::when_quiet(&stand.world.shop.database()).await;
    let asked_before = stand.world.provider.requests().await;
    let refused = forge(stand, &known, seed, unit, count).await?;
    let after = snapshot::when_quiet(&stand.world.shop.database()).await;
    if before != after {
        return Err(vec![format!("forged callbacks changed the journal: {:?}", snapshot::news(&before, &after))]);
    }
    let asked = stand.world.provider.requests().await - asked_before;
    if asked > IDLE_REQUESTS {
        return Err(vec![format!("forged callbacks had the provider asked {asked} times")]);
    }
    for at in At::BOTH {
        end_open_sale(stand, at, &known[&at]).await?;
    }
    Ok(refused)
}

/// One that is paid and partly given back, and one that waits for its customer; what the provider knows them by.
async fn have_sales(stand: &mut Stand, at: At) -> Result<Vec<String>, Vec<String>> {
    let mut known = Vec::new();
    for name in ["F-paid", "F-open"] {
        stand.till(at).pay(name, 39_900, 0).await;
        let known_as = stand.known_as(at, name, &known).await?;
        if name == "F-paid" {
            stand.customer(at, "approve").await?;
            stand.deliver(&stand.genuine(at, &known_as, 0, &format!("evt_{at:?}_paid")), 1).await?;
            stand.hears(at, name, "approved").await?;
            stand.till(at).refund("F-refund", name, 5_000, u32::from(at == At::Dojo)).await;
            if at == At::Dintero {
                stand.customer(at, "approve").await?;
            }
            stand.deliver(&stand.genuine(at, &known_as, 4, &format!("evt_{at:?}_refund")), 1).await?;
            if !stand.till(at).look("refund", "F-refund").await {
                return Err(vec!["vacuous: a genuine callback brought no end of a refund".to_owned()]);
            }
        }
        known.push(known_as);
    }
    Ok(known)
}

async fn forge(
    stand: &Stand,
    known: &BTreeMap<At, Vec<String>>,
    seed: u64,
    unit: u64,
    count: u64,
) -> Result<Refused, Vec<String>> {
    let forgers = (0..FORGERS).map(|forger| async move {
        let mut dice = Dice::new(seed, unit, 200 + forger);
        let mut line = Line::to(stand.world.shop.callback_address);
        let mut refused = Refused::new();
        for number in (forger..count).step_by(FORGERS as usize) {
            let delivery = format!("evt_forged_{unit}_{number}");
            let (kind, letter) = if dice.percent(50) {
                dintero::forged(&known[&At::Dintero], &delivery, &mut dice)
            } else {
                dojo::forged(&stand.webhook_secret, &known[&At::Dojo], &delivery, &mut dice)
            };
            match line.send(&letter).await {
                Some(status @ 400..500) => *refused.entry((kind, status)).or_default() += 1,
                Some(status) => {
                    return Err(vec![format!("a forged callback was taken with {status}: {kind}: {letter:?}")]);
                }
                // Cut off within its body, which was too long.
                None if letter.body.len() > dojo::HUGE => *refused.entry((kind, 0)).or_default() += 1,
                None => return Err(vec![format!("a forged callback was not answered: {kind}: {letter:?}")]),
            }
        }
        Ok(refused)
    });
    let mut all = Refused::new();
    for refused in join_all(forgers).await {
        for (kind, count) in refused? {
            *all.entry(kind).or_default() += count;
        }
    }
    Ok(all)
}

/// The door works all the same.
async fn end_open_sale(stand: &mut Stand, at: At, known: &[String]) -> Result<(), Vec<String>> {
    let status = stand.glance(at, "F-open", 0).await;
    if status.as_deref() != Some("pending") {
        return Err(vec![format!("after nothing but forged callbacks the till hears {status:?}")]);
    }
    stand.customer(at, "approve").await?;
    stand.deliver(&stand.genuine(at, &known[1], 0, &format!("evt_{at:?}_open")), 1).await?;
    stand.hears(at, "F-open", "approved").await
}
