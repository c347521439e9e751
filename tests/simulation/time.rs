//! Time that passes only when everybody waits. It outlives every process.

use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use pos_bridge::ports::Clock;
use tokio::time::Instant;

use crate::dice::Dice;

/// The true time, which is the provider's.
#[derive(Debug, Clone)]
pub(crate) struct Time(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    /// When the running process started, in milliseconds of the true time.
    base: i64,
    started: Option<Instant>,
    /// How wrong this machine's clock is.
    off_by: i64,
    chance: Dice,
}

impl Time {
    pub(crate) fn new(seed: u64) -> Self {
        let state = State { base: 1_795_168_800_000, started: None, off_by: 0, chance: Dice::new(seed, 3) };
        Self(Arc::new(Mutex::new(state)))
    }

    /// A process starts; called within its runtime.
    pub(crate) fn start(&self) {
        self.0.lock().unwrap().started = Some(Instant::now());
    }

    /// The process ends; called within its runtime.
    pub(crate) fn stop(&self) {
        let now = self.now();
        let mut state = self.0.lock().unwrap();
        (state.base, state.started) = (now, None);
    }

    /// In milliseconds.
    pub(crate) fn now(&self) -> i64 {
        let state = self.0.lock().unwrap();
        let passed = state.started.map_or(0, |started| i64::try_from(started.elapsed().as_millis()).unwrap());
        state.base + passed
    }

    /// This machine's clock jumps.
    pub(crate) fn jump(&self, milliseconds: i64) {
        self.0.lock().unwrap().off_by = milliseconds;
    }
}

impl Clock for Time {
    fn now(&self) -> Timestamp {
        let off_by = self.0.lock().unwrap().off_by;
        Timestamp::from_millisecond(Self::now(self) + off_by).unwrap()
    }

    fn chance(&self) -> u128 {
        self.0.lock().unwrap().chance.number()
    }
}
