//! The machine's clock is wrong: it jumps by an hour, by years, in either direction, once or all the time, over a restart,
//! while the machine sleeps. The same day at the tills must end in the same decisions.

mod day;
mod scenario;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::Verdict;
use crate::arguments::Form;
use crate::crowd;
use crate::dice::Dice;
use crate::world::World;
use day::Decisions;
use scenario::{Machine, Scenario, Way};

/// So many, each in another way.
const SHORT_SCENARIOS: usize = 2;
/// What a day must bring, or nothing was decided in it.
const MUST_OCCUR: [&str; 8] =
    ["approved", "declined", "cancelled", "unknown", "reference_conflict", "attempt 2", "forbidden", "same as before"];

pub(crate) async fn run(form: &Form) -> Result<Verdict, String> {
    let Some(library) = Machine::library() else {
        return Ok(Verdict::NotTested("no libfaketime (Debian: faketime)".to_owned()));
    };
    let right = live(Scenario::NONE, form.seed, Machine::new(&library), None).await?;
    let missing: Vec<&str> = MUST_OCCUR.into_iter().filter(|word| !right.mention(word)).collect();
    if !missing.is_empty() {
        return Err(format!("vacuous: a day without {}:\n{right}", missing.join(", ")));
    }
    let scenarios = scenarios(form);
    let right = Arc::new(right);
    let seed = form.seed;
    let mut counts: BTreeMap<Way, u32> = BTreeMap::new();
    let decisions = right.len();
    let experiment = move |number: u32, scenario: Scenario| {
        let (right, machine) = (right.clone(), Machine::new(&library));
        async move { live(scenario, seed.wrapping_add(number.into()), machine, Some(&right)).await.map(drop) }
    };
    let outcome = crowd::run(form, "scenario", &scenarios, experiment, |scenario, ()| {
        *counts.entry(scenario.way).or_default() += 1;
    });
    let outcome = outcome.await;
    let lived: u32 = counts.values().sum();
    println!("{lived} of {} scenarios lived, {decisions} decisions each: {counts:?}", Scenario::all().len());
    outcome?;
    if form.is_long && form.from == 0 && form.until.is_none() {
        let never = Way::ALL.into_iter().find(|way| !counts.contains_key(way));
        never.map_or(Ok(()), |way| Err(format!("vacuous: never lived through {way:?}")))?;
    }
    Ok(Verdict::Held)
}

/// All of them, or a few that the seed picks.
fn scenarios(form: &Form) -> Vec<Scenario> {
    let mut all = Scenario::all();
    if form.is_long {
        return all;
    }
    Dice::new(form.seed, 0, 0).shuffle(&mut all);
    let mut ways = BTreeSet::new();
    all.retain(|scenario| ways.len() < SHORT_SCENARIOS && ways.insert(scenario.way));
    all
}

async fn live(scenario: Scenario, seed: u64, machine: Machine, right: Option<&Decisions>) -> Result<Decisions, String> {
    let mut world = World::open_with_dojo(40, seed).await;
    let lived = day::live(&mut world, &machine, scenario, seed).await;
    let lived = lived.and_then(|found| right.map_or(Ok(()), |right| found.compare(right)).map(|()| found));
    lived.map_err(|broken| format!("{scenario} ({}):\n* {}", world.keep().display(), broken.join("\n* ")))
}
