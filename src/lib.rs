//! A local payment bridge between tills and card terminals.

pub mod cli;
pub mod config;
pub mod domain;
pub mod engine;
pub mod http;
pub mod ports;
pub mod provider;
pub mod simulator;
pub mod telemetry;
