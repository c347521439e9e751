//! The program is killed at every system call by which it writes, syncs or sends: in a sale, a refund, a cancel, a start
//! with work left undone, and a start on an old journal; and half of the time once more while it recovers from that.

mod row;

use std::collections::BTreeMap;

use tokio::runtime::Handle;
use tokio::task::JoinSet;

use crate::Verdict;
use crate::arguments::Form;
use crate::dice::Dice;
use crate::injection::{Injection, Strike};
use crate::progress::Progress;
use crate::script::Script;
use row::{End, Row, rows_of};

/// The short form tries one point of so many.
const SHORT_STRIDE: u32 = 24;
/// Most of the time of each is spent waiting.
const AT_ONCE: usize = 3;
/// Without these nothing was tried.
const MUST_OCCUR: [&str; 4] = ["pwrite64", "fsync", "write", "writev"];

/// How often the program was killed.
#[derive(Debug, Default, Clone, Copy)]
struct Kills {
    points: u32,
    pairs: u32,
}

type Counts = BTreeMap<(String, &'static str), Kills>;

pub(crate) async fn run(form: &Form) -> Result<Verdict, String> {
    if !Injection::is_possible() {
        return Ok(Verdict::NotTested("no strace that may trace".to_owned()));
    }
    let mut rows = Vec::new();
    for script in Script::ALL {
        rows.extend(rows_of(script, form.seed).await.map_err(|broken| format!("{script:?}: {}", broken.join("\n")))?);
    }
    let calls: u32 = rows.iter().map(|row| row.count).sum();
    println!("{} kinds of call of {} scripts, {calls} calls in all", rows.len(), Script::ALL.len());
    let mut counts = Counts::new();
    let outcome = try_rows(form, &rows, &mut counts).await;
    print(&counts);
    outcome?;
    if form.from == 0 && form.until.is_none() {
        complete(&counts)?;
    }
    Ok(Verdict::Held)
}

async fn try_rows(form: &Form, rows: &[Row], counts: &mut Counts) -> Result<(), String> {
    let mut progress = Progress::default();
    let mut running = JoinSet::new();
    let of = u32::try_from(rows.len()).unwrap();
    let starts: Vec<Row> = rows.iter().filter(|row| row.script == Script::Recovery).copied().collect();
    for (number, row) in (0..of).zip(rows.iter().copied()).skip(form.from as usize) {
        if form.is_over() {
            break;
        }
        if running.len() == AT_ONCE {
            count_one(&mut running, counts).await?;
            progress.tell("kind of call", number.saturating_sub(u32::try_from(AT_ONCE).unwrap()), of);
        }
        let (form, starts) = (*form, starts.clone());
        // Taking hold of a thread blocks.
        running.spawn_blocking(move || (row, Handle::current().block_on(try_row(row, form, number, &starts))));
    }
    while !running.is_empty() {
        count_one(&mut running, counts).await?;
    }
    Ok(())
}

async fn count_one(running: &mut JoinSet<(Row, Result<Kills, String>)>, counts: &mut Counts) -> Result<(), String> {
    let Some(finished) = running.join_next().await else { return Ok(()) };
    let (row, kills) = finished.unwrap();
    let kills = kills?;
    let sum = counts.entry((format!("{:?}", row.script), row.call)).or_default();
    sum.points += kills.points;
    sum.pairs += kills.pairs;
    Ok(())
}

async fn try_row(row: Row, form: Form, number: u32, starts: &[Row]) -> Result<Kills, String> {
    let mut dice = Dice::new(form.seed, number.into(), 0);
    let mut kills = Kills::default();
    // In full it is struck until the script gets through, however many calls it makes this time.
    let points: Box<dyn Iterator<Item = u32>> =
        if form.is_long { Box::new(1..) } else { Box::new(row.sample(&mut dice, SHORT_STRIDE).into_iter()) };
    for point in points {
        let second = dice.percent(50).then(|| second_kill(&mut dice, starts));
        let seed = form.seed.wrapping_add((u64::from(number) << 16) + u64::from(point));
        let (first, second) = row.strike(seed, point, second.as_ref()).await?;
        if matches!(first, End::GotThrough) && form.is_long {
            break;
        }
        kills.points += u32::from(matches!(first, End::Killed));
        kills.pairs += u32::from(matches!(second, End::Killed));
    }
    Ok(kills)
}

/// Somewhere in the start that follows.
fn second_kill(dice: &mut Dice, starts: &[Row]) -> Injection {
    let row = dice.pick(starts).unwrap();
    let number = 1 + u32::try_from(dice.below(row.count as usize)).unwrap();
    Injection { call: row.call, strike: Strike::Kill, number, for_ever: false, files: Vec::new() }
}

fn print(counts: &Counts) {
    let mut sum = Kills::default();
    for ((script, call), kills) in counts.iter().filter(|(_, kills)| kills.points > 0) {
        println!("{script}, {call}: killed at {}, once more while it recovered {}", kills.points, kills.pairs);
        sum.points += kills.points;
        sum.pairs += kills.pairs;
    }
    println!("{} crash points, {} of them in pairs", sum.points, sum.pairs);
}

/// What was never struck was not tried.
fn complete(counts: &Counts) -> Result<(), String> {
    let struck = |call: &str| counts.iter().any(|((_, it), kills)| *it == call && kills.points > 0);
    let missing: Vec<&str> = MUST_OCCUR.into_iter().filter(|call| !struck(call)).collect();
    if counts.values().all(|kills| kills.pairs == 0) {
        return Err("vacuous: never killed twice".to_owned());
    }
    if missing.is_empty() { Ok(()) } else { Err(format!("vacuous: never killed at {}", missing.join(", "))) }
}
