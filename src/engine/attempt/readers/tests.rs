use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::domain::attempt::Phase;
use crate::domain::specimen;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_attempt_is_read_by_one_at_a_time_and_whoever_lets_go_makes_room() {
    let (readers, reading, read) = (Readers::default(), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let operation = specimen::operation(Phase::Sending);
    let attempt = operation.attempt.order.reference;
    let tasks = (0..100).map(|_| {
        let (readers, reading, read) = (readers.clone(), reading.clone(), read.clone());
        let operation = operation.clone();
        tokio::spawn(async move {
            while read.load(Ordering::SeqCst) < 1000 {
                let Some(right) = readers.claim(attempt, &operation) else {
                    tokio::task::yield_now().await;
                    continue;
                };
                assert_eq!(reading.fetch_add(1, Ordering::SeqCst), 0, "two read it at once");
                assert!(readers.wake(attempt));
                right.woken().await;
                read.fetch_add(1, Ordering::SeqCst);
                reading.fetch_sub(1, Ordering::SeqCst);
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    assert!(readers.is_idle());
}
