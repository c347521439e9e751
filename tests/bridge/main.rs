//! The whole bridge as a till sees it: the built program, a real SQLite file, and the simulator on the wire.
//!
//! Names such as P13, R7 or C4 are rows of `docs/failures.md`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod abandoned;
mod callbacks;
mod callers;
mod cancel;
mod contract;
mod dojo;
mod either_provider;
mod events;
mod faults;
#[path = "../common/free_address.rs"]
mod free_address;
mod old_till;
mod outcomes;
mod overload;
mod pay;
mod push;
mod questions;
mod receipts;
mod recovery;
mod refund;
mod repeat;
#[path = "../common/sha256.rs"]
mod sha256;
mod startup;
mod storage;
mod stories;
mod support;
mod sweep;
mod texts;
mod tls;
