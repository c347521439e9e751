//! A Dintero on loopback: real HTTP, virtual terminals, faults on demand.
//!
//! One listener plays both of Dintero's hosts (`checkout.dintero.com` and `api.dintero.com`). It is an independent
//! reading of Dintero's contract, shares nothing with the rest of this crate, and keeps its own truth about money
//! (`GET /simulator/ledger`) to hold a bridge's journal against.
//!
//! # Who decides what happens
//!
//! The order's amount picks what the virtual terminal does, as with Dintero's own simulated terminals; the table is
//! [`outcome_table`]. A terminal in `manual` mode waits for a person instead (`POST /simulator/terminals/{id}/approve`).
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
//!
//! # Faults
//!
//! See [`FaultRule`] for the JSON of `PUT /simulator/faults`.

mod api;
mod callbacks;
mod clock;
mod connection;
mod control;
mod exchange;
mod faults;
mod identifiers;
mod ledger;
mod options;
mod outcomes;
mod receipts;
mod requests;
mod server;
mod world;

pub use faults::{CallKind, Fault, FaultRule, Moment};
pub use options::{Enrolment, SimulatedStore, SimulatedTerminal, SimulatorOptions, StartRule};
pub use outcomes::{Outcome, outcome_table};
pub use server::{RunningSimulator, start};
