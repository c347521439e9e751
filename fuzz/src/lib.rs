//! The checks of `tests/fuzz` under libFuzzer. `fuzz/run` calls a run vacuous in which nothing was taken, so each target
//! tells now and then how many inputs were.

#[path = "../../tests/fuzz/checks/mod.rs"]
mod checks;

use std::sync::atomic::{AtomicU64, Ordering};

use checks::{TARGETS, Verdict};

static ASKED: AtomicU64 = AtomicU64::new(0);
static TAKEN: AtomicU64 = AtomicU64::new(0);

/// Asks the target of this name; panics when something that must hold does not.
pub fn ask(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("there is such a target");
    let is_taken = (target.check)(bytes) == Verdict::Taken;
    let taken = TAKEN.fetch_add(u64::from(is_taken), Ordering::Relaxed) + u64::from(is_taken);
    let asked = ASKED.fetch_add(1, Ordering::Relaxed) + 1;
    if asked.is_power_of_two() || asked.is_multiple_of(1_000_000) {
        eprintln!("{name}: {taken} of {asked} taken");
    }
}
