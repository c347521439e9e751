//! What follows from a change of Dintero's ledger.

use std::sync::Arc;
use std::time::Duration;

use super::callbacks;
use super::ledger::Effect;
use crate::simulator::consequence::Consequence;
use crate::simulator::world::World;

impl Consequence for Effect {
    fn wait(&self) -> Duration {
        match self {
            Self::Step { after, .. } | Self::EndRefund { after, .. } | Self::CorrectRefund { after, .. } => *after,
            Self::Notify { .. } => Duration::ZERO,
        }
    }

    fn happen(self, world: &Arc<World>) -> Vec<Self> {
        let now = world.clock.now();
        let mut ledger = world.dintero.ledger();
        match self {
            Self::Step { session_id, position, .. } => ledger.play(&session_id, position, now),
            Self::EndRefund { transaction_id, request_id, .. } => ledger.end_refund(&transaction_id, &request_id, now),
            Self::CorrectRefund { transaction_id, event_id, .. } => {
                ledger.correct_refund(&transaction_id, &event_id, now)
            }
            Self::Notify { session_id, occasion } => {
                drop(ledger);
                callbacks::notify(world, &session_id, &occasion);
                Vec::new()
            }
        }
    }
}
