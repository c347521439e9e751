//! The contract that the bridge serves of itself: `GET /openapi.json` for programs, `GET /docs` for people.
//!
//! What is said comes from the code that does it: replies from their own types, requests from beside their parser,
//! refusals from the table of codes. [`calls`] lists the calls; a test compares it with the routes.

mod calls;
mod document;
mod examples;
mod media;
mod page;
mod parts;
mod routes;

pub(super) use routes::routes;
