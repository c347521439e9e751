//! The configuration: what is accepted, what is refused, and what a refusal tells.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

mod example;
mod mistakes;
mod sources;
mod support;
mod till_file;
