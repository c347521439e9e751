//! The simulator over real HTTP: that it keeps the providers' contracts, and breaks them only when told to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod callbacks;
mod contract;
mod dojo;
mod faults;
mod hands;
mod payments;
mod refunds;
mod support;
