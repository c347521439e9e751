//! What tills know of their results, and the results that they did not ask for.
//!
//! | file | what stands there |
//! | --- | --- |
//! | `told` | a till was told |
//! | `marks` | a till was warned, or has booked |
//! | `outbox` | what is to be pushed |
//! | `log` | what a till may follow |
//! | `port` | the port of what nobody asked for, as the engine sees it |

pub(super) mod log;
mod marks;
pub(super) mod outbox;
mod port;
pub(super) mod told;

pub(super) use marks::{Acknowledge, Warned};
