//! Who waits for which terminal, and who reads which attempt: the program's own code, in orders of its threads that
//! [shuttle](https://docs.rs/shuttle) picks. `cargo test` tries 2,000 of each scene, `INTERLEAVINGS` more; an order that
//! fails is printed, and played again by `shuttle::replay`.
//!
//! `lines.rs` and `readers.rs` are links to the program's files. To them this crate is both the standard library and tokio,
//! so their locks and bells are those that it has in `sync`; and their `tests` are the scenes here.
//!
//! What would hide a bell that nobody heard (a look every five seconds) is left out here: a till that is forgotten waits for
//! ever, and shuttle tells.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

extern crate self as std;
extern crate self as tokio;
extern crate std as standard;

#[allow(dead_code, reason = "not everything is asked here")]
mod lines;
mod notify;
#[allow(dead_code, reason = "not everything is asked here")]
mod readers;

use standard::{collections, mem};

mod sync {
    pub(crate) use shuttle::sync::{Arc, Mutex, MutexGuard, PoisonError};

    pub(crate) use crate::notify::Notify;
}

#[path = "../../src/domain"]
mod domain {
    pub(crate) use pos_bridge::domain::*;

    pub(crate) mod specimen;
}

/// Tries a scene in so many orders.
fn in_every_order(scene: impl Fn() + Send + Sync + 'static) {
    let orders = standard::env::var("INTERLEAVINGS").map_or(2_000, |text| text.parse().expect("a number"));
    // Half by chance, half with few changes of thread at the worst places (PCT), which finds what needs luck.
    let scene = standard::sync::Arc::new(scene);
    let again = scene.clone();
    shuttle::check_random(move || again(), orders / 2);
    shuttle::check_pct(move || scene(), orders / 2, 3);
}

/// A planted bug must be found: one that none of the orders shows was not looked for.
fn is_found(scene: impl Fn() + Send + Sync + 'static + standard::panic::UnwindSafe + standard::panic::RefUnwindSafe) {
    let told = standard::panic::catch_unwind(|| in_every_order(scene));
    assert!(told.is_err(), "the planted bug was not found");
}
