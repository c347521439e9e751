//! The file: whose it is, and how it is opened.
//!
//! | file | what happens there |
//! | --- | --- |
//! | `files` | the database and what stands beside it are made ready: local, private, used by one bridge |
//! | `connection` | it is opened and its schema brought up to date; the writer's connection and the readers' |

pub(super) mod connection;
pub(super) mod files;
