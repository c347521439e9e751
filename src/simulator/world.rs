//! Everything one simulator holds, and the only place where time passes.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::api::Operations;
use super::callbacks::Postman;
use super::clock::Clock;
use super::faults::FaultBook;
use super::ledger::{Effect, Ledger};
use super::options::SimulatorOptions;
use super::requests::RequestLog;

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) options: SimulatorOptions,
    pub(crate) clock: Clock,
    pub(crate) postman: Postman,
    pub(crate) stopping: CancellationToken,
    pub(crate) tasks: TaskTracker,
    ledger: Mutex<Ledger>,
    faults: Mutex<FaultBook>,
    requests: Mutex<RequestLog>,
    tokens: Mutex<HashMap<String, Timestamp>>,
    operations: Mutex<Operations>,
}

impl World {
    pub(crate) fn new(options: SimulatorOptions) -> Result<Self, reqwest::Error> {
        Ok(Self {
            clock: Clock::default(),
            postman: Postman::new()?,
            stopping: CancellationToken::new(),
            tasks: TaskTracker::new(),
            ledger: Mutex::new(Ledger::new(&options)),
            faults: Mutex::new(FaultBook::new(options.seed)),
            requests: Mutex::default(),
            tokens: Mutex::default(),
            operations: Mutex::default(),
            options,
        })
    }

    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        locked(&self.ledger)
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, FaultBook> {
        locked(&self.faults)
    }

    pub(crate) fn requests(&self) -> MutexGuard<'_, RequestLog> {
        locked(&self.requests)
    }

    pub(crate) fn tokens(&self) -> MutexGuard<'_, HashMap<String, Timestamp>> {
        locked(&self.tokens)
    }

    pub(crate) fn operations(&self) -> MutexGuard<'_, Operations> {
        locked(&self.operations)
    }

    /// As it was at the start, but for tokens handed out.
    pub(crate) fn reset(&self) {
        self.clock.set_offset_seconds(0);
        self.faults().clear(self.options.seed);
        self.requests().clear();
        *self.operations() = Operations::default();
        *self.ledger() = Ledger::new(&self.options);
    }

    /// Runs until it is done or the simulator stops.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let stopping = self.stopping.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = stopping.cancelled() => {}
                () = work => {}
            }
        });
    }

    /// Does what follows from a change: now where nothing is to be waited for, so that at speed 0 a sale is over when
    /// its create request is answered.
    pub(crate) fn perform(self: &Arc<Self>, effects: Vec<Effect>) {
        let mut queue = VecDeque::from(effects);
        while let Some(effect) = queue.pop_front() {
            match delay(&effect) {
                Duration::ZERO => queue.extend(self.apply(effect)),
                wait => self.perform_later(effect, wait),
            }
        }
    }

    fn perform_later(self: &Arc<Self>, effect: Effect, wait: Duration) {
        let world = self.clone();
        self.spawn(async move {
            tokio::time::sleep(wait).await;
            let effects = world.apply(effect);
            world.perform(effects);
        });
    }

    fn apply(self: &Arc<Self>, effect: Effect) -> Vec<Effect> {
        let now = self.clock.now();
        match effect {
            Effect::Step { session_id, position, .. } => self.ledger().play(&session_id, position, now),
            Effect::EndRefund { transaction_id, request_id, .. } => {
                self.ledger().end_refund(&transaction_id, &request_id, now)
            }
            Effect::CorrectRefund { transaction_id, event_id, .. } => {
                self.ledger().correct_refund(&transaction_id, &event_id, now)
            }
            Effect::Notify { session_id, occasion } => {
                Postman::notify(self, &session_id, &occasion);
                Vec::new()
            }
        }
    }
}

fn delay(effect: &Effect) -> Duration {
    match effect {
        Effect::Step { after, .. } | Effect::EndRefund { after, .. } | Effect::CorrectRefund { after, .. } => *after,
        Effect::Notify { .. } => Duration::ZERO,
    }
}

/// A panic elsewhere does not make the state unusable: no method leaves it half changed.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
