//! Which system calls of a script there are to be struck.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::OnceCell;

use crate::arguments::Form;
use crate::census::Census;
use crate::dice::Dice;
use crate::injection::{Grip, Injection, Strike};
use crate::script::Script;
use crate::shop::Shop;

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
pub(crate) const JOURNAL: &str = "journal-writer";
/// Each on its own: `strace` counts for each thread by itself.
const THREADS: [&str; 2] = [JOURNAL, "tokio-rt-worker"];
/// What the program still does when its till has been answered: it notes that, once the till's machine has acknowledged the
/// answer, which may take 40 ms.
pub(crate) const AFTERMATH: Duration = Duration::from_millis(150);

/// One kind of call of one thread of one script.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target {
    pub(crate) script: Script,
    /// `None` for a start, whose threads are only just made.
    pub(crate) thread: Option<&'static str>,
    pub(crate) call: &'static str,
    /// How many there are when nobody strikes.
    pub(crate) count: u32,
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { script, thread, call, .. } = self;
        write!(formatter, "{script}, {call} of {}", thread.unwrap_or("any thread"))
    }
}

impl Target {
    /// Those of all scripts, found by letting them run, once for all rigs. In the short form every other one of each script:
    /// what is left out at one provider is struck at the other.
    pub(crate) async fn all(form: &Form) -> Result<Vec<Self>, String> {
        static FOUND: OnceCell<Vec<Vec<Target>>> = OnceCell::const_new();
        let scripts = FOUND.get_or_try_init(|| every_target(form.seed)).await?;
        let step = if form.is_long { 1 } else { 2 };
        let some =
            scripts.iter().enumerate().flat_map(|(place, targets)| targets.iter().skip(place % step).step_by(step));
        Ok(some.copied().collect())
    }

    /// Has the call with this number struck: in a bridge that runs, or in one that is started for it.
    pub(crate) fn aim(self, shop: &mut Shop, strike: Strike, number: u32, for_ever: bool) -> Option<Grip> {
        // Of the others a start opens hundreds.
        let files = if self.call == "openat" { journal_files(shop) } else { Vec::new() };
        let injection = Injection { call: self.call, strike, number, for_ever, files, paper: shop.paper() };
        let Some(name) = self.thread else {
            shop.spawn_under(&injection);
            return None;
        };
        Some(injection.seize(shop.threads(name)[0]))
    }

    /// The numbers of the short form: every `stride`th, and one at least.
    pub(crate) fn sample(self, dice: &mut Dice, stride: u32) -> Vec<u32> {
        let first = 1 + u32::try_from(dice.below(stride.min(self.count) as usize)).unwrap();
        (first..=self.count).step_by(stride as usize).collect()
    }
}

/// Script by script.
async fn every_target(seed: u64) -> Result<Vec<Vec<Target>>, String> {
    let mut targets = Vec::new();
    for script in Script::all() {
        let found = targets_of(script, seed).await;
        targets.push(found.map_err(|broken| format!("{script}: {}", broken.join("\n")))?);
    }
    Ok(targets)
}

async fn targets_of(script: Script, seed: u64) -> Result<Vec<Target>, Vec<String>> {
    let mut world = script.open_world(seed);
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
    // A stop has calls of its own, which no strike comes to.
    world.shop.kill();
    let folder = world.shop.data();
    if script.is_start() {
        return Ok(targets(script, None, census.counts(None, &folder)));
    }
    let each = threads.iter().map(|(name, ids)| targets(script, Some(*name), census.counts(Some(ids), &folder)));
    Ok(each.flatten().collect())
}

fn targets(script: Script, thread: Option<&'static str>, counts: BTreeMap<&'static str, u32>) -> Vec<Target> {
    counts.into_iter().map(|(call, count)| Target { script, thread, call, count }).collect()
}

fn journal_files(shop: &Shop) -> Vec<PathBuf> {
    let names = ["pos-bridge.db", "pos-bridge.db-wal", "pos-bridge.db-shm", "pos-bridge.db.lock"];
    names.map(|name| shop.data().join(name)).into_iter().chain([shop.data()]).collect()
}
