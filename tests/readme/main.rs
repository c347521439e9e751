//! The README, and the pages that it leads to, against the program: every line of the tour is pasted, every table is
//! compared, every link is followed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod demo;
mod document;
#[path = "../common/free_address.rs"]
mod free_address;
mod line;
mod links;
mod starting;
mod stopping;
mod tables;
mod tour;
