//! Results are pushed to the tills that want them so, from the outbox, each till by a task of its own.
//!
//! One result at a time goes to a till, and a till that is not reached rests before the next one, so that neither the till
//! nor the journal is kept busy by what cannot be delivered. What a till refuses is tried again later, and holds up only what
//! comes after it of its own operation. What is sent is the operation as it is then. Whatever changed since stands behind it
//! in the outbox as a message of its own, so a till may ignore a message that it had before.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rand::RngExt;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::domain::directory::Till;
use crate::engine::{Engine, Refusal};
use crate::ports::{JournalError, NotPushed, OutboxEntry};

/// How many tills are pushed to at once.
pub(in crate::engine) const DELIVERIES: usize = 32;
/// A result is given up when a try fails after it was tried for so long.
const GIVEN_UP_AFTER: SignedDuration = SignedDuration::from_hours(24);
/// The longest that the first pause may be; each further one may be twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause between two tries of one result.
const PAUSE_MAX: Duration = Duration::from_secs(15 * 60);
/// The longest rest of a till that is not reached.
const REST_MAX: Duration = Duration::from_secs(60);

/// What became of a try.
enum Tried {
    /// The next result may go.
    Done,
    /// The till answered that it does not take this one. The next may go, and not at once: it may refuse all of them.
    Refused,
    /// The till was not reached, or the journal does not work: both need a rest.
    Failed,
    /// The program stops.
    Stopped,
}

impl Engine {
    /// Begins to push: what is left from before, and what comes.
    pub(in crate::engine) fn relay_results(&self) {
        let pushed_to = self.directory.tills.iter().filter(|till| till.profile.push.is_some());
        for till in pushed_to.cloned() {
            let Some(news) = self.bells.listen(&till.id) else { continue };
            let engine = self.clone();
            self.tasks.spawn(async move {
                while !engine.stopping.is_cancelled() {
                    let (worker, till, news) = (engine.clone(), till.clone(), news.clone());
                    let relaying = engine.tasks.spawn(async move { worker.relay_to(&till, news).await });
                    if let Err(failure) = relaying.await {
                        tracing::error!(%failure, "pushing failed; it begins again");
                        engine.rest_for(REST_MAX).await;
                    }
                }
            });
        }
        let engine = self.clone();
        self.tasks.spawn(async move { engine.health.journal(engine.journal.give_up_unwanted().await) });
    }

    async fn relay_to(&self, till: &Till, mut news: watch::Receiver<()>) {
        let mut failures = 0;
        loop {
            // Heard before the outbox is read: what comes in between rings once more.
            news.mark_unchanged();
            let tried = match self.health.journal(self.journal.next_push(&till.id).await) {
                Ok(next) => match self.until_due(next.as_ref()) {
                    (Some(push), Duration::ZERO) => self.try_push(till, push).await.unwrap_or(Tried::Failed),
                    (_, wait) => self.listen(&mut news, wait).await,
                },
                Err(_) => Tried::Failed,
            };
            match tried {
                Tried::Done => failures = 0,
                Tried::Refused => {
                    failures = 0;
                    self.rest_for(jittered(1, FIRST_PAUSE)).await;
                }
                Tried::Failed => {
                    failures += 1;
                    self.rest_for(jittered(failures, REST_MAX)).await;
                }
                Tried::Stopped => return,
            }
            if self.stopping.is_cancelled() {
                return;
            }
        }
    }

