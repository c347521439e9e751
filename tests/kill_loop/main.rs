//! The built program, killed with `kill -9` at random instants, again and again, while tills work and the provider
//! behaves as badly as it can. The provider is a process of its own and keeps the truth; afterwards its ledger, the
//! journal and everything that the tills were ever told are compared.
//!
//! `cargo test` runs a short form. The long one:
//! `cargo test --release --test kill_loop -- --cycles 500 --seed 7`. All chance comes from the seed; what the operating
//! system schedules when does not, so a seed makes a failure likely again, not certain.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test without libtest: what cannot go on ends it")]

mod arguments;
mod audit;
mod dice;
mod epoch;
mod faults;
#[path = "../common/free_address.rs"]
mod free_address;
mod history;
mod journal;
mod provider;
mod report;
#[path = "../common/sha256.rs"]
mod sha256;
mod shop;
mod till;

use std::process::ExitCode;
use std::time::Instant;

use arguments::{Asked, NAME};
use report::Report;

/// After so many kills the books are compared in full and a fresh shop is opened, so that no list grows too long.
const CYCLES_PER_SHOP: u32 = 25;

fn main() -> ExitCode {
    let form = match Asked::read(std::env::args().skip(1)) {
        Asked::Run(form) => form,
        Asked::List => {
            println!("{NAME}: test\n\n1 test, 0 benchmarks");
            return ExitCode::SUCCESS;
        }
        Asked::Nothing => {
            println!("\nrunning 0 tests\n\ntest result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 1 filtered out");
            return ExitCode::SUCCESS;
        }
    };
    println!("\nrunning 1 test\nseed {}, {} cycles", form.seed, form.cycles);
    let begun = Instant::now();
    let mut report = Report::default();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let outcome = runtime.block_on(run(form, &mut report));
    report.print();
    let outcome = outcome.and_then(|()| if form.is_long { report.complete() } else { Ok(()) });
    let (word, passed) = match &outcome {
        Ok(()) => ("ok", 1),
        Err(failure) => {
            println!("\n{failure}\nseed {}", form.seed);
            ("FAILED", 0)
        }
    };
    println!("test {NAME} ... {word}\n");
    println!(
        "test result: {word}. {passed} passed; {} failed; 0 ignored; 0 measured; 0 filtered out; finished in {:.2?}\n",
        1 - passed,
        begun.elapsed()
    );
    if outcome.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn run(form: arguments::Form, report: &mut Report) -> Result<(), String> {
    let mut left = form.cycles;
    for number in 0.. {
        let cycles = left.min(CYCLES_PER_SHOP);
        if cycles == 0 {
            break;
        }
        epoch::run(form, number, cycles, report).await?;
        left -= cycles;
    }
    Ok(())
}
