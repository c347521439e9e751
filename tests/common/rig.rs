//! What `cargo test` hands to every test binary, as far as it concerns a rig: a test without libtest that also takes
//! options of its own.

use std::process::ExitCode;
use std::time::Instant;

/// Options of libtest whose value is the next argument.
const WITH_VALUE: [&str; 6] = ["--test-threads", "--format", "--color", "--logfile", "-Z", "--shuffle-seed"];

/// The rig's own options, as they were given: `--name value`.
#[derive(Debug, Default)]
pub(crate) struct Options(Vec<(String, String)>);

impl Options {
    /// The value of an option, where it was given.
    pub(crate) fn get<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        let (_, value) = self.0.iter().find(|(known, _)| known == name)?;
        Some(value.parse().unwrap_or_else(|_| panic!("{name} cannot be {value:?}")))
    }
}

/// What is wanted of the rig.
enum Asked {
    Run(Options),
    List,
    /// Another test is meant.
    Nothing,
}

fn read(name: &str, own: &[&str], mut arguments: impl Iterator<Item = String>) -> Asked {
    let (mut options, mut filters) = (Options::default(), Vec::new());
    let (mut list, mut exact, mut skipped) = (false, false, false);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            option if own.contains(&option) => {
                let value = arguments.next().unwrap_or_else(|| panic!("{option} wants a value"));
                options.0.push((option.to_owned(), value));
            }
            "--list" => list = true,
            "--exact" => exact = true,
            "--ignored" => skipped = true,
            "--skip" => skipped |= arguments.next().is_some_and(|text| name.contains(&text)),
            option if WITH_VALUE.contains(&option) => drop(arguments.next()),
            option if option.starts_with('-') => {}
            filter => filters.push(filter.to_owned()),
        }
    }
    let matches = |filter: &String| if exact { name == filter } else { name.contains(filter.as_str()) };
    match (skipped || !(filters.is_empty() || filters.iter().any(matches)), list) {
        (true, _) => Asked::Nothing,
        (false, true) => Asked::List,
        (false, false) => Asked::Run(options),
    }
}

/// Runs the rig as the one test of its binary, and says what came of it as libtest would.
pub(crate) fn run(name: &str, own: &[&str], rig: impl FnOnce(&Options) -> Result<(), String>) -> ExitCode {
    let options = match read(name, own, std::env::args().skip(1)) {
        Asked::Run(options) => options,
        Asked::List => {
            println!("{name}: test\n\n1 test, 0 benchmarks");
            return ExitCode::SUCCESS;
        }
        Asked::Nothing => {
            println!("\nrunning 0 tests\n\ntest result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 1 filtered out");
            return ExitCode::SUCCESS;
        }
    };
    println!("\nrunning 1 test");
    let begun = Instant::now();
    let outcome = rig(&options);
    let (word, passed) = match &outcome {
        Ok(()) => ("ok", 1),
        Err(failure) => {
            println!("\n{failure}");
            ("FAILED", 0)
        }
    };
    println!("test {name} ... {word}\n");
    println!(
        "test result: {word}. {passed} passed; {} failed; 0 ignored; 0 measured; 0 filtered out; finished in {:.2?}\n",
        1 - passed,
        begun.elapsed()
    );
    if outcome.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