    /// How long to wait for the next one. One that was never tried is due, and so is one that is further away than any pause
    /// can be: it was postponed by a clock that was wrong.
    fn until_due<'a>(&self, next: Option<&'a OutboxEntry>) -> (Option<&'a OutboxEntry>, Duration) {
        let Some((push, due_at)) = next.and_then(|push| Some((push, push.due_at?))) else { return (None, PAUSE_MAX) };
        let wait = Duration::try_from(due_at.duration_since(self.clock.now())).unwrap_or_default();
        (next, if push.tries == 0 || wait > PAUSE_MAX { Duration::ZERO } else { wait })
    }

    async fn listen(&self, news: &mut watch::Receiver<()>, wait: Duration) -> Tried {
        // An end of the time, or of the bells, is as good as a ring: the outbox is read again.
        match self.stopping.run_until_cancelled(timeout(wait, news.changed())).await {
            Some(_) => Tried::Done,
            None => Tried::Stopped,
        }
    }

    async fn try_push(&self, till: &Till, push: &OutboxEntry) -> Result<Tried, Refusal> {
        let read = match self.journal.operation(push.operation).await {
            Err(error @ JournalError::Corrupt(_)) => {
                let (till, operation) = (&push.till, push.operation);
                tracing::error!(%till, %operation, %error, "a result cannot be read, and is not pushed");
                self.postpone(push, &error.to_string(), self.clock.now()).await?;
                return Ok(Tried::Done);
            }
            read => self.health.journal(read)?,
        };
        let Some(operation) = read.filter(|operation| operation.status().is_final()) else {
            // It is under way again; its next result is a message of its own.
            self.health.journal(self.journal.pushed(push, None, self.clock.now()).await)?;
            return Ok(Tried::Done);
        };
        let message = push.message_id();
        let sending = async {
            let _place = self.deliveries.acquire().await;
            self.pusher.push(till, &message, &operation, self.clock.now()).await
        };
        let Some(sent) = self.stopping.run_until_cancelled(sending).await else { return Ok(Tried::Stopped) };
        let now = self.clock.now();
        match sent {
            Ok(()) => {
                counted("delivered");
                let told = Some((operation.attempt.number, operation.status()));
                self.health.journal(self.journal.pushed(push, told, now).await)?;
                Ok(Tried::Done)
            }
            Err(NotPushed::Refused(why)) => {
                self.postpone(push, &why, now).await?;
                Ok(Tried::Refused)
            }
            Err(NotPushed::Unreached(why)) => {
                self.postpone(push, &why, now).await?;
                Ok(Tried::Failed)
            }
        }
    }

    async fn postpone(&self, push: &OutboxEntry, why: &str, now: Timestamp) -> Result<(), Refusal> {
        let tries = push.tries.saturating_add(1);
        let running = SignedDuration::try_from(self.started.elapsed()).unwrap_or(SignedDuration::MAX);
        let since = tried_since(push, now.saturating_sub(running).unwrap_or(Timestamp::MIN), now);
        let due_at = (now.duration_since(since) < GIVEN_UP_AFTER).then(|| later(now, jittered(tries, PAUSE_MAX)));
        let push = &OutboxEntry { since, ..push.clone() };
        self.health.journal(self.journal.not_pushed(push, why, due_at, now).await)?;
        let (till, operation) = (&push.till, push.operation);
        if due_at.is_some() {
            counted("failed");
            tracing::debug!(%till, %operation, tries, why, "a result could not be pushed yet");
        } else {
            counted("undelivered");
            tracing::warn!(
                %till, %operation, tries, why,
                "a result was not taken for a day and is given up; see `pos-bridge pushes`"
            );
        }
        Ok(())
    }

    async fn rest_for(&self, rest: Duration) {
        self.stopping.run_until_cancelled(sleep(rest)).await;
    }
}

fn counted(result: &'static str) {
    metrics::counter!("pos_bridge_pushes_total", "result" => result).increment(1);
}

/// Any time up to a limit that doubles with each failure ("full jitter"), so that what failed together does not come
/// back together.
fn jittered(failures: u32, longest: Duration) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(20));
    let limit = u64::try_from(doubled.min(longest).as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(rand::rng().random_range(0..=limit))
}

/// Since when a result is tried. While it was due and the bridge was off, nobody tried it.
fn tried_since(push: &OutboxEntry, started_at: Timestamp, now: Timestamp) -> Timestamp {
    let off = push.due_at.map_or(SignedDuration::ZERO, |due_at| started_at.duration_since(due_at));
    push.since.saturating_add(off.max(SignedDuration::ZERO)).unwrap_or(now).min(now)
}

fn later(now: Timestamp, pause: Duration) -> Timestamp {
    let pause = SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX);
    now.saturating_add(pause).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use ulid::Ulid;

    use super::*;
    use crate::domain::identifiers::{OperationId, TillId};

    #[test]
    fn the_time_in_which_the_bridge_was_off_does_not_count() {
        let hour = |hour: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1000 + hour);
        let since = |due: i64, started: i64, now: i64| {
            let push = OutboxEntry {
                number: 1,
                till: TillId::new("till-1").unwrap(),
                operation: OperationId(Ulid::nil()),
                tries: 3,
                since: hour(0),
                due_at: Some(hour(due)),
                last_error: None,
            };
            tried_since(&push, hour(started), hour(now))
        };
        assert_eq!(since(10, 5, 20), hour(0), "it was on, however late the try is");
        assert_eq!(since(10, 40, 40), hour(30), "off from the tenth hour to the fortieth");
        assert_eq!(since(-500, 40, 40), hour(40), "a clock that was wrong when it was postponed");
        assert_eq!(since(10, -20, -10), hour(-10), "not since a moment that is still to come");
    }

    #[test]
    fn pauses_grow_to_their_limit_and_never_beyond() {
        for failures in 0..100_u32 {
            let limit = FIRST_PAUSE * (1 << failures.saturating_sub(1).min(12));
            for _ in 0..50 {
                let pause = jittered(failures, PAUSE_MAX);
                assert!(pause <= limit.min(PAUSE_MAX), "{failures}: {pause:?}");
            }
        }
        let longest = (0..200).map(|_| jittered(90, PAUSE_MAX)).max().unwrap();
        assert!(longest > PAUSE_MAX / 2, "{longest:?}");
    }
}
