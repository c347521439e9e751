//! A provider that could not be reached is asked whether it is back: in a quiet hour nothing else would tell.

use tokio::time::sleep;

use super::Engine;

impl Engine {
    /// Until the program stops.
    pub(super) fn watch_for_returns(&self) {
        let engine = self.clone();
        self.tasks.spawn(async move {
            while engine.stopping.run_until_cancelled(sleep(engine.pace.away_pause)).await.is_some() {
                for (name, provider) in engine.providers.iter().filter(|(name, _)| engine.health.is_away(**name)) {
                    // What is still wrong with it was told when it was found.
                    if let Some(Ok(_)) = engine.stopping.run_until_cancelled(provider.check_access()).await {
                        engine.health.note_provider(*name, None);
                    }
                }
            }
        });
    }
}
