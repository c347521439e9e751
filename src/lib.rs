//! A local payment bridge: a till posts to `/pay`, a card terminal takes the payment, SQLite remembers every step.
//!
//! `ARCHITECTURE.md` is the map. In short, from the inside out: [`domain`] decides, [`ports`] say what the use cases
//! need, [`engine`] holds the use cases, [`journal`], [`provider`] and [`push`] do what the ports say, [`till`] and
//! [`http`] speak with the tills, [`app`] puts it all together.

pub mod app;
pub mod certificates;
pub mod cli;
pub mod config;
pub mod domain;
pub mod engine;
pub mod http;
pub mod journal;
mod outbound;
pub mod ports;
pub mod provider;
pub mod push;
pub mod simulator;
pub mod telemetry;
pub mod till;
