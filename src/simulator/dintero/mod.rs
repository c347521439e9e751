//! A Dintero: both of its hosts, its virtual terminals, its books.
//!
//! The order's amount picks what the virtual terminal does, as with Dintero's own simulated terminals; the table is
//! [`outcome_table`]. A terminal in `manual` mode waits for a person instead.
//!
//! # Where Dintero's documents are silent, the simulator chooses
//!
//! * A terminal that is already prompting, or offline, refuses a second session with 400.
//! * A prompt ends at the session's `expires_at`; without one a session lives 30 minutes.
//! * No transaction exists until a card is presented.
//! * Cancelling an already cancelled session that has no transaction answers 200 again.
//! * `search` on the session list matches either merchant reference, whole.
//! * A 3xx answer to a callback is neither followed nor retried.
//! * The list of terminal operations is a bare array.

pub(crate) mod api;
pub(crate) mod callbacks;
pub(crate) mod calls;
mod effects;
pub(crate) mod ledger;
pub(crate) mod outcomes;
mod receipts;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

use jiff::Timestamp;

use super::options::SimulatorOptions;
use super::world::locked;

use api::Operations;
use ledger::Ledger;

pub use outcomes::{Outcome, outcome_table};

/// What the simulated Dintero holds.
#[derive(Debug)]
pub(crate) struct Dintero {
    ledger: Mutex<Ledger>,
    tokens: Mutex<HashMap<String, Timestamp>>,
    operations: Mutex<Operations>,
}

impl Dintero {
    pub(crate) fn new(options: &SimulatorOptions) -> Self {
        Self { ledger: Mutex::new(Ledger::new(options)), tokens: Mutex::default(), operations: Mutex::default() }
    }

    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        locked(&self.ledger)
    }

    pub(crate) fn tokens(&self) -> MutexGuard<'_, HashMap<String, Timestamp>> {
        locked(&self.tokens)
    }

    pub(crate) fn operations(&self) -> MutexGuard<'_, Operations> {
        locked(&self.operations)
    }

    /// Tokens that were handed out stay good.
    pub(crate) fn reset(&self, options: &SimulatorOptions) {
        *self.operations() = Operations::default();
        *self.ledger() = Ledger::new(options);
    }
}
