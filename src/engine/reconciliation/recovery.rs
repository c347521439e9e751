//! The program starts: what was open when it stopped is read before anything new is taken. Nothing is sent again.

use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::domain::attempt::{Alarm, AlarmKind, Attempt, Event, Kind};
use crate::domain::operation::Operation;
use crate::engine::{Engine, Refusal};

impl Engine {
    /// Writes what a stop in the middle means for every live attempt, and starts reading them. New payments are taken
    /// once the first sweep has told that the journal holds every payment the provider knows, so that a restored backup
    /// cannot sell anything twice.
    ///
    /// # Errors
    /// [`Refusal::StorageUnavailable`] when the journal does not work; the program must not go on then.
    pub async fn recover(&self) -> Result<(), Refusal> {
        let live = self.health.journal(self.journal.live().await)?;
        let (looking, mut all_looked) = mpsc::channel::<()>(1);
        let (sweeping, mut swept) = mpsc::channel::<()>(1);
        for (operation, attempt) in live {
            let attempt = self.health.journal(self.record(attempt.order.reference, Event::Interrupted).await)?;
            if attempt.phase.is_live() && self.provider(operation.provider).is_err() {
                self.raise_without_provider(&operation, &attempt).await?;
            } else if attempt.phase.is_live() {
                self.watch_again(&operation, attempt.cancel_wanted);
                let looking = looking.clone();
                self.drive_old(operation, attempt, move || drop(looking));
            }
        }
        drop(looking);
        self.sweep_regularly(sweeping);
        self.relay_results();
        self.watch_for_returns();
        let engine = self.clone();
        self.tasks.spawn(async move {
            // A channel ends when everybody has let go of it, which is what is waited for.
            if engine.stopping.run_until_cancelled(swept.recv()).await.is_none() {
                return;
            }
            // What was open holds its terminal, so nothing can go wrong there while its reading takes longer.
            if timeout(engine.pace.recovery_patience, all_looked.recv()).await.is_err() {
                tracing::warn!("the provider did not tell in time what became of everything that was open");
            }
            engine.recovered.send_replace(true);
            tracing::info!("ready");
        });
        Ok(())
    }

    /// A till that supersedes may have gone on from a sale that was to be stopped: that it was paid must still be loud.
    fn watch_again(&self, operation: &Operation, cancel_wanted: bool) {
        let supersedes = self.directory.till(&operation.till).is_some_and(|till| till.profile.supersede);
        if supersedes && cancel_wanted && operation.kind == Kind::Sale {
            let (engine, operation) = (self.clone(), operation.clone());
            self.tasks.spawn(async move { engine.watch_superseded(&operation).await });
        }
    }

    /// Nobody can be asked any more what became of it.
    async fn raise_without_provider(&self, operation: &Operation, attempt: &Attempt) -> Result<(), Refusal> {
        let (kind, money, provider) = (attempt.kind.name(), attempt.order.money, operation.provider.name());
        let text = format!(
            "{kind} of {money}: the configuration has no [{provider}] any more, so nobody can read what became of this; put \
             it back, or look at the terminal's receipt and decide with `pos-bridge resolve`"
        );
        self.raise(operation.id, Alarm { kind: AlarmKind::Unreadable, text }).await
    }
}
