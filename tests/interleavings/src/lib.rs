//! Who waits for which terminal, and who reads which attempt: the program's own code, in orders of its threads that
//! [shuttle](https://docs.rs/shuttle) picks. `cargo test` inside this folder tries 20,000 of each, `INTERLEAVINGS` more;
//! an order that fails is printed, and played again by `shuttle::replay`.
//!
//! What would hide a bell that nobody heard (a look every five seconds) is left out here: a till that is forgotten waits for
//! ever, and shuttle tells.

#![cfg(test)]
#![forbid(unsafe_code)]

#[path = "../../../src/domain/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the domain is here whole")]
mod domain;
mod engine;
mod lines;
mod notify;
mod readers;

/// Tries a scene in so many orders.
fn in_every_order(scene: impl Fn() + Send + Sync + 'static) {
    let orders = std::env::var("INTERLEAVINGS").map_or(20_000, |text| text.parse().expect("a number"));
    // Half by chance, half with few changes of thread at the worst places (PCT), which finds what needs luck.
    let scene = std::sync::Arc::new(scene);
    let again = scene.clone();
    shuttle::check_random(move || again(), orders / 2);
    shuttle::check_pct(move || scene(), orders / 2, 3);
}

/// A planted bug must be found: one that none of the orders shows was not looked for.
fn is_found(scene: impl Fn() + Send + Sync + 'static + std::panic::UnwindSafe + std::panic::RefUnwindSafe) {
    let told = std::panic::catch_unwind(|| in_every_order(scene));
    assert!(told.is_err(), "the planted bug was not found");
}
