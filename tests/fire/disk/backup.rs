//! A backup is put back: the bridge must learn what was paid since, and sell and give back nothing a second time.

use super::FIRST_RESTORE;
use super::damage::{Files, given_back_again};
use crate::arguments::Form;
use crate::dice::Dice;
use crate::progress::Progress;
use crate::rest;
use crate::world::{Side, World, sound};

const SHORT_RESTORES: u32 = 2;
const LONG_RESTORES: u32 = 50;

pub(super) async fn run(form: &Form) -> Result<(), String> {
    let restores = if form.is_long { LONG_RESTORES } else { SHORT_RESTORES };
    let (mut paid, mut done, mut progress) = (0, 0, Progress::default());
    for number in form.from.saturating_sub(FIRST_RESTORE)..restores {
        if form.is_over() {
            break;
        }
        progress.tell("restored backup", FIRST_RESTORE + number, FIRST_RESTORE + restores);
        let side = if number.is_multiple_of(2) { Side::Dintero } else { Side::Dojo };
        let mut world = side.open(form.seed.wrapping_add(number.into()));
        let mut dice = Dice::new(form.seed, number.into(), 1);
        let outcome = restore(&mut world, &mut dice).await;
        paid += outcome.map_err(|broken| {
            format!("restored backup {number} at {side:?} ({}):\n* {}", world.keep().display(), broken.join("\n* "))
        })?;
        done += 1;
    }
    println!("{done} restored backups, every other one at Dojo's machines; {paid} sales were paid before");
    if done == 0 || paid > 0 { Ok(()) } else { Err("vacuous: nothing was paid".to_owned()) }
}

/// How many of the sales before were paid.
async fn restore(world: &mut World, dice: &mut Dice) -> Result<usize, Vec<String>> {
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
    rest::start_as_time_passes(&mut world.shop, &mut world.provider).await?;
    world.first.pay("S-2", 10_000, 2).await;
    world.first.refund("B-1", "S-1", 5_000, 2).await;
    world.second.pay("S-3", 20_000, 2).await;
    rest::decide_everything(&world.shop, &mut world.provider).await?;
    learned(world).await
}

async fn learned(world: &mut World) -> Result<usize, Vec<String>> {
    let ledger = world.provider.ledger().await;
    let charges = ledger.charges();
    let mut broken = given_back_again(&charges);
    let mut taken: Vec<&str> = charges.iter().map(|charge| charge.name).collect();
    taken.sort_unstable();
    if taken.windows(2).any(|pair| pair[0] == pair[1]) {
        broken.push(format!("rule 1: charged a second time: {taken:?}"));
    }
    // A customer runs out of time where the machine is too busy.
    let is_paid = |reference: &&str| taken.contains(&format!("till-{}/{reference}", world.first.number).as_str());
    let paid: Vec<&str> = ["S-1", "S-2"].into_iter().filter(is_paid).collect();
    for reference in &paid {
        let sale = world.first.call(reqwest::Method::GET, &format!("/pay/{reference}"), None).await;
        if sale.as_ref().is_none_or(|(_, sale)| sale["status"] != "approved") {
            broken.push(format!("{reference} was paid, and the bridge says: {sale:?}"));
        }
    }
    sound(broken).map(|()| paid.len())
}
