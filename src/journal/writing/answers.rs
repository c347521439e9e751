//! Answers to steps that are on disk, held back until the next batch is about to sync.
//!
//! In a rush every caller waits for the disk, and all that one commit lets go would fight with the writer for the
//! processors while the next batch, which is there already, waits. So the writer prepares that batch first, and the callers
//! go on while the disk works.

use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::step::Command;

/// A disk that is quicker leaves no time in which to do anything else.
const SLOW: Duration = Duration::from_millis(1);
/// How long an answer is held back at most: preparing a batch can take long where another program holds the database.
const HELD_MAX: Duration = Duration::from_millis(10);

/// Steps whose callers have not heard yet that they are on disk.
pub(super) struct Answers {
    committed: Vec<Box<dyn Command>>,
    until: Instant,
    disk_is_slow: bool,
}

impl Answers {
    /// None, on a disk that is not known yet.
    pub(super) fn new() -> Self {
        Self { committed: Vec::new(), until: Instant::now(), disk_is_slow: false }
    }

    /// Learns how long the last commit took, which is mostly the disk's time where it is long.
    pub(super) fn commit_took(&mut self, took: Duration) {
        self.disk_is_slow = took >= SLOW;
    }

    /// Takes the steps of a batch that is on disk; where the disk is quick, their callers are answered at once.
    pub(super) fn hold(&mut self, batch: &mut Vec<Box<dyn Command>>) {
        self.committed.append(batch);
        self.until = Instant::now() + HELD_MAX;
        if !self.disk_is_slow {
            self.give();
        }
    }

    /// Answers every caller.
    pub(super) fn give(&mut self) {
        for command in self.committed.drain(..) {
            command.answer(&Ok(()));
        }
    }

    /// Answers every caller when some work is done, or meanwhile where it takes too long.
    pub(super) async fn give_after(&mut self, work: impl Future<Output = ()>) {
        let mut work = pin!(work);
        tokio::select! {
            biased;
            () = &mut work => return self.give(),
            () = sleep_until(self.until), if !self.committed.is_empty() => self.give(),
        }
        work.await;
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use tokio::sync::oneshot;
    use tokio::time::sleep;

    use super::*;
    use crate::journal::error::Result;
    use crate::journal::writing::step::{Pending, Step};
    use crate::journal::writing::transaction::{Transaction, Writes};

    struct Nothing;

    #[async_trait]
    impl Step for Nothing {
        type Outcome = ();

        async fn decide(self, _: &mut Transaction<'_>) -> Result<(Writes, ())> {
            Ok((Writes::default(), ()))
        }
    }

    type Answer = oneshot::Receiver<Result<()>>;

    fn held(disk_took: Duration) -> (Answers, Answer) {
        let (reply, answer) = oneshot::channel();
        let mut answers = Answers::new();
        answers.commit_took(disk_took);
        answers.hold(&mut vec![Box::new(Pending::new(Nothing, reply))]);
        (answers, answer)
    }

    #[tokio::test]
    async fn on_a_slow_disk_the_next_batch_is_prepared_first() {
        let (mut answers, mut answer) = held(SLOW);
        answers.give_after(async { assert!(answer.try_recv().is_err(), "it was answered before") }).await;
        assert!(answer.try_recv().is_ok());
    }

    #[tokio::test]
    async fn on_a_quick_disk_nobody_waits_for_the_next_batch() {
        let (_answers, mut answer) = held(SLOW - Duration::from_nanos(1));
        assert!(answer.try_recv().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_long_for_a_batch_that_takes_its_time() {
        let (mut answers, mut answer) = held(SLOW);
        let preparing = async {
            sleep(HELD_MAX - Duration::from_millis(1)).await;
            assert!(answer.try_recv().is_err(), "it was answered early");
            sleep(Duration::from_millis(2)).await;
            assert!(answer.try_recv().is_ok(), "it was not answered in time");
            sleep(HELD_MAX * 100).await;
        };
        answers.give_after(preparing).await;
    }
}
