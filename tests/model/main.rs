//! Every interleaving of two tills, a crashing process, a bad network and a provider without idempotency, around the real
//! rules of `domain`: a model check with stateright. The model's state holds real attempts, and only the real
//! `Attempt::step`, `judge`, `Operation::repeat`, `refund_amount` and `sendable` move and decide anything.
//!
//! `cargo test` runs a short form. The long one:
//! `cargo test --release --test model -- --states 10000000`. `--scene NAME` plays one scene alone, `--from NAME` that one and
//! those behind it; `--variant NAME` plants one bug and shows how it is found. There is no chance in it: the same arguments
//! search the same states.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test without libtest: what cannot go on ends it")]

mod bridge;
mod liveness;
mod moves;
mod parts;
mod provider;
#[path = "../common/rig.rs"]
mod rig;
mod rules;
mod scenes;
mod world;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use stateright::{Checker, Expectation, HasDiscoveries, Model};

use bridge::Shell;
use rig::Options;
use scenes::{BUGS, SCENES, SMALL, Scene};

/// States of each scene in the short form.
const SHORT: usize = 9_000;
/// From so many states on every scene but the largest is searched to its end, so all that can happen must have happened.
const LONG: usize = 5_000_000;
/// A planted bug is found within so many states.
const ENOUGH_FOR_A_BUG: usize = 3_000_000;
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);
const BETWEEN_LINES: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    rig::run("model", &["--states", "--variant", "--scene", "--from"], check)
}

fn check(options: &Options) -> Result<(), String> {
    if let Some(variant) = options.get::<String>("--variant") {
        return find_bug(&variant, true);
    }
    let states = options.get("--states").unwrap_or(SHORT);
    let only = options.get::<String>("--scene");
    let first = options.get::<String>("--from");
    let is_known = |name: &String| SCENES.iter().any(|scene| scene.name == name);
    if let Some(unknown) = first.iter().chain(&only).find(|name| !is_known(name)) {
        return Err(format!("no scene {unknown}"));
    }
    let left = SCENES.iter().skip_while(|scene| first.as_deref().is_some_and(|name| name != scene.name));
    println!("no chance in it: the arguments are the seed; {states} states of each scene at most");
    for scene in left.filter(|scene| only.as_deref().is_none_or(|name| name == scene.name)) {
        search(*scene, states)?;
    }
    if only.is_none() {
        BUGS.iter().try_for_each(|(_, name, ..)| find_bug(name, false))?;
    }
    Ok(())
}

/// Searches a scene; an error when a rule is broken, or when something never happened although all was searched.
fn search(scene: Scene, states: usize) -> Result<(), String> {
    let begun = Instant::now();
    let checker = Shell { scene, bug: None }.checker().threads(2).target_state_count(states);
    let checker = tell_until_done(scene.name, checker.finish_when(HasDiscoveries::AnyFailures).spawn_bfs());
    let discoveries = checker.discoveries();
    let (total, unique) = (checker.state_count(), checker.unique_state_count());
    println!(
        "{}: {unique} unique states of {total}, depth {}, {:.1?}",
        scene.name,
        checker.max_depth(),
        begun.elapsed()
    );
    for property in checker.model().properties() {
        let found = discoveries.get(property.name);
        match (property.expectation, found) {
            (Expectation::Sometimes, None) if total < states => {
                return Err(format!("{}: vacuous, this never happened: {}", scene.name, property.name));
            }
            (Expectation::Sometimes, None) if states >= LONG => println!("  not reached: {}", property.name),
            (Expectation::Always, Some(path)) => {
                return Err(format!(
                    "{} is broken in scene {}:\n{:#?}",
                    property.name,
                    scene.name,
                    path.clone().into_actions()
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Waits for the end of a search. A scene that was begun is begun anew: what is left of it is in memory alone.
fn tell_until_done<Searching: Checker<Shell>>(scene: &str, checker: Searching) -> Searching {
    let mut told_at = Instant::now();
    while !checker.is_done() {
        std::thread::sleep(BETWEEN_LOOKS);
        if told_at.elapsed() > BETWEEN_LINES {
            told_at = Instant::now();
            println!("{scene}: {} states; stopped here it goes on with --from {scene}", checker.state_count());
        }
    }
    checker.join()
}

/// Plants a bug; an error when the rule that it breaks is not found broken.
fn find_bug(name: &str, show: bool) -> Result<(), String> {
    let known = BUGS.iter().find(|(_, known, ..)| *known == name);
    let names = || BUGS.iter().map(|(_, name, ..)| *name).collect::<Vec<_>>();
    let (bug, _, scene, rule) = known.ok_or_else(|| format!("no variant {name}; there are {:?}", names()))?;
    let scene = SCENES.iter().chain(SMALL).find(|known| known.name == *scene).copied().ok_or("no such scene")?;
    let shell = Shell { scene, bug: Some(*bug) };
    let rule =
        shell.properties().into_iter().find(|property| property.name.starts_with(rule)).ok_or("no such rule")?.name;
    let begun = Instant::now();
    let checker = shell.checker().threads(2).target_state_count(ENOUGH_FOR_A_BUG);
    let checker = checker.finish_when(HasDiscoveries::AnyOf([rule].into())).spawn_bfs().join();
    let broken = checker.discovery(rule).ok_or_else(|| format!("{name} was NOT caught by {rule}"))?;
    let moves = broken.into_actions();
    println!(
        "{name}: breaks {rule} after {} moves, {} states, {:.1?}",
        moves.len(),
        checker.state_count(),
        begun.elapsed()
    );
    if show {
        println!("{moves:#?}");
    }
    Ok(())
}
