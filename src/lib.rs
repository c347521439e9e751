//! A local payment bridge between tills and card terminals.

pub mod domain;
pub mod engine;
pub mod journal;
pub mod ports;
pub mod provider;
pub mod simulator;
