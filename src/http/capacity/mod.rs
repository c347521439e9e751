//! How much a listener takes at once, and what whoever comes on top is told.
//!
//! | file | what happens there |
//! | --- | --- |
//! | `limits` | how much, and how long it waits for it |
//! | `room`, `overload` | whether there is a place for a connection, and what the others are told |
//! | `body` | a request's body is read whole, within a budget |
//! | `shares` | how much each caller may hold at once |

pub(super) mod body;
mod limits;
pub(super) mod overload;
mod room;
mod shares;

pub(super) use body::Bodies;
pub use limits::Limits;
pub use room::Room;
pub use shares::Shares;
pub(super) use shares::{Counted, Share};
