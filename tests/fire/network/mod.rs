//! Every call of either provider is cut at every point, in both directions, and answered by everything but the truth; and the
//! simulated providers do each of their faults to each call. A till sells, cancels or gives back meanwhile, asks again, and
//! hears the end. Then the books are compared.

mod call;
mod gate;
mod lane;
mod message;
mod scene;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::Verdict;
use crate::arguments::Form;
use crate::crowd;
use crate::dice::Dice;
use crate::journal::Journal;
use lane::Lane;
use table::{Cell, Table};

/// So many cells share a bridge, one after the other; then all of its books are compared.
const LONG_BATCH: usize = 30;
const SHORT_BATCH: usize = 9;
/// The short form tries so many of the simulator's own faults, beside one cut of every kind.
const SHORT_RULES: usize = 3;

/// What came of a batch.
#[derive(Debug, Default)]
struct Found {
    struck: Vec<String>,
    outcomes: BTreeMap<String, u64>,
}

pub(crate) async fn run(form: &Form) -> Result<Verdict, String> {
    let table = Table::whole();
    println!("{} cells; these cannot be: {:?}", table.cells.len(), table.impossible);
    let mut dice = Dice::new(form.seed, 0, 0);
    let mut cells = if form.is_long { table.cells } else { table.sample(&mut dice, SHORT_RULES) };
    dice.shuffle(&mut cells);
    let size = if form.is_long { LONG_BATCH } else { SHORT_BATCH };
    let batches = cells.len().div_ceil(size);
    let batches: Vec<usize> = (0..form.cycles.map_or(batches, |most| batches.min(most as usize))).collect();
    let wanted: BTreeSet<String> = cells.iter().map(Cell::kind).collect();
    let cells: Arc<[Cell]> = cells.into();
    let (seed, of) = (form.seed, cells.clone());
    let mut found = Found::default();
    let experiment = move |_, batch| try_batch(of.clone(), batch, size, seed);
    let outcome = crowd::run(form, "batch of cells", &batches, experiment, |_, more: Found| found.add(more)).await;
    found.print(cells.len());
    outcome?;
    println!("0 charged twice, 0 lost, 0 called unpaid that are paid");
    if form.is_whole() {
        found.complete(cells.len(), &wanted)?;
    }
    Ok(Verdict::Held)
}

async fn try_batch(cells: Arc<[Cell]>, batch: usize, size: usize, seed: u64) -> Result<Found, String> {
    let cells = cells.iter().enumerate().skip(batch * size).take(size);
    let mut lane = Lane::open(seed.wrapping_add(batch as u64)).await.map_err(|broken| broken.join("\n* "))?;
    let mut found = Found::default();
    for (number, cell) in cells {
        let outcome = lane.attempt(cell, &format!("N{number}")).await;
        outcome.map_err(|broken| tell(&mut lane, &format!("cell {number} ({cell})"), &broken))?;
        found.struck.push(cell.kind());
    }
    let outcome = lane.world.close_books().await;
    outcome.map_err(|broken| tell(&mut lane, &format!("batch {batch}"), &broken))?;
    let journal = Journal::read(&lane.world.shop.database()).await;
    for attempt in &journal.attempts {
        let kind = &journal.operation_of(attempt).kind;
        *found.outcomes.entry(format!("{} {kind} {}", attempt.provider, attempt.phase)).or_default() += 1;
    }
    Ok(found)
}

fn tell(lane: &mut Lane, what: &str, broken: &[String]) -> String {
    let folder = lane.world.keep();
    let found = broken.iter().take(10).map(String::as_str).collect::<Vec<_>>().join("\n* ");
    format!("{} broken promises by {what}, in {}:\n* {found}", broken.len(), folder.display())
}

impl Found {
    fn add(&mut self, more: Self) {
        self.struck.extend(more.struck);
        for (outcome, count) in more.outcomes {
            *self.outcomes.entry(outcome).or_default() += count;
        }
    }

    fn print(&self, of: usize) {
        let mut kinds: BTreeMap<&str, u32> = BTreeMap::new();
        for kind in &self.struck {
            *kinds.entry(kind).or_default() += 1;
        }
        println!("{} of {of} cells struck; by kind: {kinds:?}", self.struck.len());
        println!("attempts by outcome: {:?}", self.outcomes);
    }

    /// What never struck was not tried.
    fn complete(&self, cells: usize, wanted: &BTreeSet<String>) -> Result<(), String> {
        let struck: BTreeSet<&String> = self.struck.iter().collect();
        let missing: Vec<&str> = wanted.iter().filter(|kind| !struck.contains(kind)).map(String::as_str).collect();
        if !missing.is_empty() {
            return Err(format!("vacuous: never struck: {}", missing.join(", ")));
        }
        if self.struck.len() == cells { Ok(()) } else { Err("vacuous: not every cell struck".to_owned()) }
    }
}
