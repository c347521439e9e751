//! Every write and every sync of the journal fails: once, or from then on for ever.

use std::collections::{BTreeMap, BTreeSet};
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
/// A script makes a few calls more or less from run to run, so one that was not reached is tried again.
const TRIES: u32 = 3;
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

/// How often each call failed with each error, once or for ever, and how it ended.
type Ends = BTreeMap<(&'static str, &'static str, bool, End), u32>;

pub(super) async fn run(form: &Form) -> Result<(), String> {
    let mut dice = Dice::new(form.seed, 0, 0);
    let mut troubles = Vec::new();
    for target in Target::all(form).await? {
        if target.thread.is_none_or(|thread| thread == JOURNAL) {
            troubles.extend(troubles_of(target, form, &mut dice));
        }
    }
    let seed = form.seed;
    let mut ends = Ends::new();
    let experiment = move |number, trouble| try_one(trouble, seed.wrapping_add(u64::from(number)));
    let outcome = crowd::run(form, "failing call", &troubles, experiment, |trouble: Trouble, end| {
        *ends.entry((trouble.target.call, trouble.error, trouble.for_ever, end)).or_default() += 1;
    });
    let outcome = outcome.await;
    for ((call, error, for_ever, end), count) in &ends {
        println!("{call} fails with {error} {}: {end:?} {count} times", if *for_ever { "for ever" } else { "once" });
    }
    let sum = |is_reached: bool| {
        let some = ends.iter().filter(|(way, _)| (way.3 != End::NotReached) == is_reached);
        some.map(|(_, count)| count).sum::<u32>()
    };
    println!("{} failing calls; {} not reached", sum(true), sum(false));
    outcome?;
    if form.from == 0 && form.until.is_none() { complete(&ends, form.is_long) } else { Ok(()) }
}

/// What never failed was not tried; in the long form each call fails in each way.
fn complete(ends: &Ends, is_long: bool) -> Result<(), String> {
    let tried = |end| ends.keys().any(|it| it.3 == end);
    if !(tried(End::Stopped) && tried(End::WentOn)) {
        return Err("vacuous: no failure was noticed".to_owned());
    }
    let way = |it: &(&'static str, &'static str, bool, End)| {
        format!("{} with {} {}", it.0, it.1, if it.2 { "for ever" } else { "once" })
    };
    let struck: BTreeSet<String> = ends.keys().filter(|it| it.3 != End::NotReached).map(way).collect();
    let wanted: BTreeSet<String> = ends.keys().map(way).collect();
    let missing: Vec<&str> = wanted.difference(&struck).map(String::as_str).collect();
    if is_long && !missing.is_empty() {
        return Err(format!("vacuous: never failed: {}", missing.join("; ")));
    }
    Ok(())
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
    let mut end = End::NotReached;
    for tried in 0..TRIES {
        if end == End::NotReached {
            end = try_once(trouble, seed.wrapping_add(tried.into())).await?;
        }
    }
    Ok(end)
}

async fn try_once(trouble: Trouble, seed: u64) -> Result<End, String> {
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
    // Closing the journal folds its log into the database and takes it away.
    if end == End::Stopped && must_stop && !world.shop.database().with_extension("db-wal").exists() {
        return Err(vec!["a sync failed, and the bridge wrote to the disk when it stopped".to_owned()]);
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
