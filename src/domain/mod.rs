//! The rules of money, as pure functions over plain data: no I/O, no clock, no randomness.
//!
//! Start with [`attempt`] (the state machine that every fact goes through), then [`operation`] (what a till is told).

pub mod attempt;
pub mod card;
pub mod directory;
pub mod evidence;
pub mod identifiers;
pub mod money;
pub mod operation;
pub mod polling;
pub mod prompt;
pub mod refund;
pub mod refund_books;
pub mod repeat;
pub mod request;
pub mod runs;
#[cfg(test)]
pub(crate) mod specimen;
pub mod till_key;
pub mod turn;
