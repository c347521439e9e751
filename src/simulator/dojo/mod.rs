//! A Dojo: payment intents, terminal sessions, virtual terminals, webhooks, its books.
//!
//! The terminal picks what happens, by the end of its `tid`, as with Dojo's own virtual terminals; the table is
//! [`virtual_terminals`]. A terminal that ends in `AMT0` goes by the amount instead, and one in `manual` mode waits for
//! a person.
//!
//! # Where Dojo's documents are silent, or disagree, the simulator chooses
//!
//! * A busy terminal answers 409; one that is switched off, or another account's, 404.
//! * Without `software-house-id` the terminal calls answer 400, without `reseller-id` 401, with a strange one 403; whether
//!   `reseller-id` is required is a policy.
//! * A member is found whatever the case of its first letter; an unknown one is refused.
//! * `PUT` and `DELETE` without `Content-Length` are refused with 411, as by Dojo's gateway.
//! * Two sessions may run for one intent at once; only the first card is charged.
//! * Cancelling again answers 200 as long as the session is `CancelRequested`.
//! * A `MatchedRefund` raises `refundedAmount`, which is a policy; the intent is `Refunded` when all is given back.
//! * A search shows cancelled intents too, newest first.
//! * A webhook may go to `http` on loopback; an active secret signs, the newest if there are several.

pub(crate) mod api;
pub(crate) mod calls;
mod effects;
pub(crate) mod ledger;
mod machines;
mod options;
pub(crate) mod webhooks;

use std::sync::{Mutex, MutexGuard};

use super::options::SimulatorOptions;
use super::world::locked;

use ledger::Ledger;
use webhooks::Subscriptions;

pub use machines::{VirtualTerminal, virtual_terminals};
pub use options::{ApiRefunds, DojoOptions, DojoPolicy, DojoWebhook, ReceiptPlace, SimulatedDojoTerminal};

/// What the simulated Dojo holds.
#[derive(Debug)]
pub(crate) struct Dojo {
    ledger: Mutex<Ledger>,
    subscriptions: Mutex<Subscriptions>,
}

impl Dojo {
    pub(crate) fn new(options: &SimulatorOptions) -> Self {
        Self {
            ledger: Mutex::new(Ledger::new(&options.dojo, options.speed)),
            subscriptions: Mutex::new(Subscriptions::new(&options.dojo)),
        }
    }

    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        locked(&self.ledger)
    }

    pub(crate) fn subscriptions(&self) -> MutexGuard<'_, Subscriptions> {
        locked(&self.subscriptions)
    }

    pub(crate) fn reset(&self, options: &SimulatorOptions) {
        *self.ledger() = Ledger::new(&options.dojo, options.speed);
        *self.subscriptions() = Subscriptions::new(&options.dojo);
    }
}
