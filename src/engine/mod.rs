//! The use cases: what happens when a till asks, a provider calls back, a poll is due, the program starts.

mod refusal;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::attempt::{Kind, Resolution};
use crate::domain::directory::{Directory, Terminal, Till};
use crate::domain::identifiers::{OperationId, Reference};
use crate::domain::operation::{Operation, Provider as ProviderName};
use crate::domain::request::{RefundRequest, SaleRequest};
use crate::ports::{
    Callback, Clock, Enrolment, HistoryLine, Journal, OperationFilter, Provider, RaisedAlarm, TerminalUse,
};

pub use refusal::Refusal;

/// The use cases, shared by every listener.
#[derive(Clone)]
pub struct Engine {
    directory: Arc<Directory>,
}

/// How often things are looked at.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Between two readings of an attempt while a customer stands at the terminal.
    pub poll_interval: Duration,
    /// Between two sweeps.
    pub sweep_interval: Duration,
    /// How far back a sweep looks.
    pub sweep_window: jiff::SignedDuration,
    /// The longest that new payments wait after a start until what was open before has been read.
    pub recovery_patience: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            poll_interval: Duration::from_secs(1),
            sweep_interval: Duration::from_secs(3600),
            sweep_window: jiff::SignedDuration::from_hours(72),
            recovery_patience: Duration::from_secs(5),
        }
    }
}

/// What an [`Engine`] is made of.
pub struct Parts {
    /// Who and what the configuration knows.
    pub directory: Directory,
    /// The durable state.
    pub journal: Arc<dyn Journal>,
    /// The cloud APIs, by name; one for every provider that the directory names.
    pub providers: HashMap<ProviderName, Arc<dyn Provider>>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// How often things are looked at.
    pub pace: Pace,
}

/// What a till's request came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The operation as it is on disk.
    pub operation: Operation,
    /// It was asked for before; nothing new was started.
    pub replayed: bool,
}

/// What is done with a genuine callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallbackReceipt {
    /// Kept (or known already): acknowledge it.
    Kept,
    /// It is about nothing we know while something is under way: it may be early, ask for it again (503).
    AskAgain,
    /// It is about nothing we know, and nothing is under way: acknowledge it.
    Ignored,
}

/// A terminal that a till may use, and what is known of it.
#[derive(Debug, Clone)]
pub struct TerminalView {
    /// The terminal.
    pub terminal: Terminal,
    /// Who holds it, since when it last worked.
    pub usage: Option<TerminalUse>,
    /// How the provider sees it, when that could be read lately.
    pub enrolment: Option<Enrolment>,
}

#[allow(clippy::unused_async, clippy::missing_errors_doc, unused_variables)]
impl Engine {
    /// The use cases over these parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self { directory: Arc::new(parts.directory) }
    }
    /// Who and what the configuration knows.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        &self.directory
    }
    /// Starts, rejoins or replays a sale. Returns as soon as its state is on disk; the payment itself goes on in a task
    /// of its own, whatever becomes of the caller. Wait for its result with [`Engine::settled`].
    pub async fn pay(&self, till: &Till, request: SaleRequest) -> Result<Progress, Refusal> {
        Err(Refusal::ShuttingDown)
    }
    /// The same for a refund.
    pub async fn refund(&self, till: &Till, request: RefundRequest) -> Result<Progress, Refusal> {
        Err(Refusal::ShuttingDown)
    }
    /// Waits until the operation is settled ([`Operation::is_settled`]) or the time is up, and returns it as it is then.
    pub async fn settled(&self, operation: Operation, wait: Duration) -> Result<Operation, Refusal> {
        Ok(operation)
    }
    /// A till's own operation.
    pub async fn find(&self, till: &Till, kind: Kind, reference: &Reference) -> Result<Operation, Refusal> {
        Err(Refusal::ShuttingDown)
    }
    /// Asks for an operation to be stopped, and returns it as it is now. A request, not a result.
    pub async fn cancel(&self, till: &Till, kind: Kind, reference: &Reference) -> Result<Operation, Refusal> {
        Err(Refusal::ShuttingDown)
    }
    /// The till has booked the result.
    pub async fn acknowledge(&self, till: &Till, kind: Kind, reference: &Reference) -> Result<Operation, Refusal> {
        Err(Refusal::ShuttingDown)
    }
    /// A till's most recent operation.
    pub async fn last(&self, till: &Till) -> Result<Operation, Refusal> {
        Err(Refusal::ShuttingDown)
    }
    /// A till's operations, newest first.
    pub async fn operations(&self, till: &Till, filter: &OperationFilter) -> Result<Vec<Operation>, Refusal> {
        Err(Refusal::ShuttingDown)
    }
    /// The terminals that a till may use.
    pub async fn terminals(&self, till: &Till) -> Result<Vec<TerminalView>, Refusal> {
        Err(Refusal::ShuttingDown)
    }
    /// A reply with this state is being handed to the till's connection; returns at once.
    pub fn told(&self, operation: &Operation) {}
    /// A genuine callback came: keep it and wake the reader. Never believes what it says.
    pub async fn called_back(&self, callback: Callback) -> Result<CallbackReceipt, Refusal> {
        Err(Refusal::ShuttingDown)
    }
    /// Why no payment can be taken right now; empty when one can.
    #[must_use]
    pub fn unready(&self) -> Vec<String> {
        Vec::new()
    }
    /// An operator's decision on an outcome that is not proven.
    pub async fn resolve(&self, id: OperationId, resolution: Resolution) -> Result<Operation, Refusal> {
        Err(Refusal::ShuttingDown)
    }
    /// What happened to an operation.
    pub async fn history(&self, id: OperationId) -> Result<(Operation, Vec<HistoryLine>), Refusal> {
        Err(Refusal::ShuttingDown)
    }
    /// What a person must see to.
    pub async fn alarms(&self) -> Result<Vec<RaisedAlarm>, Refusal> {
        Err(Refusal::ShuttingDown)
    }
    /// Somebody has seen to an alarm.
    pub async fn acknowledge_alarm(&self, id: i64, by: &str) -> Result<(), Refusal> {
        Err(Refusal::ShuttingDown)
    }
}
