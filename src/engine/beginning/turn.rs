//! A terminal that is held: a new operation is refused, waits in line, or has its till's own older sale cancelled first.

use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::begin::{Ask, Beginning, Intent};
use super::lines::LinePlace;
use crate::domain::attempt::{Alarm, AlarmKind, Event};
use crate::domain::directory::Terminal;
use crate::domain::operation::{Operation, Status};
use crate::domain::repeat::KnownBy;
use crate::domain::turn::Turn;
use crate::engine::{Engine, Progress, Refusal};
use crate::ports::Begun;

/// Until the first in a line looks by itself, should nobody have rung.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// How long it is watched what becomes of a superseded sale: longer than any horizon.
const WATCHED: Duration = Duration::from_secs(24 * 3600);

/// How long a till waits for its turn.
#[derive(Debug, Clone)]
pub struct Patience {
    asked_at: Instant,
    wait: Duration,
    gone: CancellationToken,
}

impl Patience {
    /// From now on for so long, unless the till may be `gone` before: what begins in its turn then would begin behind its
    /// back.
    #[must_use]
    pub fn starting_now(wait: Duration, gone: CancellationToken) -> Self {
        Self { asked_at: Instant::now(), wait, gone }
    }

    pub(super) const fn wait(&self) -> Duration {
        self.wait
    }

    /// Returns once the till may be gone.
    pub(super) async fn ended(&self) {
        self.gone.cancelled().await;
    }
}

impl Ask<'_> {
    fn turn(&self, holder: &Operation) -> Turn {
        Turn::of(self.till, self.kind, holder)
    }

    /// Until when the terminal is waited for.
    fn deadline(&self, turn: Turn) -> Instant {
        let Patience { asked_at, wait, .. } = self.patience;
        let longest = match turn {
            Turn::Refused => Duration::ZERO,
            Turn::Queued => (*wait).min(Duration::from_secs(self.till.profile.queue_seconds.into())),
            Turn::Supersedes => *wait,
        };
        *asked_at + longest
    }
}

impl Engine {
    /// Begins what `intent` makes, on the first terminal that is free, or when its turn comes in time. Made anew for each
    /// try, since a session's life begins with the commit and not with the waiting.
    ///
    /// Nothing is on disk while it waits, and the waiting lies in the caller: a till that hangs up loses its place, and
    /// nothing begins behind its back.
    pub(super) async fn begin_in_turn(
        &self,
        ask: &Ask<'_>,
        terminals: &[Terminal],
        intent: impl Fn(&Terminal) -> Result<Intent, Refusal> + Send + Sync,
    ) -> Result<Progress, Refusal> {
        let beginning = match self.begin_on_first_free(terminals, &intent).await? {
            Beginning { begun: Begun::Busy(holder), .. } if ask.turn(&holder) != Turn::Refused => {
                // Boxed: a future that waits is as large as its largest part (docs/performance.md).
                Box::pin(self.wait_for_turn(ask, holder, terminals, &intent)).await?
            }
            beginning => beginning,
        };
        outcome(beginning, ask.naming.known_by())
    }

    async fn wait_for_turn(
        &self,
        ask: &Ask<'_>,
        mut holder: Operation,
        terminals: &[Terminal],
        intent: &(impl Fn(&Terminal) -> Result<Intent, Refusal> + Send + Sync),
    ) -> Result<Beginning, Refusal> {
        let place = self.lines.join(&holder.attempt.order.terminal);
        let mut superseded: Option<Operation> = None;
        loop {
            let turn = ask.turn(&holder);
            if turn == Turn::Supersedes && superseded.as_ref().is_none_or(|older| older.id != holder.id) {
                self.supersede(&holder).await?;
                superseded = Some(holder.clone());
            }
            if !self.turn_comes(&place, ask, turn).await? {
                return Err(Refusal::TerminalBusy(Box::new(holder)));
            }
            if let Some(older) = &superseded
                && !self.is_out_of_the_way(older).await?
            {
                continue;
            }
            match self.begin_on_first_free(terminals, intent).await? {
                Beginning { begun: Begun::Busy(next), .. } => holder = next,
                beginning => return Ok(beginning),
            }
        }
    }

