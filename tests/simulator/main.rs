//! The simulator over real HTTP: that it keeps Dintero's contract, and breaks it only when told to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod callbacks;
mod contract;
mod faults;
mod hands;
mod payments;
mod refunds;
mod support;
