//! The border as a till and an attacker meet it: real sockets, real bytes, no engine behind it that takes payments.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod authentication;
mod browser;
mod callbacks;
mod dialects;
mod greed;
mod no_journal;
mod operator;
mod requests;
mod support;
mod wire;
