//! One kind of system call of one script: killed at its first, its second, and so on, until the script gets through.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::time::Duration;

use crate::census::Census;
use crate::dice::Dice;
use crate::injection::{Grip, Injection, Strike};
use crate::rest;
use crate::script::Script;
use crate::shop::Shop;
use crate::world::World;

/// The calls by which the program changes anything outside itself.
const CALLS: [&str; 14] = [
    "pwrite64",
    "fsync",
    "fdatasync",
    "ftruncate",
    "write",
    "writev",
    "sendto",
    "sendmsg",
    "connect",
    "rename",
    "unlink",
    "openat",
    "msync",
    "fallocate",
];
/// Each on its own: `strace` counts for each thread by itself.
const THREADS: [&str; 2] = ["journal-writer", "tokio-rt-worker"];
/// What the program still does when its till has been answered.
const AFTERMATH: Duration = Duration::from_millis(60);
const PATIENCE: Duration = Duration::from_secs(5);
const SIGKILL: i32 = 9;

/// What is killed, and where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) script: Script,
    /// `None` for a start, whose threads are only just made.
    thread: Option<&'static str>,
    pub(crate) call: &'static str,
    /// How many there are when nobody strikes.
    pub(crate) count: u32,
}

impl fmt::Display for Row {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { script, thread, call, .. } = self;
        write!(formatter, "{script:?}, {call} of {}", thread.unwrap_or("any thread"))
    }
}

pub(crate) enum End {
    Killed,
    GotThrough,
}

/// The rows of a script, found by letting it run.
pub(crate) async fn rows_of(script: Script, seed: u64) -> Result<Vec<Row>, Vec<String>> {
    let mut world = World::open(seed);
    script.prepare(&mut world).await?;
    let census = Census::of(&CALLS);
    let grip = if script.is_start() {
        world.shop.spawn_counted(&census);
        None
    } else {
        Some(census.seize(&world.shop))
    };
    script.perform(&mut world).await;
    tokio::time::sleep(AFTERMATH).await;
    let threads = THREADS.map(|name| (name, world.shop.threads(name)));
    drop(grip);
    world.shop.stop().await;
    if script.is_start() {
        return Ok(rows(script, None, census.counts(None, &world.shop.data())));
    }
    let each = threads
        .iter()
        .map(|(name, ids)| rows(script, Some(*name), census.counts(Some(ids.as_slice()), &world.shop.data())));
    Ok(each.flatten().collect())
}

fn rows(
    script: Script,
    thread: Option<&'static str>,
    counts: std::collections::BTreeMap<&'static str, u32>,
) -> Vec<Row> {
    counts.into_iter().map(|(call, count)| Row { script, thread, call, count }).collect()
}

impl Row {
    /// One point of the row; with `second`, the recovery from it is killed too. How both ended.
    pub(crate) async fn strike(self, seed: u64, number: u32, second: Option<&Injection>) -> Result<(End, End), String> {
        let mut world = World::open(seed);
        let ends = self.try_to_strike(&mut world, number, second).await;
        ends.map_err(|broken| {
            let second = second.map_or(String::new(), |second| format!(", then {second}"));
            format!("{self} number {number}{second} ({}):\n* {}", world.keep().display(), broken.join("\n* "))
        })
    }

    async fn try_to_strike(
        self,
        world: &mut World,
        number: u32,
        second: Option<&Injection>,
    ) -> Result<(End, End), Vec<String>> {
        self.script.prepare(world).await?;
        let grip = self.take_aim(&mut world.shop, number);
        self.script.perform(world).await;
        tokio::time::sleep(AFTERMATH).await;
        let first = died(world)?;
        drop(grip);
        world.shop.kill();
        world.audit_wreck().await?;
        let second = match (&first, second) {
            (End::Killed, Some(injection)) => self.strike_again(world, injection).await?,
            _ => End::GotThrough,
        };
        rest::start_in_peace(&mut world.shop).await?;
        self.script.ask_again(world).await;
        world.close_books().await?;
        Ok((first, second))
    }

    fn take_aim(self, shop: &mut Shop, number: u32) -> Option<Grip> {
        // Of the others a start opens hundreds.
        let files = if self.call == "openat" { journal_files(shop) } else { Vec::new() };
        let injection = Injection { call: self.call, strike: Strike::Kill, number, for_ever: false, files };
        let Some(name) = self.thread else {
            shop.spawn_under(&injection);
            return None;
        };
        Some(injection.seize(shop.threads(name)[0]))
    }

    async fn strike_again(self, world: &mut World, injection: &Injection) -> Result<End, Vec<String>> {
        world.shop.spawn_under(injection);
        if world.shop.comes_up(PATIENCE).await {
            self.script.ask_again(world).await;
        }
        let end = died(world)?;
        world.shop.kill();
        world.audit_wreck().await?;
        Ok(end)
    }

    /// The points of the short form: every `stride`th, and one at least.
    pub(crate) fn sample(self, dice: &mut Dice, stride: u32) -> Vec<u32> {
        let first = 1 + u32::try_from(dice.below(stride.min(self.count) as usize)).unwrap();
        (first..=self.count).step_by(stride as usize).collect()
    }
}

fn journal_files(shop: &Shop) -> Vec<PathBuf> {
    let names = ["pos-bridge.db", "pos-bridge.db-wal", "pos-bridge.db-shm", "pos-bridge.db.lock"];
    names.map(|name| shop.data().join(name)).into_iter().chain([shop.data()]).collect()
}

/// A program that dies of anything but the kill is a fault of its own.
fn died(world: &mut World) -> Result<End, Vec<String>> {
    match world.shop.last_end() {
        None => Ok(End::GotThrough),
        Some(status) if status.signal() == Some(SIGKILL) => Ok(End::Killed),
        Some(status) => Err(vec![format!("the bridge ended by itself: {status}")]),
    }
}
