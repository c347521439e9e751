//! The power goes out: the bridge sells inside a guest with an ext4 of its own, the guest is killed at a random instant,
//! and after its next boot everything must be on the disk that a till was told or that the provider was asked for.

mod load;
mod machine;

use std::collections::BTreeMap;

use crate::Verdict;
use crate::arguments::Form;
use crate::dice::Dice;
use crate::journal::{self, Attempt, Journal, status_of};
use crate::progress::Progress;
use load::REQUESTS;
pub(crate) use load::{asked_as_guest, load_for_ever};
use machine::Machine;

const SHORT_CUTS: u32 = 3;
const LONG_CUTS: u32 = 1000;
/// A journal lives through so many cuts; then the disk is a new one.
const CUTS_PER_DISK: u32 = 5;
const LONGEST_LIFE_MS: u64 = 4000;
/// Fewer answers a cut than this on average, and hardly anything was tried.
const ENOUGH: usize = 2;
/// From so many cuts on every kind of request must have come.
const MANY: u32 = 20;

/// Everything that left the guest.
#[derive(Debug, Default)]
struct Heard {
    /// Operation, attempt and status.
    told: Vec<(String, i64, String)>,
    /// Requests that came to a provider: what kind of, and for what.
    seen: Vec<(String, String)>,
}

#[derive(Debug, Default)]
struct Counts {
    cuts: u32,
    told: usize,
    /// How many requests of each kind came to a provider.
    seen: BTreeMap<String, usize>,
    lost: Vec<String>,
}

pub(crate) async fn run(form: &Form) -> Result<Verdict, String> {
    if let Some(program) = Machine::lacks() {
        return Ok(Verdict::NotTested(format!("no {program} (Debian: user-mode-linux, e2fsprogs, iproute2)")));
    }
    let machine = Machine::build();
    if let Err(why) = machine.boot("last").wait_for("RECOVERED") {
        return Ok(Verdict::NotTested(format!("user-mode Linux does not run here: {why}")));
    }
    let end = form.cycles.unwrap_or(if form.is_long { LONG_CUTS } else { SHORT_CUTS });
    let (mut counts, mut progress) = (Counts::default(), Progress::default());
    // A disk's luck hangs on its first cut, so a run that goes on does so with a whole disk.
    for first in (form.from / CUTS_PER_DISK * CUTS_PER_DISK..end).step_by(CUTS_PER_DISK as usize) {
        if form.is_over() {
            break;
        }
        progress.tell("power cut", first, end);
        wear_out_one_disk(&machine, form.seed, first..end.min(first + CUTS_PER_DISK), &mut counts).await?;
    }
    let Counts { cuts, told, seen, lost } = counts;
    println!("{cuts} power cuts, {told} answers told, {seen:?} requests seen, {} lost", lost.len());
    if !lost.is_empty() {
        return Err(format!("lost in a power cut:\n* {}", lost[..lost.len().min(10)].join("\n* ")));
    }
    if told < ENOUGH * cuts as usize {
        return Err(format!("vacuous: {told} answers in {cuts} cuts"));
    }
    if cuts >= MANY && REQUESTS.iter().any(|requests| !seen.contains_key(*requests)) {
        return Err(format!("vacuous: of {REQUESTS:?} only {seen:?} came"));
    }
    Ok(Verdict::Held)
}

async fn wear_out_one_disk(
    machine: &Machine,
    seed: u64,
    cuts: std::ops::Range<u32>,
    counts: &mut Counts,
) -> Result<(), String> {
    machine.format();
    let mut dice = Dice::new(seed, cuts.start.into(), 0);
    let mut heard = Heard::default();
    for cut in cuts {
        let guest = machine.boot(&cut.to_string());
        guest.wait_for("RECOVERED")?;
        compare(machine, &heard, counts).await;
        heard.add(guest.wait_for("READY")?);
        tokio::time::sleep(dice.milliseconds(0, LONGEST_LIFE_MS)).await;
        heard.add(guest.pull_plug());
        counts.cuts += 1;
    }
    machine.boot("last").wait_for("RECOVERED")?;
    compare(machine, &heard, counts).await;
    counts.told += heard.told.len();
    for (requests, _) in heard.seen {
        *counts.seen.entry(requests).or_default() += 1;
    }
    Ok(())
}

impl Heard {
    fn add(&mut self, lines: Vec<String>) {
        for line in lines {
            let words: Vec<&str> = line.split(' ').collect();
            match words.as_slice() {
                ["told", operation, attempt, status] => {
                    let Ok(attempt) = attempt.parse() else { continue };
                    self.told.push(((*operation).to_owned(), attempt, (*status).to_owned()));
                }
                ["seen", requests, name] => self.seen.push(((*requests).to_owned(), (*name).to_owned())),
                _ => {}
            }
        }
    }
}

/// What is on the disk after a cut must hold everything that was heard before it.
async fn compare(machine: &Machine, heard: &Heard, counts: &mut Counts) {
    let file = machine.recovered();
    if !file.exists() || !journal::recover(&file).await {
        let gone = |name: &String| format!("the provider was asked for {name}, and there is no journal");
        counts.lost.extend(heard.seen.iter().map(|(_, name)| gone(name)));
        return;
    }
    let journal = Journal::read(&file).await;
    counts.lost.extend(journal.damage.iter().map(|damage| format!("damaged: {damage}")));
    for (operation, attempt, status) in &heard.told {
        let events = journal.events.get(&(operation.clone(), *attempt));
        if !events.into_iter().flatten().any(|event| status_of(&event.phase) == status) {
            counts.lost.push(format!("a till was told {status} of {operation}, attempt {attempt}"));
        }
    }
    for (requests, name) in &heard.seen {
        let is_on_it = |attempt: &Attempt| attempt.reference == *name || attempt.prepared.as_ref() == Some(name);
        if !journal.attempts.iter().any(is_on_it) {
            counts.lost.push(format!("the provider was asked for {name} ({requests})"));
        }
    }
}
