//! The Dojo provider against a scripted server: real connections, real requests, every way to fail.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod cancelling;
mod connections;
mod listing;
mod looking;
mod orders;
mod preparing;
mod refunds;
mod requests;
#[path = "../common/scripted_server.rs"]
mod scripted_server;
mod server;
mod starting;
mod terminals;
#[path = "../common/whole_list.rs"]
mod whole_list;
