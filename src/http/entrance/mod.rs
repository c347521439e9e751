//! Who is let in, and how often.
//!
//! | file | what happens there |
//! | --- | --- |
//! | `guard`, `cors` | web pages are kept out, but for those of allowed origins |
//! | `authentication`, `guesses` | which till calls, and who guesses keys |
//! | `permission` | what a till may do |
//! | `rate`, `too_many` | how often it may call |
//! | `strangers` | strangers are kept out of the log |

pub(super) mod authentication;
pub(super) mod cors;
pub(super) mod guard;
mod guesses;
mod permission;
mod rate;
mod strangers;
mod too_many;

pub(super) use authentication::Entrance;
pub(super) use strangers::Strangers;
pub use too_many::Callers;
