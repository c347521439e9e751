//! A shop that is not open yet: the journal may be an old copy that does not know what was paid, so nothing new is taken
//! until the first sweep has told.

use tokio::time::timeout;

use super::begin::{Ask, repeat_rules};
use super::turn::Patience;
use crate::domain::operation::Status;
use crate::domain::repeat::Repeat;
use crate::engine::{Engine, Progress, Refusal};

impl Engine {
    /// New payments wait a little for the recovery after a start, and are refused while it is not done. A till that says
    /// how long it waits is answered by then.
    pub(super) async fn ready_for_money(&self, patience: &Patience) -> Result<(), Refusal> {
        let (usual, wait) = (self.pace.recovery_patience, patience.wait());
        let longest = if wait.is_zero() { usual } else { usual.min(wait) };
        let mut recovered = self.recovered.subscribe();
        let done = tokio::select! {
            biased;
            done = timeout(longest, recovered.wait_for(|recovered| *recovered)) => done.is_ok(),
            () = patience.ended() => false,
        };
        if done && !self.stopping.is_cancelled() { Ok(()) } else { Err(Refusal::NotReady) }
    }

    /// What a till that asks again is told where nothing new can begin, be it that the shop is closed or that the terminal is
    /// not the till's any more: how that stands which it asked for before.
    ///
    /// # Errors
    /// What is `in_the_way` for everything that would be new; [`Refusal::ReferenceConflict`].
    pub(super) async fn known_or(&self, ask: &Ask<'_>, in_the_way: Refusal) -> Result<Progress, Refusal> {
        let Some(reference) = ask.naming.reference() else { return Err(in_the_way) };
        let Ok(known) = self.find(ask.till, ask.kind, reference).await else { return Err(in_the_way) };
        let is_closed = matches!(in_the_way, Refusal::NotReady);
        // Where its provider is gone from the configuration, nobody tells what became of it since.
        if is_closed && self.provider(known.provider).is_err() {
            return Err(in_the_way);
        }
        let replayed = match known.repeat(&ask.asked, repeat_rules(ask.till), self.clock.now()) {
            Repeat::Join => false,
            // What an old copy of the journal calls unpaid may have been paid since.
            Repeat::Replay if known.status() == Status::Approved || !is_closed => true,
            Repeat::Conflict => return Err(Refusal::ReferenceConflict(Box::new(known))),
            Repeat::Replay | Repeat::NewAttempt | Repeat::NewOperation => return Err(in_the_way),
        };
        Ok(Progress { operation: known, waiting: None, replayed, possible_duplicate: false })
    }
}
