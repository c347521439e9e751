//! The one writer.
//!
//! | file | what happens there |
//! | --- | --- |
//! | `step` | what it runs, and who waits for that |
//! | `writer` | steps wait in a queue and are committed together |
//! | `transaction` | they are committed in as few trips to SQLite's thread as possible |
//! | `answers` | their callers are answered; where the disk is slow, while it writes the next ones |
//! | `checkpoints` | between two commits: SQLite's log is folded into the database |

mod answers;
mod checkpoints;
mod step;
mod transaction;
mod writer;

pub(super) use step::Step;
pub(super) use transaction::{Transaction, Writes};
pub(super) use writer::Queue;
