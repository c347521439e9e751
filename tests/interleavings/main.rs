//! Who waits for which terminal, and who reads which attempt: the program's own code, in orders of its threads that
//! [shuttle](https://docs.rs/shuttle) picks. `cargo test` tries 2,000 of each scene, and
//! `INTERLEAVINGS=1000000 cargo test --release --test interleavings -- --nocapture` more; an order that fails is printed, and
//! played again by `shuttle::replay`.
//!
//! `engine/lines.rs` and `engine/readers.rs` are links to the program's files. To them this crate is both the standard
//! library and tokio, so their locks and bells are those that it has in `sync`; and their `tests` are the scenes here.
//!
//! What would hide a bell that nobody heard (a look every five seconds) is left out here: a till that is forgotten waits for
//! ever, and shuttle tells.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

extern crate self as std;
extern crate self as tokio;
extern crate std as standard;

#[allow(dead_code, reason = "not everything is asked here")]
mod engine {
    mod lines;
    mod readers;
}
mod notify;

use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::{Config, Runner};
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

/// Orders of each scene in the short form, and of what is tried in one go.
const BATCH: u64 = 2_000;
/// Batches between two lines that say how to go on.
const BATCHES_A_LINE: u64 = 50;
/// Changes of thread in an order of the second half.
const FEW: usize = 3;

/// Tries a scene in as many orders as are asked for.
fn in_every_order(scene: impl Fn() + Send + Sync + 'static) {
    let asked =
        |name, usual| standard::env::var(name).map_or(usual, |text: String| text.parse().expect("a whole number"));
    let (orders, from): (u64, u64) = (asked("INTERLEAVINGS", BATCH), asked("INTERLEAVINGS_FROM", 0));
    let scene = standard::sync::Arc::new(scene);
    for batch in from / BATCH..orders.div_ceil(BATCH) {
        try_batch(batch, scene.clone());
        if batch % BATCHES_A_LINE == BATCHES_A_LINE - 1 {
            let done = (batch + 1) * BATCH;
            println!("{done} of {orders} orders; stopped here it goes on with INTERLEAVINGS_FROM={done}");
        }
    }
}

/// Half by chance, half with few changes of thread at the worst places (PCT), which finds what needs luck. The number of
/// the batch is its seed.
fn try_batch(batch: u64, scene: standard::sync::Arc<impl Fn() + Send + Sync + 'static>) {
    let half = usize::try_from(BATCH / 2).expect("a batch is small");
    let again = scene.clone();
    Runner::new(RandomScheduler::new_from_seed(batch, half), Config::default()).run(move || again());
    Runner::new(PctScheduler::new_from_seed(batch, FEW, half), Config::default()).run(move || scene());
}

/// A planted bug must be found: one that none of the orders shows was not looked for.
fn is_found(scene: impl Fn() + Send + Sync + 'static + standard::panic::UnwindSafe + standard::panic::RefUnwindSafe) {
    let told = standard::panic::catch_unwind(|| in_every_order(scene));
    assert!(told.is_err(), "the planted bug was not found");
}
