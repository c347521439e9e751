//! A local payment bridge between tills and card terminals.

pub mod simulator;
