//! The program is killed at every system call by which it writes, syncs or sends: in a sale, a refund, a cancel, a start
//! with work left undone, and a start on an old journal; and once more, somewhere, while it recovers from that.

mod point;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::Verdict;
use crate::aim::Target;
use crate::arguments::Form;
use crate::crowd;
use crate::dice::Dice;
use crate::injection::{Injection, Strike};
use point::{End, strike};

/// The short form tries one point of so many.
const SHORT_STRIDE: u32 = 40;
/// A script makes a few calls more or less from run to run, so one that was not reached is tried again.
const TRIES: u32 = 3;
/// Without these nothing was tried.
const MUST_OCCUR: [&str; 4] = ["pwrite64", "fsync", "write", "writev"];

/// How often the program was killed.
#[derive(Debug, Default, Clone, Copy)]
struct Kills {
    points: u32,
    pairs: u32,
    /// Calls that the script did not come to, in any try.
    unreached: u32,
}

impl Kills {
    fn add(&mut self, more: Self) {
        self.points += more.points;
        self.pairs += more.pairs;
        self.unreached += more.unreached;
    }
}

#[derive(Debug, Clone, Copy)]
struct Point {
    target: Target,
    number: u32,
    /// The later ones too, until the script gets through: it may make more calls this time.
    and_on: bool,
}

type Counts = BTreeMap<(String, &'static str), Kills>;

pub(crate) async fn run(form: &Form) -> Result<Verdict, String> {
    if !Injection::is_possible() {
        return Ok(Verdict::NotTested("no strace that may trace".to_owned()));
    }
    let targets = Target::all(form).await?;
    let calls: u32 = targets.iter().map(|target| target.count).sum();
    println!("{} kinds of call, {calls} calls in all", targets.len());
    let starts: Arc<[Target]> = targets.iter().filter(|target| target.script.is_recovery()).copied().collect();
    let (mut counts, form) = (Counts::new(), *form);
    let mut dice = Dice::new(form.seed, 0, 0);
    let points: Vec<Point> = targets.iter().flat_map(|target| points_of(*target, &form, &mut dice)).collect();
    let experiment = move |number, point| try_one(point, form, number, starts.clone());
    let outcome = crowd::run(&form, "crash point", &points, experiment, |point, kills: Kills| {
        counts.entry((point.target.script.to_string(), point.target.call)).or_default().add(kills);
    });
    let outcome = outcome.await;
    print(&counts);
    outcome?;
    if form.from == 0 && form.until.is_none() {
        complete(&counts, form.is_long)?;
    }
    Ok(Verdict::Held)
}

fn points_of(target: Target, form: &Form, dice: &mut Dice) -> Vec<Point> {
    if !form.is_long {
        let numbers = target.sample(dice, SHORT_STRIDE).into_iter();
        return numbers.map(|number| Point { target, number, and_on: false }).collect();
    }
    let last = target.count + 1;
    (1..=last).map(|number| Point { target, number, and_on: number == last }).collect()
}

async fn try_one(point: Point, form: Form, number: u32, starts: Arc<[Target]>) -> Result<Kills, String> {
    let mut dice = Dice::new(form.seed, number.into(), 0);
    let mut kills = Kills::default();
    let (step, most) = if point.and_on { (1, u32::MAX) } else { (0, TRIES) };
    for tried in 0..most {
        let second = second_kill(&mut dice, &starts);
        let seed = form.seed.wrapping_add((u64::from(number) << 16) + u64::from(point.number + tried));
        let (first, second) = strike(point.target, seed, point.number + step * tried, &second).await?;
        let is_killed = matches!(first, End::Killed);
        kills.points += u32::from(is_killed);
        kills.pairs += u32::from(matches!(second, End::Killed));
        if is_killed != point.and_on {
            break;
        }
    }
    kills.unreached = u32::from(!point.and_on && kills.points == 0);
    Ok(kills)
}

/// Somewhere in the start that follows.
fn second_kill(dice: &mut Dice, starts: &[Target]) -> Injection {
    let target = dice.pick(starts).unwrap();
    let number = 1 + u32::try_from(dice.below(target.count as usize)).unwrap();
    Injection {
        call: target.call,
        strike: Strike::Kill,
        number,
        for_ever: false,
        files: Vec::new(),
        paper: "/dev/null".into(),
    }
}

fn print(counts: &Counts) {
    let mut sum = Kills::default();
    for ((script, call), kills) in counts {
        let Kills { points, pairs, unreached } = kills;
        println!("{script}, {call}: killed at {points}, once more while it recovered {pairs}, not reached {unreached}");
        sum.add(*kills);
    }
    println!("{} crash points, {} of them in pairs; {} calls not reached", sum.points, sum.pairs, sum.unreached);
}

/// What was never struck was not tried: no script, and in the long form no call of any script.
fn complete(counts: &Counts, is_long: bool) -> Result<(), String> {
    if counts.values().all(|kills| kills.pairs == 0) {
        return Err("vacuous: never killed twice".to_owned());
    }
    let struck = || counts.iter().filter(|(_, kills)| kills.points > 0).map(|(of, _)| of);
    let calls: BTreeSet<&str> = struck().map(|(_, call)| *call).collect();
    let scripts: BTreeSet<&String> = struck().map(|(script, _)| script).collect();
    let mut missing: Vec<String> =
        MUST_OCCUR.iter().filter(|call| !calls.contains(*call)).map(ToString::to_string).collect();
    for ((script, call), kills) in counts {
        if kills.points == 0 && (is_long || !scripts.contains(script)) {
            missing.push(format!("{script}, {call}"));
        }
    }
    if missing.is_empty() { Ok(()) } else { Err(format!("vacuous: never killed at {}", missing.join("; "))) }
}
