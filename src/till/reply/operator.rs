//! What an operator is told.

use serde::Serialize;
use serde_json::value::RawValue;

use super::{Reply, moment};
use crate::domain::attempt::Phase;
use crate::domain::directory::Language;
use crate::domain::operation::Operation;
use crate::ports::{HistoryLine, OutboxEntry, Pushes, RaisedAlarm};

/// An operation and what happened to it, for an operator.
#[derive(Debug, Clone, Serialize)]
pub struct HistoryReply {
    operation: Reply,
    /// Where the deciding attempt stands, in the journal's word.
    phase: &'static str,
    /// The decision of an operator, where one decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    resolved_by: Option<String>,
    history: Vec<HistoryEntry>,
}

#[derive(Debug, Clone, Serialize)]
struct HistoryEntry {
    sequence: i64,
    at: String,
    attempt: u32,
    event: Box<RawValue>,
    phase: String,
}

impl HistoryReply {
    /// What an operator is told of an operation.
    #[must_use]
    pub fn new(operation: &Operation, history: Vec<HistoryLine>) -> Self {
        let resolution = match &operation.attempt.phase {
            Phase::Approved { resolution, .. } | Phase::Cancelled { resolution } => resolution.as_ref(),
            _ => None,
        };
        Self {
            operation: Reply::new(operation, false, Language::English),
            phase: operation.attempt.phase.name(),
            resolved_by: resolution.map(|resolution| resolution.by.clone()),
            history: history.into_iter().map(HistoryEntry::from).collect(),
        }
    }
}

impl From<HistoryLine> for HistoryEntry {
    fn from(line: HistoryLine) -> Self {
        Self {
            sequence: line.sequence,
            at: moment(line.at),
            attempt: line.attempt,
            event: RawValue::from_string(line.event).unwrap_or_else(|_| RawValue::NULL.to_owned()),
            phase: line.phase,
        }
    }
}

/// What a person must see to.
#[derive(Debug, Clone, Serialize)]
pub struct AlarmList {
    alarms: Vec<AlarmReply>,
}

#[derive(Debug, Clone, Serialize)]
struct AlarmReply {
    id: i64,
    kind: &'static str,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    till: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    terminal: Option<String>,
    raised_at: String,
}

impl AlarmList {
    /// What an operator is told of the alarms.
    #[must_use]
    pub fn new(alarms: Vec<RaisedAlarm>) -> Self {
        let reply = |raised: RaisedAlarm| {
            let (till, reference) = raised.known_as.unzip();
            AlarmReply {
                id: raised.id,
                kind: raised.alarm.kind.name(),
                text: raised.alarm.text,
                operation_id: raised.operation.map(|id| id.to_string()),
                till: till.map(|till| till.to_string()),
                reference: reference.map(|reference| reference.to_string()),
                terminal: raised.terminal.map(|name| name.to_string()),
                raised_at: moment(raised.raised_at),
            }
        };
        Self { alarms: alarms.into_iter().map(reply).collect() }
    }
}

/// The results that their tills have not taken.
#[derive(Debug, Clone, Serialize)]
pub struct PushList {
    /// The oldest ones.
    pushes: Vec<PushReply>,
    /// How many are still tried, in all.
    waiting: u64,
    /// How many were given up, in all.
    undelivered: u64,
}

#[derive(Debug, Clone, Serialize)]
struct PushReply {
    id: i64,
    till: String,
    operation_id: String,
    state: &'static str,
    tries: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<String>,
    since: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_try_at: Option<String>,
}

impl PushList {
    /// What an operator is told of them.
    #[must_use]
    pub fn new(pushes: Pushes) -> Self {
        let reply = |push: OutboxEntry| PushReply {
            id: push.number,
            till: push.till.to_string(),
            operation_id: push.operation.to_string(),
            state: if push.due_at.is_some() { "waiting" } else { "undelivered" },
            tries: push.tries,
            last_error: push.last_error,
            since: moment(push.since),
            next_try_at: push.due_at.map(moment),
        };
        Self {
            pushes: pushes.oldest.into_iter().map(reply).collect(),
            waiting: pushes.waiting,
            undelivered: pushes.undelivered,
        }
    }
}
