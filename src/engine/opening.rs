//! A shop that is not open yet: the journal may be an old copy that does not know what was paid, so nothing new is taken
//! until the first sweep has told.

use tokio::time::timeout;

use super::begin::repeat_rules;
use super::turn::Patience;
use super::{Engine, Progress, Refusal};
use crate::domain::attempt::Kind;
use crate::domain::directory::Till;
use crate::domain::operation::{Operation, Status};
use crate::domain::repeat::{Fingerprint, Repeat};
use crate::domain::request::Naming;

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
        if done && !self.stopping.is_cancelled() { Ok(()) } else { Err(Refusal::ShuttingDown) }
    }

    /// What a till that asks again is told while nothing new is taken: that it is paid, or that it is under way. What an old
    /// copy calls unpaid may have been paid since.
    ///
    /// # Errors
    /// [`Refusal::ShuttingDown`] for everything else; [`Refusal::ReferenceConflict`].
    pub(super) async fn known_before_opening(
        &self,
        till: &Till,
        kind: Kind,
        naming: &Naming,
        asked: &Fingerprint,
    ) -> Result<Progress, Refusal> {
        let reference = naming.reference().ok_or(Refusal::ShuttingDown)?;
        let known = self.health.journal(self.journal.find(&till.id, kind, reference).await).ok().flatten();
        let known = known.filter(|known| self.is_of_this_environment(known)).ok_or(Refusal::ShuttingDown)?;
        let replayed = match known.repeat(asked, repeat_rules(till), self.clock.now()) {
            Repeat::Join => false,
            Repeat::Replay if known.status() == Status::Approved => true,
            Repeat::Conflict => return Err(Refusal::ReferenceConflict(Box::new(known))),
            Repeat::Replay | Repeat::NewAttempt | Repeat::NewOperation => return Err(Refusal::ShuttingDown),
        };
        Ok(Progress { operation: known, waiting: None, replayed, possible_duplicate: false })
    }

    fn is_of_this_environment(&self, known: &Operation) -> bool {
        self.provider(known.provider).is_ok_and(|provider| !known.is_of_other_environment(provider.is_sandbox()))
    }
}
