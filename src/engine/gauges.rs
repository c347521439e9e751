//! What waits for a person, as the gauges of the metrics show it.
//!
//! Counted in the journal again and again: it comes and goes in many places, and a figure that somebody is woken by must
//! not miss one of them.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::sleep;

use super::Engine;

/// Between two counts: more often than anybody reads the figures.
const ROUND: Duration = Duration::from_secs(5);

impl Engine {
    /// Begins to publish how many alarms stand and how many results were given up, until the program stops.
    pub fn publish_gauges(&self) {
        let engine = self.clone();
        self.tasks.spawn(async move {
            let mut shown = BTreeSet::new();
            loop {
                engine.publish_alarms(&mut shown).await;
                engine.publish_undelivered().await;
                if engine.stopping.run_until_cancelled(sleep(ROUND)).await.is_none() {
                    return;
                }
            }
        });
    }

    /// A kind that was `shown` and of which none stands any more is shown as 0.
    async fn publish_alarms(&self, shown: &mut BTreeSet<&'static str>) {
        let Ok(standing) = self.journal.standing_alarms().await else { return };
        let gauge = |kind: &'static str| metrics::gauge!("pos_bridge_alarms_standing", "kind" => kind);
        shown.extend(standing.iter().map(|(kind, _)| kind.name()));
        for &kind in shown.iter() {
            let count = standing.iter().find(|(known, _)| known.name() == kind).map_or(0, |(_, count)| *count);
            gauge(kind).set(count as f64);
        }
    }

    async fn publish_undelivered(&self) {
        if let Ok(pushes) = self.journal.pushes().await {
            metrics::gauge!("pos_bridge_pushes_undelivered").set(pushes.undelivered as f64);
        }
    }
}
