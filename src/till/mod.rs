//! The till's border: bytes to checked requests, results to bytes. Knows nothing of HTTP.
//!
//! A [`dialect`] turns a body into [`fields`], [`requests`] turns fields into what the domain asks for, and [`reply`],
//! [`problem`] and [`texts`] make what goes back. A new dialect is one more codec; nothing else changes.

pub mod dialect;
pub mod fields;
mod json;
pub mod problem;
pub mod reader;
pub mod reply;
pub mod requests;
pub mod texts;
