//! Load and faults for as long as one likes, on one bridge that is never started again: what it holds must not grow with what
//! it did.

mod flat;
mod retention;

use std::ffi::OsString;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::Verdict;
use crate::arguments::Form;
use crate::caller::Caller;
use crate::dice::Dice;
use crate::kill_loop::{Deck, Shelf, Till};
use crate::progress::Progress;
use crate::rest;
use crate::shop::TILLS;
use crate::vitals::Vitals;
use crate::world::World;
use flat::{Sample, is_flat};
use retention::Old;

const SHORT_WINDOWS: u32 = 9;
/// A day.
const LONG_WINDOWS: u32 = 8_640;
const SHORT_WINDOW: Duration = Duration::from_millis(600);
const LONG_WINDOW: Duration = Duration::from_secs(10);
/// Callbacks that are too old to be kept, as the soak begins.
const SHORT_OLD: i64 = 200;
const LONG_OLD: i64 = 10_000;
/// Between two looks at what the bridge holds.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);
const PURPOSE_FAULTS: u64 = 51;

pub(crate) async fn run(form: &Form) -> Result<Verdict, String> {
    let mut world = World::open_with_dojo(400, form.seed.wrapping_add(form.from.into())).await;
    let soaked = soak(&mut world, form).await;
    soaked.map_err(|broken| format!("({}):\n* {}", world.keep().display(), broken.join("\n* ")))?;
    Ok(Verdict::Held)
}

async fn soak(world: &mut World, form: &Form) -> Result<(), Vec<String>> {
    world.shop.calm = false;
    world.shop.environment = environment_of_the_service();
    let old = grow_old(world, form).await?;
    world.shop.spawn(true);
    rest::start_in_peace(&mut world.shop).await?;
    let before = Vitals::of(world.shop.id());
    let (closing, mut tills) = (CancellationToken::new(), JoinSet::new());
    let shelf = Shelf::default();
    for number in 1..=TILLS {
        let caller = Caller::new(number, world.shop.address, world.history());
        let dice = Dice::new(form.seed, form.from.into(), u64::try_from(number).unwrap());
        tills.spawn(Till::new(caller, dice, shelf.clone()).work(closing.clone()));
    }
    let samples = windows(world, form).await;
    closing.cancel();
    while let Some(ended) = tills.join_next().await {
        ended.unwrap();
    }
    world.provider.set_faults(&serde_json::json!([])).await;
    rest::decide_everything(&world.shop, &mut world.provider).await?;
    let flat = is_flat(&samples, &world.provider.hits).and(before.is_free_again(world.shop.id()).await);
    rest::come_to_rest(&mut world.shop, &mut world.provider).await?;
    let books = world.close_books().await;
    books.and(flat).and(old.have_gone(&world.shop.database()).await)
}

/// How a store runs it, as far as that says how memory is given back.
fn environment_of_the_service() -> Vec<(&'static str, OsString)> {
    let lines = include_str!("../../../deploy/pos-bridge.service").lines();
    let settings = lines.filter_map(|line| line.strip_prefix("Environment=")?.split_once('='));
    settings.filter(|(name, _)| name.starts_with("MALLOC_")).map(|(name, value)| (name, value.into())).collect()
}

/// A journal that has lain for months.
async fn grow_old(world: &mut World, form: &Form) -> Result<Old, Vec<String>> {
    rest::start_in_peace(&mut world.shop).await?;
    world.shop.stop().await;
    let count = if form.is_long { LONG_OLD } else { SHORT_OLD };
    Ok(Old::plant(&world.shop.database(), count).await)
}

/// One sample of each window, until it is over.
async fn windows(world: &mut World, form: &Form) -> Vec<Sample> {
    let (usual, length) = if form.is_long { (LONG_WINDOWS, LONG_WINDOW) } else { (SHORT_WINDOWS, SHORT_WINDOW) };
    let end = form.cycles.unwrap_or(usual);
    let mut deck = Deck::new(Dice::new(form.seed, form.from.into(), PURPOSE_FAULTS));
    let (mut samples, mut progress) = (Vec::new(), Progress::default());
    for number in form.from..end {
        if form.is_over() {
            break;
        }
        world.provider.set_faults(&deck.deal()).await;
        let (begun, mut most) = (Instant::now(), Vitals::default());
        while begun.elapsed() < length {
            tokio::time::sleep(BETWEEN_LOOKS).await;
            // Sessions expire and attempts are given up, so that the terminals are free again.
            world.provider.pass(20).await;
            most = most.at_most(Vitals::of(world.shop.id()));
        }
        let sample = Sample::take(world, most).await;
        progress.tell(&format!("{sample}; window"), number + 1, end);
        samples.push(sample);
    }
    samples
}
