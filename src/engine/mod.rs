//! The use cases: what happens when a till asks, a provider calls back, a poll is due, the program starts.
//!
//! Everything that moves money follows one pattern: decide (a pure step of the domain), commit (one durable step of the
//! journal), act (a call to a provider, outside any transaction). Such work runs in a task of its own: a till that hangs
//! up drops its request, never the work.
//!
//! | room | what happens there |
//! | --- | --- |
//! | `beginning` | a till asks for a sale or a refund: whether it begins, on which terminal, and when |
//! | `attempt` | one attempt from the first byte to its proof: started, followed, recorded |
//! | `results` | how tills hear of their results: they wait, are pushed to, follow |
//! | `reconciliation` | at the start and every hour: what the journal missed, or lost |
//! | `questions` | everything a till asks that starts nothing |
//! | `environment` | whether a till takes money or tests |
//! | `refusal` | why a till does not get what it asks for |
//! | `callbacks` | a provider calls back |
//! | `operator` | a person decides |
//! | `gauges` | what waits for a person, as the metrics show it |
//! | `health`, `away` | why payments may not be possible right now; whether a provider is back |

mod attempt;
mod away;
mod beginning;
mod callbacks;
mod environment;
mod gauges;
mod health;
mod operator;
mod questions;
mod reconciliation;
mod refusal;
mod results;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use ulid::Ulid;

use crate::domain::directory::{Directory, Terminal};
use crate::domain::operation::{Operation, ProviderName};
use crate::ports::{Capabilities, Clock, Enrolment, Journal, Provider, Pusher, TerminalUse};

use attempt::{LooksAgain, Readers};
use beginning::Lines;
use health::Health;
use reconciliation::FormerTerminals;
use results::{Bells, DELIVERIES, Streamed, Waiters};

pub use beginning::Patience;
pub use refusal::Refusal;
pub use results::{News, ResultStream, Waiting};

/// The use cases, shared by every listener.
#[derive(Clone)]
pub struct Engine {
    directory: Arc<Directory>,
    journal: Arc<dyn Journal>,
    providers: Arc<HashMap<ProviderName, Arc<dyn Provider>>>,
    pusher: Arc<dyn Pusher>,
    deliveries: Arc<Semaphore>,
    looks_again: LooksAgain,
    clock: Arc<dyn Clock>,
    pace: Pace,
    health: Arc<Health>,
    waiters: Waiters,
    lines: Lines,
    bells: Bells,
    streamed: Arc<Streamed>,
    readers: Readers,
    former_terminals: Arc<FormerTerminals>,
    tasks: TaskTracker,
    started: Instant,
    stopping: CancellationToken,
    recovered: watch::Sender<bool>,
    sweep_wanted: Arc<Notify>,
}

/// How often things are looked at.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Between two readings of an attempt while a customer stands at the terminal.
    pub poll_interval: Duration,
    /// Between two sweeps.
    pub sweep_interval: Duration,
    /// How far back a sweep looks.
    pub sweep_window: SignedDuration,
    /// The longest that a new payment waits after a start until it is refused for now.
    pub recovery_patience: Duration,
    /// Between two questions whether a provider that was away is back.
    pub away_pause: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            poll_interval: Duration::from_secs(1),
            sweep_interval: Duration::from_secs(3600),
            sweep_window: SignedDuration::from_hours(72),
            recovery_patience: Duration::from_secs(5),
            away_pause: Duration::from_secs(15),
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
    /// Posts results to tills.
    pub pusher: Arc<dyn Pusher>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// How often things are looked at.
    pub pace: Pace,
}

/// What a till's request came to.
#[derive(Debug)]
pub struct Progress {
    /// The operation as it is on disk.
    pub operation: Operation,
    /// What hears of it since before it was on disk; there when this request made it. See [`Engine::settled`].
    pub waiting: Option<Waiting>,
    /// It was asked for before; nothing new was started.
    pub replayed: bool,
    /// The till gave no number, and it was taken for one that it asked for before.
    pub possible_duplicate: bool,
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
    /// Who holds it, and when it last worked.
    pub usage: Option<TerminalUse>,
    /// How the provider sees it, when that could be read lately.
    pub enrolment: Option<Enrolment>,
    /// What it can do.
    pub capabilities: Option<Capabilities>,
}

impl Engine {
    /// The use cases over these parts. Nothing happens until [`Engine::recover`] is called.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self {
            bells: Bells::of(parts.directory.tills.iter().map(|till| till.id.clone())),
            directory: Arc::new(parts.directory),
            journal: parts.journal,
            providers: Arc::new(parts.providers),
            pusher: parts.pusher,
            deliveries: Arc::new(Semaphore::new(DELIVERIES)),
            looks_again: LooksAgain::default(),
            clock: parts.clock,
            pace: parts.pace,
            health: Arc::default(),
            waiters: Waiters::default(),
            lines: Lines::default(),
            streamed: Arc::default(),
            readers: Readers::default(),
            former_terminals: Arc::default(),
            tasks: TaskTracker::new(),
            started: Instant::now(),
            stopping: CancellationToken::new(),
            recovered: watch::Sender::new(false),
            sweep_wanted: Arc::default(),
        }
    }

    /// Who and what the configuration knows.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Takes nothing new, lets every call that is under way be answered and written, and returns. What is not decided
    /// by then is read again after the next start.
    pub async fn stop(&self) {
        self.stopping.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn provider(&self, name: ProviderName) -> Result<&Arc<dyn Provider>, Refusal> {
        // The configuration refuses a terminal whose provider it does not set up; the journal may know one that had one.
        self.providers.get(&name).ok_or(Refusal::NotReady)
    }

    /// What a terminal can do, and may do by its configuration.
    fn capabilities(&self, terminal: &Terminal) -> Option<Capabilities> {
        let can = self.provider(terminal.provider).ok()?.capabilities(terminal);
        Some(Capabilities { unlinked_refund: can.unlinked_refund && terminal.unlinked_refund, ..can })
    }

    /// An id that was never used: the time, and chance.
    fn new_id(&self) -> Ulid {
        let milliseconds = u64::try_from(self.clock.now().as_millisecond()).unwrap_or_default();
        Ulid::from_parts(milliseconds, self.clock.chance())
    }
}
