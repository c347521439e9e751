//! Everything one simulator holds.

use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::clock::Clock;
use super::dintero::Dintero;
use super::dojo::Dojo;
use super::faults::FaultBook;
use super::options::SimulatorOptions;
use super::postman::Postman;
use super::requests::RequestLog;

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) options: SimulatorOptions,
    pub(crate) clock: Clock,
    pub(crate) postman: Postman,
    pub(crate) stopping: CancellationToken,
    pub(crate) tasks: TaskTracker,
    pub(crate) dintero: Dintero,
    pub(crate) dojo: Dojo,
    faults: Mutex<FaultBook>,
    requests: Mutex<RequestLog>,
}

impl World {
    pub(crate) fn new(options: SimulatorOptions) -> Result<Self, reqwest::Error> {
        Ok(Self {
            clock: Clock::default(),
            postman: Postman::new()?,
            stopping: CancellationToken::new(),
            tasks: TaskTracker::new(),
            dintero: Dintero::new(&options),
            dojo: Dojo::new(&options),
            faults: Mutex::new(FaultBook::new(options.seed)),
            requests: Mutex::default(),
            options,
        })
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, FaultBook> {
        locked(&self.faults)
    }

    pub(crate) fn requests(&self) -> MutexGuard<'_, RequestLog> {
        locked(&self.requests)
    }

    /// As it was at the start, but for tokens handed out.
    pub(crate) fn reset(&self) {
        self.clock.set_offset_seconds(0);
        self.faults().clear(self.options.seed);
        self.requests().clear();
        self.dintero.reset(&self.options);
        self.dojo.reset(&self.options);
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
}

/// A panic elsewhere does not make the state unusable: no method leaves it half changed.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
