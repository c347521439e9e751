//! The built program under fire: each rig breaks the world around it in its own way, lets it come to rest in peace, and
//! compares the provider's ledger, the journal, and everything that the tills were ever told.
//!
//! `cargo test` runs the short form of each. The long ones are named in `docs/reliability.md`:
//! `cargo test --release --test fire -- kill_loop --cycles 100000 --seed 7`. All chance comes from the seed; what the
//! operating system schedules when does not, so a seed makes a failure likely again, not certain.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test without libtest: what cannot go on ends it")]

mod aim;
mod arguments;
mod audit;
mod callbacks;
mod caller;
mod census;
mod client;
mod clock;
mod configuration;
mod crash_points;
mod crowd;
mod dice;
mod disk;
mod faults;
#[path = "../common/free_address.rs"]
mod free_address;
mod history;
mod hostile;
mod injection;
mod journal;
mod kill_loop;
mod network;
mod old_journal;
mod power;
mod progress;
mod provider;
mod rest;
mod script;
#[path = "../common/sha256.rs"]
mod sha256;
mod shop;
mod soak;
mod vitals;
mod world;

use std::process::ExitCode;
use std::time::Instant;

use arguments::{Asked, Form, Rig};

/// How a rig ended, where nothing was broken.
pub(crate) enum Verdict {
    Held,
    /// What is missing on this machine.
    NotTested(String),
}

fn main() -> ExitCode {
    if let Some(boot) = power::asked_as_guest() {
        return power::load_for_ever(boot);
    }
    let (rigs, form, others) = match Asked::read(std::env::args().skip(1)) {
        Asked::Run { rigs, form, others } => (rigs, form, others),
        Asked::List(rigs) => {
            rigs.iter().for_each(|rig| println!("{}: test", rig.name()));
            println!("\n{} tests, 0 benchmarks", rigs.len());
            return ExitCode::SUCCESS;
        }
    };
    let begun = Instant::now();
    let (mut passed, mut failed, mut ignored) = (0, 0, 0);
    println!("\nrunning {} tests", rigs.len());
    for rig in rigs {
        let word = match run(rig, &form) {
            Ok(Verdict::Held) => {
                passed += 1;
                "ok"
            }
            Ok(Verdict::NotTested(why)) => {
                ignored += 1;
                eprintln!("\n!!! NOT TESTED: {}: {why} !!!", rig.name());
                "ignored"
            }
            Err(broken) => {
                failed += 1;
                println!("\n{broken}\nseed {}", form.seed);
                "FAILED"
            }
        };
        println!("test {} ... {word}\n", rig.name());
    }
    let word = if failed == 0 { "ok" } else { "FAILED" };
    println!(
        "test result: {word}. {passed} passed; {failed} failed; {ignored} ignored; 0 measured; {others} filtered out; \
         finished in {:.2?}\n",
        begun.elapsed()
    );
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run(rig: Rig, form: &Form) -> Result<Verdict, String> {
    println!("{}: seed {}, {} form", rig.name(), form.seed, if form.is_long { "long" } else { "short" });
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        match rig {
            Rig::KillLoop => kill_loop::run(form).await,
            Rig::CrashPoints => crash_points::run(form).await,
            Rig::Disk => disk::run(form).await,
            Rig::Power => power::run(form).await,
            Rig::Network => network::run(form).await,
            Rig::Callbacks => callbacks::run(form).await,
            Rig::Clock => clock::run(form).await,
            Rig::Hostile => hostile::run(form).await,
            Rig::Soak => soak::run(form).await,
        }
    })
}
