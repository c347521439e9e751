//! Tills that wait for one terminal.

use shuttle::future::{block_on, spawn, yield_now};
use shuttle::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::*;
use crate::{in_every_order, is_found};

const TILLS: usize = 4;

fn terminal() -> ProviderTerminalId {
    ProviderTerminalId::new("T0292").unwrap()
}

/// The journal's lease: whoever takes it has the terminal.
#[derive(Default)]
struct Shop {
    lines: Lines,
    leased: AtomicBool,
    served: AtomicUsize,
}

impl Shop {
    async fn sell(&self, rings: bool) {
        let place = self.lines.join(&terminal());
        loop {
            place.turn().await;
            if !self.leased.swap(true, Ordering::SeqCst) {
                break;
            }
        }
        drop(place);
        yield_now().await;
        assert!(self.leased.swap(false, Ordering::SeqCst), "somebody else let go of it");
        self.served.fetch_add(1, Ordering::SeqCst);
        if rings {
            self.lines.ring(&terminal());
        }
    }

    /// A till that hangs up in the line.
    async fn hang_up(&self) {
        let place = self.lines.join(&terminal());
        yield_now().await;
        drop(place);
    }
}

fn tills_wait(rings: bool) {
    let shop = Arc::new(Shop::default());
    let tills = (0..TILLS).map(|number| {
        let shop = shop.clone();
        spawn(async move { if number == 1 { shop.hang_up().await } else { shop.sell(rings).await } })
    });
    for till in tills.collect::<Vec<_>>() {
        block_on(till).unwrap();
    }
    assert_eq!(shop.served.load(Ordering::SeqCst), TILLS - 1);
}

#[test]
fn everybody_who_waits_gets_the_terminal() {
    in_every_order(|| tills_wait(true));
}

#[test]
fn a_terminal_that_is_freed_without_a_bell_is_found() {
    is_found(|| tills_wait(false));
}
