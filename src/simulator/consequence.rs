//! What follows from a change: now, or later.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::world::World;

/// Something that a change brings about, of either provider.
pub(crate) trait Consequence: Sized + Send + 'static {
    /// How long from now.
    fn wait(&self) -> Duration;
    /// Does it, and hands back what follows from that.
    fn happen(self, world: &Arc<World>) -> Vec<Self>;
}

impl World {
    /// Does what follows from a change: now where nothing is to be waited for, so that at speed 0 a sale is over when
    /// its create request is answered.
    pub(crate) fn perform<C: Consequence>(self: &Arc<Self>, consequences: Vec<C>) {
        let mut queue = VecDeque::from(consequences);
        while let Some(next) = queue.pop_front() {
            match next.wait() {
                Duration::ZERO => queue.extend(next.happen(self)),
                wait => self.perform_later(next, wait),
            }
        }
    }

    fn perform_later<C: Consequence>(self: &Arc<Self>, next: C, wait: Duration) {
        let world = self.clone();
        self.spawn(async move {
            tokio::time::sleep(wait).await;
            let consequences = next.happen(&world);
            world.perform(consequences);
        });
    }
}
