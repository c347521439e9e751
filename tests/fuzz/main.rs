//! Whatever bytes come in from others: the kept inputs of `fuzz/corpus`, and what chance makes of them. `fuzz/run` is the
//! long form, in which libFuzzer looks for inputs that do something new.
//!
//! `cargo test --test fuzz` runs a short form. `-- --target NAME --executions N --seed S` asks more of one target.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test without libtest: a panic is a finding"
)]

mod checks;
mod corpus;
#[path = "../fire/dice.rs"]
#[allow(dead_code, reason = "the fire throws them for more")]
mod dice;
#[path = "../common/rig.rs"]
mod rig;

use std::panic::catch_unwind;
use std::process::ExitCode;
use std::time::Instant;

use checks::{TARGETS, Target, Verdict};
use corpus::Corpus;
use dice::Dice;
use rig::Options;

/// Executions of each target in the short form, beside the kept inputs.
const SHORT: u64 = 400;
const USUAL_SEED: u64 = 20_261_128;

fn main() -> ExitCode {
    rig::run("fuzz", &["--target", "--executions", "--seed"], run)
}

fn run(options: &Options) -> Result<(), String> {
    let only = options.get::<String>("--target");
    let executions = options.get("--executions").unwrap_or(SHORT);
    let seed = options.get("--seed").unwrap_or(USUAL_SEED);
    println!("seed {seed}, {executions} executions of each target beside its kept inputs");
    let mut meant =
        TARGETS.iter().enumerate().filter(|(_, target)| only.as_deref().is_none_or(|name| name == target.name));
    meant.try_for_each(|(number, target)| campaign(target, executions, Dice::new(seed, 0, number as u64)))
}

fn campaign(target: &Target, executions: u64, mut dice: Dice) -> Result<(), String> {
    let begun = Instant::now();
    let corpus = Corpus::of(target.name);
    let mut taken = 0_u64;
    for input in corpus.kept() {
        taken += ask(target, input)?;
    }
    let (kept, kept_taken) = (corpus.kept().len(), taken);
    for _ in 0..executions {
        taken += ask(target, &corpus.mutated(&mut dice))?;
    }
    let name = target.name;
    println!(
        "{name}: {kept} kept inputs, {kept_taken} taken; {executions} more, {} taken; {:.1?}",
        taken - kept_taken,
        begun.elapsed()
    );
    let is_vacuous = kept_taken == 0 || (executions >= SHORT && taken == kept_taken);
    if is_vacuous { Err(format!("{name}: vacuous, nothing was ever taken")) } else { Ok(()) }
}

/// 1 when the input was taken; an error that shows it when something that must hold did not.
fn ask(target: &Target, input: &[u8]) -> Result<u64, String> {
    let verdict = catch_unwind(|| (target.check)(input));
    let verdict = verdict.map_err(|_| format!("{} does not hold for b\"{}\"", target.name, input.escape_ascii()))?;
    Ok(u64::from(verdict == Verdict::Taken))
}
