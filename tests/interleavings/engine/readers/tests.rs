//! Who reads an attempt, and who wants it read.

use shuttle::future::{block_on, spawn};
use shuttle::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::domain::attempt::Phase;
use crate::{in_every_order, is_found};

/// The provider's record is decided with this much news.
const DECIDED: usize = 2;

#[derive(Default)]
struct Provider {
    readers: Readers,
    record: AtomicUsize,
    reading: AtomicUsize,
    decided: AtomicUsize,
}

impl Provider {
    /// Reads until it is decided, as whoever drives an attempt does.
    async fn follow(&self, operation: &Operation) {
        let Some(right) = self.readers.claim(operation.attempt.order.reference, operation) else { return };
        assert_eq!(self.reading.fetch_add(1, Ordering::SeqCst), 0, "two read it at once");
        while self.record.load(Ordering::SeqCst) < DECIDED {
            right.woken().await;
        }
        self.decided.fetch_add(1, Ordering::SeqCst);
        self.reading.fetch_sub(1, Ordering::SeqCst);
        drop(right);
    }

    /// A callback: has it read by whoever reads it, else by itself.
    async fn call_back(&self, operation: &Operation, wakes: bool) {
        self.record.fetch_add(1, Ordering::SeqCst);
        if wakes && !self.readers.wake(operation.attempt.order.reference) {
            self.follow(operation).await;
        }
    }
}

fn news_comes(wakes: bool) {
    let (provider, operation) = (Arc::new(Provider::default()), crate::domain::specimen::operation(Phase::Sending));
    let operation = Arc::new(operation);
    let mut tasks = Vec::new();
    for _ in 0..2 {
        let (provider, operation) = (provider.clone(), operation.clone());
        tasks.push(spawn(async move { provider.follow(&operation).await }));
    }
    for _ in 0..DECIDED {
        let (provider, operation) = (provider.clone(), operation.clone());
        tasks.push(spawn(async move { provider.call_back(&operation, wakes).await }));
    }
    for task in tasks {
        block_on(task).unwrap();
    }
    assert!(provider.decided.load(Ordering::SeqCst) > 0, "nobody read that it is decided");
    assert!(provider.readers.is_idle());
}

#[test]
fn news_is_read_by_one_and_never_missed() {
    in_every_order(|| news_comes(true));
}

#[test]
fn news_that_wakes_nobody_is_found() {
    is_found(|| news_comes(false));
}
