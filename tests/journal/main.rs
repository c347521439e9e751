//! The journal against real files.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod adopting;
mod alarms;
mod beginning;
mod earlier_schema;
mod files;
mod fixture;
mod log;
mod outbox;
mod reading;
mod recording;
mod refund_limits;
mod refunding;
mod storage;
mod without_number;
