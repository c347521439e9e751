//! The rules of money, tried as pure functions. Numbers such as P14, R8 or C2 name rows of the failure matrix in
//! `ARCHITECTURE.md`.

mod attempt;
mod evidence;
mod random_walks;
mod refund;
mod repeat;
mod support;
