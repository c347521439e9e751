//! Every write and every sync of the journal fails: once, or from then on for ever.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::aim::{AFTERMATH, JOURNAL, Target};
use crate::arguments::Form;
use crate::crowd;
use crate::dice::Dice;
use crate::injection::Strike;
use crate::rest;
use crate::world::World;

const SYNCS: [&str; 2] = ["fsync", "fdatasync"];
const CHANGES: [&str; 5] = ["pwrite64", "ftruncate", "fallocate", "unlink", "openat"];
/// How long a bridge that must stop may take for it.
const STOPPING_TIME: Duration = Duration::from_secs(5);
/// The short form tries one call of so many, each in one way.
const SHORT_STRIDE: u32 = 48;

#[derive(Debug, Clone, Copy)]
struct Trouble {
    target: Target,
    error: &'static str,
    for_ever: bool,
    number: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    /// It went on, and served the tills when the trouble was over.
    WentOn,
    /// It stopped, so that the next start reads the truth.
    Stopped,
    /// The script made fewer such calls this time.
    NotReached,
}

pub(super) async fn run(form: &Form) -> Result<(), String> {
    let mut dice = Dice::new(form.seed, 0, 0);
    let mut troubles = Vec::new();
    for target in Target::all(form).await? {
        if target.thread.is_none_or(|thread| thread == JOURNAL) {
            troubles.extend(troubles_of(target, form, &mut dice));
        }
    }
    let seed = form.seed;
    let mut ends: BTreeMap<(&str, &str, bool, End), u32> = BTreeMap::new();
    let experiment = move |number, trouble| try_one(trouble, seed.wrapping_add(u64::from(number)));
    let outcome = crowd::run(form, "failing call", &troubles, experiment, |trouble: Trouble, end| {
        *ends.entry((trouble.target.call, trouble.error, trouble.for_ever, end)).or_default() += 1;
    });
    let outcome = outcome.await;
    for ((call, error, for_ever, end), count) in &ends {
        println!("{call} fails with {error} {}: {end:?} {count} times", if *for_ever { "for ever" } else { "once" });
    }
    let struck = ends.iter().filter(|(way, _)| way.3 != End::NotReached);
    println!("{} failing calls", struck.map(|(_, count)| count).sum::<u32>());
    outcome?;
    let tried = |end| ends.keys().any(|it| it.3 == end);
    let is_vacuous = form.until.is_none() && !(tried(End::Stopped) && tried(End::WentOn));
    if is_vacuous { Err("vacuous: no failure was noticed".to_owned()) } else { Ok(()) }
}

fn troubles_of(target: Target, form: &Form, dice: &mut Dice) -> Vec<Trouble> {
    let errors: &[&'static str] = match target.call {
        call if SYNCS.contains(&call) => &["EIO"],
        call if CHANGES.contains(&call) => &["EIO", "ENOSPC"],
        _ => return Vec::new(),
    };
    let ways: Vec<(&str, bool)> = errors.iter().flat_map(|error| [(*error, false), (*error, true)]).collect();
    if form.is_long {
        let each = (1..=target.count).flat_map(|number| ways.iter().map(move |way| (number, *way)));
        return each.map(|(number, (error, for_ever))| Trouble { target, error, for_ever, number }).collect();
    }
    let numbers = target.sample(dice, SHORT_STRIDE);
    let with = |number| {
        let (error, for_ever) = *dice.pick(&ways).unwrap();
        Trouble { target, error, for_ever, number }
    };
    numbers.into_iter().map(with).collect()
}

async fn try_one(trouble: Trouble, seed: u64) -> Result<End, String> {
    let mut world = trouble.target.script.open_world(seed);
    let end = strike(trouble, &mut world).await;
    end.map_err(|broken| {
        let Trouble { target, error, for_ever, number } = trouble;
        let more = if for_ever { " and all later ones" } else { "" };
        let found = broken.join("\n* ");
        format!("{target} number {number}{more} fails with {error} ({}):\n* {found}", world.keep().display())
    })
}

async fn strike(trouble: Trouble, world: &mut World) -> Result<End, Vec<String>> {
    let Trouble { target, error, for_ever, number } = trouble;
    target.script.prepare(world).await?;
    let grip = target.aim(&mut world.shop, Strike::Fail(error), number, for_ever);
    target.script.perform(world).await;
    tokio::time::sleep(AFTERMATH).await;
    let must_stop = SYNCS.contains(&target.call) && !target.script.is_start();
    let mut end = end_of(world)?;
    let struck = Instant::now();
    while end == End::WentOn && must_stop && struck.elapsed() < STOPPING_TIME {
        tokio::time::sleep(AFTERMATH).await;
        end = end_of(world)?;
    }
    drop(grip);
    // Whoever carries on after a sync that failed believes in pages that are not there.
    if end == End::WentOn && must_stop {
        return Err(vec!["a sync failed, and the bridge goes on".to_owned()]);
    }
    if end == End::WentOn && !target.script.is_start() {
        target.script.ask_again(world).await;
    }
    world.shop.kill();
    world.audit_wreck().await?;
    rest::start_in_peace(&mut world.shop).await?;
    target.script.ask_again(world).await;
    world.close_books().await?;
    Ok(end)
}

/// A bridge that stops says why, and what it is about.
fn end_of(world: &mut World) -> Result<End, Vec<String>> {
    let Some(status) = world.shop.last_end() else {
        return Ok(if world.shop.was_struck() { End::WentOn } else { End::NotReached });
    };
    let said = world.shop.last_words();
    if status.code() == Some(1) && !said.is_empty() {
        return Ok(End::Stopped);
    }
    Err(vec![format!("it ended with {status} and said: {said}")])
}
