//! The Dintero provider against a scripted server: real connections, real requests, every way to fail.

mod answers;
mod connections;
mod looking;
mod orders;
mod requests;
mod server;
mod tokens;
