//! What follows from a change of Dojo's ledger.

use std::sync::Arc;
use std::time::Duration;

use super::ledger::Effect;
use super::webhooks;
use crate::simulator::consequence::Consequence;
use crate::simulator::world::World;

impl Consequence for Effect {
    fn wait(&self) -> Duration {
        match self {
            Self::Step { after, .. }
            | Self::Then { after, .. }
            | Self::Limit { after, .. }
            | Self::AutoExpire { after, .. } => *after,
            Self::Tell { .. } => Duration::ZERO,
        }
    }

    fn happen(self, world: &Arc<World>) -> Vec<Self> {
        let now = world.clock.now();
        let mut ledger = world.dojo.ledger();
        match self {
            Self::Step { session_id, position, .. } => ledger.play(&session_id, position, now),
            Self::Then { session_id, happening, .. } => ledger.happen(&session_id, happening, now),
            Self::Limit { session_id, statuses, .. } => ledger.run_out(&session_id, statuses, now),
            Self::AutoExpire { intent_id, .. } => ledger.auto_expire(&intent_id, now),
            Self::Tell { news } => {
                drop(ledger);
                webhooks::tell(world, &news);
                Vec::new()
            }
        }
    }
}
