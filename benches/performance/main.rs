//! `cargo bench`: what the bridge costs, as ratios to what a machine can do at all, measured in one run.
//!
//! `cargo bench -- --strict` ends with 1 when a target is missed; a word (`lone`, `many`, `waiting`, `outbox`, `idle`,
//! `dialects`) picks one
//! measurement. docs/performance.md tells what each figure means.

#![allow(clippy::float_arithmetic, reason = "no money here: ratios of durations and counts")]
#![allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]

mod dialects;
mod disk;
mod figure;
mod machine;
mod measurements;
mod million;
mod outbox;
mod process;
mod reference;
mod shop;
mod till;

use std::path::Path;
use std::process::ExitCode;

use disk::Disk;
use figure::Figure;

/// Whatever goes wrong here ends the bench.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [reference::COMMITS, file] => reference::commit_rows(Path::new(file)).await?,
        [reference::HANDLER, address] => reference::answer_requests(address.parse()?).await?,
        // `cargo test --all-targets` runs benches too, without this flag.
        flags if !flags.contains(&"--bench") => println!("run `cargo bench`"),
        flags => return measure(flags).await,
    }
    Ok(ExitCode::SUCCESS)
}

async fn measure(flags: &[&str]) -> Outcome<ExitCode> {
    println!("{}\n", machine::describe()?);
    let folder = tempfile::tempdir()?;
    let (slow, as_it_is) = (Disk::slow(folder.path())?, Disk::AsItIs);
    let words: Vec<&&str> = flags.iter().filter(|flag| !flag.starts_with("--")).collect();
    let wanted = |word: &str| words.is_empty() || words.iter().any(|wanted| **wanted == word);

    let mut figures: Vec<Figure> = Vec::new();
    let mut report = |measured: Vec<Figure>| {
        measured.iter().for_each(Figure::print);
        println!();
        figures.extend(measured);
    };
    for disk in [&slow, &as_it_is] {
        if wanted("lone") {
            println!("One till, {}", disk.name());
            report(measurements::lone_till(disk).await?);
        }
        if wanted("many") {
            println!("64 tills, {}", disk.name());
            report(measurements::many_tills(disk).await?);
        }
    }
    if wanted("waiting") {
        println!("1,000 tills that wait");
        report(measurements::waiting_tills().await?);
    }
    if wanted("outbox") {
        println!("Results that are pushed");
        report(outbox::outbox().await?);
    }
    if wanted("idle") {
        println!("Nothing to do");
        report(measurements::idle().await?);
    }
    if wanted("dialects") {
        println!("Dialects");
        report(dialects::dialects()?);
    }
    let missed = figures.iter().filter(|figure| !figure.is_met()).count();
    println!("{} of {} targets met", figures.len() - missed, figures.len());
    Ok(if missed > 0 && flags.contains(&"--strict") { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
