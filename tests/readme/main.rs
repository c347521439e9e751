//! The README against the program: every line of its tour is pasted, every table is compared.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod demo;
mod document;
#[path = "../common/free_address.rs"]
mod free_address;
mod line;
mod starting;
mod stopping;
mod tables;
mod tour;
