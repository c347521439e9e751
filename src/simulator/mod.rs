//! A Dintero and a Dojo on loopback: real HTTP, virtual terminals, faults on demand.
//!
//! One listener plays both of Dintero's hosts (`checkout.dintero.com` and `api.dintero.com`, below `/v1`) and Dojo's
//! (`api.dojo.tech`, at the root). It is an independent reading of their contracts, shares nothing with the rest of this
//! crate, and keeps its own truth about money (`GET /simulator/ledger`) to hold a bridge's journal against.
//!
//! # Who decides what happens
//!
//! At Dintero the order's amount, see [`outcome_table`]; at Dojo the terminal, see [`virtual_terminals`]. A terminal in
//! `manual` mode waits for a person instead (`POST /simulator/terminals/{id}/approve`).
//!
//! # Faults
//!
//! See [`FaultRule`] for the JSON of `PUT /simulator/faults`. What each provider does where its documents are silent is
//! told in its own folder.

mod clock;
mod connection;
mod consequence;
mod control;
mod dintero;
mod dojo;
mod exchange;
mod faults;
mod hands;
mod identifiers;
mod options;
mod postman;
mod requests;
mod server;
mod shelf;
mod world;

pub use dintero::{Outcome, outcome_table};
pub use dojo::{
    ApiRefunds, DojoOptions, DojoPolicy, DojoWebhook, ReceiptPlace, SimulatedDojoTerminal, VirtualTerminal,
    virtual_terminals,
};
pub use faults::{CallKind, ErrorBody, Fault, FaultRule, Moment};
pub use options::{Enrolment, SimulatedStore, SimulatedTerminal, SimulatorOptions, StartRule};
pub use server::{RunningSimulator, start};
