//! How the tills hear of their results.
//!
//! | file | what happens there |
//! | --- | --- |
//! | `waiters` | who waits for which operation |
//! | `settled` | a till waits for its result |
//! | `told` | what has reached a till is noted |
//! | `relay` | results are pushed to the tills that want them so |
//! | `stream` | a till follows its results |
//! | `bells` | who is to hear that a till has a new one |

mod bells;
mod relay;
mod settled;
mod stream;
mod told;
mod waiters;

pub(super) use bells::Bells;
pub(super) use relay::DELIVERIES;
pub(super) use stream::Streamed;
pub use stream::{News, ResultStream};
pub(super) use waiters::Waiters;
pub use waiters::Waiting;
