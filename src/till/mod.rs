//! The till's border: bytes to checked requests, results to bytes. Knows nothing of HTTP.
//!
//! A [`format`](mod@format) (a dialect in a code page) turns a body into [`fields`], [`requests`] turns fields into what
//! the domain asks for, and [`reply`] and [`problem`] make what goes back, with the words of [`texts`] and a [`receipt`]
//! to print. A new dialect is one more codec; nothing else changes.

mod amounts;
pub mod charset;
pub mod dialect;
pub mod fields;
mod form;
pub mod format;
mod json;
mod lines;
mod media;
pub mod problem;
mod reader;
pub mod receipt;
pub mod reply;
pub mod requests;
mod structure;
pub mod texts;
mod walk;
mod xml;
