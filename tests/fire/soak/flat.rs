//! What was held window by window, and whether it grew.

use std::collections::BTreeMap;
use std::fmt;

use crate::faults::never_struck;
use crate::journal::{PAGE, extent};
use crate::vitals::Vitals;
use crate::world::World;

/// A window in which nothing works proves nothing.
const ENOUGH_ATTEMPTS: u64 = 1;
/// Late windows may hold so many per cent of what early ones did, and so much more.
const MEMORY: Growth = Growth { per_cent: 125, more: 8 << 10 };
/// From so many windows on the first third is enough to warm up, and every kind of fault has had its turn.
const MANY_WINDOWS: usize = 100;
const MEMORY_OF_MANY: Growth = Growth { per_cent: 100, more: 8 << 10 };
const HANDLES: Growth = Growth { per_cent: 125, more: 16 };
const THREADS: Growth = Growth { per_cent: 100, more: 8 };
/// A file grows by whole pages, which is much in a window of a few attempts.
const BYTES_EACH: Growth = Growth { per_cent: 150, more: 2 * PAGE };
/// SQLite folds its log back after 8000 pages; twice that is out of hand.
const LOG_BYTES: u64 = 2 * 8_000 * PAGE;

struct Growth {
    per_cent: u64,
    more: u64,
}

/// What one window showed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    most: Vitals,
    attempts: u64,
    /// Bytes of the journal's pages, wherever they lie.
    journal: u64,
    /// Bytes of its log, which is folded back now and then.
    log: u64,
}

impl fmt::Display for Sample {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { most, attempts, journal, log } = self;
        let Vitals { memory, handles, threads } = most;
        write!(
            text,
            "{memory} KiB, {handles} handles, {threads} threads, {attempts} attempts, journal {journal} + {log}"
        )
    }
}

impl Sample {
    pub(super) async fn take(world: &World, most: Vitals) -> Self {
        let database = world.shop.database();
        let (attempts, journal) = extent(&database).await;
        let log = std::fs::metadata(database.with_file_name("pos-bridge.db-wal")).map_or(0, |file| file.len());
        Self { most, attempts, journal, log }
    }
}

/// Compares the windows of the last third with those of the second one: the first is for warming up.
pub(super) fn is_flat(samples: &[Sample], hits: &BTreeMap<String, u64>) -> Result<(), Vec<String>> {
    let third = samples.len() / 3;
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else { return Err(vec!["vacuous".to_owned()]) };
    let (early, late) = (&samples[third..third * 2], &samples[third * 2..]);
    let mut broken = Vec::new();
    let mut compare = |what: &str, allowed: &Growth, early: u64, late: u64| {
        println!("{what}: {early}, later {late}");
        if late > early * allowed.per_cent / 100 + allowed.more {
            broken.push(format!("it grows: {what}: {early}, later {late}"));
        }
    };
    let of = |some: &[Sample], what: fn(&Sample) -> u64| median(some.iter().map(what).collect());
    let memory = if samples.len() < MANY_WINDOWS { &MEMORY } else { &MEMORY_OF_MANY };
    compare("KiB of memory", memory, of(early, |it| it.most.memory), of(late, |it| it.most.memory));
    compare("handles", &HANDLES, of(early, |it| it.most.handles), of(late, |it| it.most.handles));
    compare("threads", &THREADS, of(early, |it| it.most.threads), of(late, |it| it.most.threads));
    compare("bytes of the journal for an attempt", &BYTES_EACH, bytes_each(early), bytes_each(late));
    let log = samples.iter().map(|it| it.log).max().unwrap_or_default();
    if log > LOG_BYTES {
        broken.push(format!("the journal's log has {log} bytes"));
    }
    let attempts = last.attempts - first.attempts;
    let struck = hits.values().filter(|count| **count > 0).count();
    println!("{} windows, {attempts} attempts, log {log} bytes at most, {struck} kinds of fault", samples.len());
    if third == 0 || attempts < ENOUGH_ATTEMPTS * u64::try_from(samples.len()).unwrap() {
        broken.push(format!("vacuous: {attempts} attempts in {} windows", samples.len()));
    }
    if struck == 0 {
        broken.push("vacuous: no fault struck".to_owned());
    }
    let never = never_struck(hits);
    if samples.len() >= MANY_WINDOWS && !never.is_empty() {
        broken.push(format!("vacuous: never struck: {}", never.join(", ")));
    }
    crate::world::sound(broken)
}

fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// What an attempt added.
fn bytes_each(some: &[Sample]) -> u64 {
    let (Some(first), Some(last)) = (some.first(), some.last()) else { return 0 };
    let bytes = last.journal.saturating_sub(first.journal);
    bytes / (last.attempts - first.attempts).max(1)
}
