//! What can be said to a caller, whatever the dialect; [`Format`](super::format::Format) turns it into bytes.

use serde::Serialize;

use super::problem::Problem;
use super::reply::{AlarmList, Health, HistoryReply, OperationList, PushList, Readiness, Reply, TerminalList};

pub use crate::domain::directory::Dialect;

/// Everything that can be said to a caller.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// Where an operation stands.
    Operation(Box<Reply>),
    /// A page of operations.
    Operations(OperationList),
    /// The terminals.
    Terminals(TerminalList),
    /// An operation and what happened to it.
    History(Box<HistoryReply>),
    /// What a person must see to.
    Alarms(AlarmList),
    /// That the bridge lives.
    Health(Health),
    /// Whether it can take payments.
    Readiness(Readiness),
    /// What tills have not taken.
    Pushes(PushList),
    /// A refusal.
    Problem(Problem),
}
