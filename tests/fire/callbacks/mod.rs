//! Callbacks: early and late ones, fifty of each at once, in every order, and a million that no provider sent. The journal
//! holds the same before and after the forged ones, and what was true arrives once.

mod dintero;
mod dojo;
mod forgeries;
mod letter;
mod snapshot;
mod stand;
mod story;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::Verdict;
use crate::arguments::Form;
use crate::crowd;
use crate::dice::Dice;
use crate::journal::Journal;
use forgeries::Refused;
use stand::{At, HORIZON, Stand};
use story::{EVENTS, Story, every_order, tell};

/// How often each callback comes.
const COPIES: usize = 50;
/// So many sales follow each other in one shop.
const STORIES_PER_UNIT: usize = 12;
const SHORT_STORIES: usize = 3;
/// How many forged callbacks one shop withstands, in how many shops.
const LONG_FORGERIES: (u64, u64) = (10_000, 100);
const SHORT_FORGERIES: (u64, u64) = (2_000, 1);

/// What is tried in one shop.
#[derive(Debug, Clone, Copy)]
enum Unit {
    /// Which stretch of all orders.
    Stories {
        at: At,
        stretch: usize,
    },
    Forgeries {
        number: u64,
        count: u64,
    },
}

/// What was tried.
#[derive(Debug, Default)]
struct Found {
    stories: usize,
    delivered: usize,
    refused: Refused,
}

pub(crate) async fn run(form: &Form) -> Result<Verdict, String> {
    let orders = orders(form);
    let units = units(form, orders.len().div_ceil(STORIES_PER_UNIT));
    let mut found = Found::default();
    let seed = form.seed;
    let experiment = move |number, unit| try_unit(seed, number, unit, orders.clone());
    let outcome = crowd::run(form, "shop", &units, experiment, |_, more: Found| found.add(more)).await;
    found.print();
    outcome?;
    println!("0 forged callbacks taken, 0 changes by them; each result arrived once");
    if form.is_whole() {
        found.complete()?;
    }
    Ok(Verdict::Held)
}

/// All of them, or a few, as the seed shuffles them.
fn orders(form: &Form) -> Arc<[[usize; EVENTS]]> {
    let mut orders = every_order();
    Dice::new(form.seed, 0, 0).shuffle(&mut orders);
    orders.truncate(if form.is_long { usize::MAX } else { SHORT_STORIES });
    orders.into()
}

fn units(form: &Form, stretches: usize) -> Vec<Unit> {
    let (count, shops) = if form.is_long { LONG_FORGERIES } else { SHORT_FORGERIES };
    let stories = At::BOTH.into_iter().flat_map(|at| (0..stretches).map(move |stretch| Unit::Stories { at, stretch }));
    let forgeries = (0..shops).map(|number| Unit::Forgeries { number, count });
    stories.chain(forgeries).take(form.cycles.map_or(usize::MAX, |most| most as usize)).collect()
}

async fn try_unit(seed: u64, number: u32, unit: Unit, orders: Arc<[[usize; EVENTS]]>) -> Result<Found, String> {
    let opened = Stand::open(seed.wrapping_add(number.into())).await;
    let mut stand = opened.map_err(|broken| broken.join("\n* "))?;
    let found = match unit {
        Unit::Stories { at, stretch } => {
            let orders = orders.chunks(STORIES_PER_UNIT).nth(stretch).unwrap_or_default();
            tell_all(&mut stand, at, orders).await
        }
        Unit::Forgeries { number, count } => forgeries::withstand(&mut stand, seed, number, count)
            .await
            .map(|refused| Found { refused, ..Found::default() }),
    };
    let found = match found {
        Ok(found) => close(&mut stand).await.map(|()| found),
        Err(broken) => Err(broken),
    };
    found.map_err(|broken| {
        let folder = stand.world.keep();
        let broken = broken.iter().take(10).map(String::as_str).collect::<Vec<_>>().join("\n* ");
        format!("broken promises in shop {number}, {}:\n* {broken}", folder.display())
    })
}

async fn tell_all(stand: &mut Stand, at: At, orders: &[[usize; EVENTS]]) -> Result<Found, Vec<String>> {
    let mut found = Found::default();
    let mut all = Vec::new();
    for (ending, order) in orders.iter().enumerate() {
        all.push(tell(stand, Story { at, order: *order, ending }, &format!("C-{ending}"), COPIES).await?);
    }
    stand.world.provider.pass(HORIZON).await;
    for told in &mut all {
        told.repeat(stand).await?;
        found.delivered += told.delivered;
        found.stories += 1;
    }
    let kept = snapshot::callbacks_kept(&stand.world.shop.database()).await;
    if kept == found.stories * EVENTS {
        return Ok(found);
    }
    Err(vec![format!("{} callbacks came, and the journal keeps {kept}", found.stories * EVENTS)])
}

/// All books are compared, and every result arrived once.
async fn close(stand: &mut Stand) -> Result<(), Vec<String>> {
    stand.world.close_books().await?;
    let journal = Journal::read(&stand.world.shop.database()).await;
    for attempt in &journal.attempts {
        let phases: Vec<&str> = journal.events_of(attempt).iter().map(|event| event.phase.as_str()).collect();
        let arrivals = phases.windows(2).filter(|pair| pair[0] != pair[1] && pair[1] == attempt.phase).count();
        if arrivals != 1 {
            return Err(vec![format!("its result arrived {arrivals} times: {attempt:?} {phases:?}")]);
        }
    }
    Ok(())
}

impl Found {
    fn add(&mut self, more: Self) {
        self.stories += more.stories;
        self.delivered += more.delivered;
        for (kind, count) in more.refused {
            *self.refused.entry(kind).or_default() += count;
        }
    }

    fn print(&self) {
        println!("{} sales, {} genuine callbacks in copies of {COPIES}", self.stories, self.delivered);
        println!("{} forged callbacks, by answer: {:?}", self.refused.values().sum::<u64>(), self.refused);
    }

    /// What was never forged was not tried.
    fn complete(&self) -> Result<(), String> {
        let forged: BTreeSet<&str> = self.refused.keys().map(|(kind, _)| *kind).collect();
        let kinds = dintero::KINDS.iter().chain(&dojo::KINDS);
        let missing: Vec<&str> = kinds.filter(|kind| !forged.contains(*kind)).copied().collect();
        if self.stories == 0 {
            return Err("vacuous: no sale".to_owned());
        }
        if missing.is_empty() { Ok(()) } else { Err(format!("vacuous: never forged: {}", missing.join(", "))) }
    }
}
