//! A backup is put back: the bridge must learn what was paid since, and sell and give back nothing a second time.

use super::damage::Files;
use crate::arguments::Form;
use crate::dice::Dice;
use crate::rest;
use crate::world::{World, sound};

const SHORT_RESTORES: u32 = 2;
const LONG_RESTORES: u32 = 50;

pub(super) async fn run(form: &Form) -> Result<(), String> {
    let restores = if form.is_long { LONG_RESTORES } else { SHORT_RESTORES };
    for number in 0..restores {
        let mut world = World::open(form.seed.wrapping_add(number.into()));
        let mut dice = Dice::new(form.seed, number.into(), 1);
        let outcome = restore(&mut world, &mut dice).await;
        outcome.map_err(|broken| {
            format!("restored backup {number} ({}):\n* {}", world.keep().display(), broken.join("\n* "))
        })?;
    }
    println!("{restores} restored backups");
    Ok(())
}

async fn restore(world: &mut World, dice: &mut Dice) -> Result<(), Vec<String>> {
    rest::start_in_peace(&mut world.shop).await?;
    world.first.pay("S-1", 39_900, 2).await;
    // Some take it from a bridge that was stopped, others from what a crash left.
    if dice.percent(50) {
        world.shop.stop().await
    } else {
        world.shop.kill()
    }
    let backup = Files::read(&world.shop);
    rest::start_in_peace(&mut world.shop).await?;
    world.first.pay("S-2", 10_000, 2).await;
    world.first.refund("B-1", "S-1", 5_000, 2).await;
    tokio::time::sleep(dice.milliseconds(0, 40)).await;
    // The last one is under way when the machine breaks down.
    let _ = tokio::time::timeout(dice.milliseconds(0, 60), world.second.pay("S-3", 20_000, 2)).await;
    world.shop.kill();
    backup.write(&world.shop);
    world.forget();
    rest::start_in_peace(&mut world.shop).await?;
    world.first.pay("S-2", 10_000, 2).await;
    world.first.refund("B-1", "S-1", 5_000, 2).await;
    world.second.pay("S-3", 20_000, 2).await;
    rest::decide_everything(&world.shop, &mut world.provider).await?;
    learned(world).await
}

async fn learned(world: &mut World) -> Result<(), Vec<String>> {
    let transactions = world.provider.ledger().await.transactions;
    let mut broken = Vec::new();
    for transaction in &transactions {
        let due = if transaction.merchant_reference_2 == "till-1/S-1" { 5_000 } else { 0 };
        if transaction.refunded > due {
            broken.push(format!("rule 6: given back a second time: {transaction:?}"));
        }
    }
    let paid = transactions.iter().filter(|it| it.captured > 0);
    let mut taken: Vec<&String> = paid.map(|it| &it.merchant_reference_2).collect();
    taken.sort();
    if taken.windows(2).any(|pair| pair[0] == pair[1]) {
        broken.push(format!("rule 1: charged a second time: {taken:?}"));
    }
    for reference in ["S-1", "S-2"] {
        let sale = world.first.call(reqwest::Method::GET, &format!("/pay/{reference}"), None).await;
        if sale.as_ref().is_none_or(|(_, sale)| sale["status"] != "approved") {
            broken.push(format!("{reference} was paid, and the bridge says: {sale:?}"));
        }
    }
    sound(broken)
}
