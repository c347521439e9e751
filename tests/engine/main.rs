//! The use cases on a real journal, with a provider that says what the test has it say.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod absence;
mod at_terminal;
mod environments;
mod given_up;
mod lost;
mod paid_before;
mod pool;
mod provider;
mod refunds;
mod shop;
mod starting;
mod streams;
mod unlinked;
mod waiting;