    /// Whether the terminal may be free while the till waits, and nobody else was here before.
    async fn turn_comes(&self, place: &LinePlace, ask: &Ask<'_>, turn: Turn) -> Result<bool, Refusal> {
        tokio::select! {
            biased;
            () = self.stopping.cancelled() => Err(Refusal::NotReady),
            // Before the turn: whoever was to be answered by now begins nothing any more.
            () = ask.patience.ended() => Ok(false),
            () = sleep_until(ask.deadline(turn)) => Ok(false),
            () = place.turn() => Ok(true),
            () = sleep(LOOK_AGAIN), if place.is_first() => Ok(true),
        }
    }

    /// Wants a till's own older sale stopped for a new one. Whether that succeeds is only known from the provider.
    async fn supersede(&self, older: &Operation) -> Result<(), Refusal> {
        if older.attempt.cancel_wanted {
            return Ok(());
        }
        tracing::info!(operation = %older.id, till = %older.till, reference = older.reference.as_str(), "superseded");
        let (engine, older) = (self.clone(), older.clone());
        // In a task of its own: its till has turned to the next sale, and may hang up before this one is decided.
        let superseding = self.tasks.spawn(async move {
            engine.record_and_wake(older.attempt.order.reference, Event::CancelWanted).await?;
            let watching = engine.clone();
            engine.tasks.spawn(async move { watching.watch_superseded(&older).await });
            Ok(())
        });
        superseding.await.unwrap_or_else(|failure| Err(Refusal::StorageUnavailable(failure.to_string())))
    }

    /// A superseded sale that was paid all the same stands in `pos-bridge alarms` until somebody has seen it: nobody waits
    /// for its result any more.
    pub(in crate::engine) async fn watch_superseded(&self, older: &Operation) {
        let Ok(settled) = self.settled(older, None, WATCHED).await else { return };
        if settled.status() != Status::Approved {
            return;
        }
        let text = format!(
            "sale {} of till {} was paid although the till had gone on to a new one; give the goods or refund it",
            older.reference, older.till,
        );
        // A journal that fails is told by whatever is written next; the till's own list shows the sale as well.
        let _ = self.raise(older.id, Alarm { kind: AlarmKind::LateApproval, text }).await;
    }

    /// The customer paid the older sale in the last moment. The new one may be the same basket, rung up once more by a
    /// cashier who thought that the first had failed: to begin it now could charge that customer twice. So the till
    /// hears of the older sale first, as what stands in the way; when it asks again after that has reached it, the new
    /// sale begins. Where the call that superseded is over before, the begin step looks for itself.
    ///
    /// `false` while it is open what becomes of the older one.
    async fn is_out_of_the_way(&self, older: &Operation) -> Result<bool, Refusal> {
        let read = self.health.journal(self.journal.operation(older.id).await)?;
        match read {
            Some(older) if older.status() == Status::Approved => Err(Refusal::OlderSalePaid(Box::new(older))),
            Some(older) => Ok(!older.attempt.phase.is_live()),
            None => Ok(true),
        }
    }
}

/// What the till gets.
fn outcome(beginning: Beginning, known_by: KnownBy) -> Result<Progress, Refusal> {
    let Beginning { begun, waiting } = beginning;
    let looks_alike = known_by == KnownBy::Content;
    let progress =
        |operation, replayed, possible_duplicate| Ok(Progress { operation, waiting, replayed, possible_duplicate });
    match begun {
        Begun::New(operation) => {
            let possible_duplicate = looks_alike && operation.attempt.number > 1;
            progress(operation, false, possible_duplicate)
        }
        Begun::Joined(operation) => progress(operation, false, looks_alike),
        Begun::Replayed(operation) => progress(operation, true, looks_alike),
        Begun::Conflict(operation) => Err(Refusal::ReferenceConflict(Box::new(operation))),
        Begun::OlderPaid(older) => Err(Refusal::OlderSalePaid(Box::new(older))),
        Begun::Busy(holder) => Err(Refusal::TerminalBusy(Box::new(holder))),
        Begun::Frozen(why) => Err(Refusal::TerminalFrozen(why)),
        Begun::NotRefundable(why) => Err(Refusal::NotRefundable(why)),
    }
}
