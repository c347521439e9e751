//! The rules of money, tried as pure functions. Numbers such as P14, R8 or C2 name rows of the failure matrix in
//! `docs/failures.md`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::type_complexity, reason = "a table of cases reads best as one tuple")]

mod attempt;
mod card;
mod directory;
mod evidence;
mod identifiers;
mod money;
#[path = "../common/moves.rs"]
mod moves;
mod operation;
mod out_of_order;
mod phase;
mod random_walks;
mod readings;
mod refund;
mod refund_books;
mod repeat;
mod request;
mod runs;
mod stories;
mod support;
mod turn;
mod two_steps;
mod words;
