//! The border as a till and an attacker meet it: real sockets, real bytes, no engine behind it that takes payments.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod authentication;
mod browser;
mod callbacks;
mod callers;
mod cors;
mod dialects;
mod greed;
mod hostile_pages;
mod log;
mod no_journal;
mod old_http;
mod operator;
mod receipts;
mod requests;
mod signatures;
mod slow_disk;
mod support;
mod texts;
mod tls;
mod wire;
