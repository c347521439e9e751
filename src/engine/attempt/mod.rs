//! One attempt, from the first byte to its proof.
//!
//! | file | what happens there |
//! | --- | --- |
//! | `drive` | its one task: it is started by `start`, then followed by `follow` |
//! | `wishes` | what a till wishes of it is passed on |
//! | `record` | the one way in for every fact |
//! | `readers` | who reads which attempt |
//! | `look_again` | what nobody reads any more is read once more |

mod drive;
mod follow;
mod look_again;
mod readers;
mod record;
mod start;
mod wishes;

pub(super) use follow::ask;
pub(super) use look_again::LooksAgain;
pub(super) use readers::Readers;
pub(super) use record::ring_out;
