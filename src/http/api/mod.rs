//! The calls: each is parsed, given to the engine, and what comes of it encoded.
//!
//! | file | what happens there |
//! | --- | --- |
//! | `asked` | what a till's call asks for, read once for every handler |
//! | `till`, `receipt`, `events` | the tills' routes |
//! | `waiting` | how long a till waits, and what it hears when its time is up |
//! | `callbacks` | the providers' |
//! | `operator` | the operator's, on a local socket |
//! | `status` | whether the bridge works |
//! | `refusals` | what the engine refuses, as the till reads it |

pub(super) mod asked;
pub(super) mod callbacks;
mod events;
pub(super) mod operator;
mod receipt;
mod refusals;
pub(super) mod status;
pub(super) mod till;
mod waiting;

pub use status::RenderMetrics;
