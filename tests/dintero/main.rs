//! The Dintero provider against a scripted server: real connections, real requests, every way to fail.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod answers;
mod connections;
mod looking;
mod orders;
mod requests;
#[path = "../common/scripted_server.rs"]
mod scripted_server;
mod server;
mod tokens;
#[path = "../common/whole_list.rs"]
mod whole_list;
