//! What is under way when something strikes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::provider::Ledger;
use crate::world::World;
use crate::{old_journal, rest};

const PATIENCE: Duration = Duration::from_secs(5);
/// Nothing happens until it expires, or is cancelled.
const WAITS_FOR_CARD: i64 = 990_104;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Script {
    Sale,
    Refund,
    Cancel,
    /// A start on a journal in which a sale and a refund are open.
    Recovery,
    /// A start on a journal of the first version.
    Migration,
}

impl Script {
    pub(crate) const ALL: [Self; 5] = [Self::Sale, Self::Refund, Self::Cancel, Self::Recovery, Self::Migration];

    /// Whether the start itself is what is tried.
    pub(crate) fn is_start(self) -> bool {
        matches!(self, Self::Recovery | Self::Migration)
    }

    /// Everything up to the interesting moment; the bridge runs afterwards, unless its start is what is tried.
    pub(crate) async fn prepare(self, world: &mut World) -> Result<(), Vec<String>> {
        rest::start_in_peace(&mut world.shop).await?;
        match self {
            Self::Refund => drop(world.first.pay("S-1", 39_900, 2).await),
            Self::Recovery => leave_work_undone(world).await,
            Self::Migration => {
                world.first.pay("S-1", 39_900, 2).await;
                world.first.refund("B-1", "S-1", 5_000, 2).await;
                world.shop.stop().await;
                old_journal::turn_back(&world.shop.database()).await;
            }
            Self::Sale | Self::Cancel => {}
        }
        Ok(())
    }

    pub(crate) async fn perform(self, world: &mut World) {
        match self {
            Self::Sale => drop(world.first.pay("S-1", 39_900, 2).await),
            Self::Refund => drop(world.first.refund("B-1", "S-1", 5_000, 2).await),
            Self::Cancel => {
                world.first.pay("S-1", WAITS_FOR_CARD, 0).await;
                world.first.cancel("S-1").await;
            }
            Self::Recovery => {
                let begun = Instant::now();
                while world.shop.comes_up(PATIENCE).await && begun.elapsed() < PATIENCE {
                    let sale = world.second.look("sale", "S-2").await;
                    if world.first.look("refund", "B-1").await && sale {
                        break;
                    }
                }
            }
            Self::Migration => drop(world.shop.comes_up(PATIENCE).await),
        }
    }

    /// The tills do not know that anything happened, and ask again.
    pub(crate) async fn ask_again(self, world: &mut World) {
        match self {
            Self::Sale | Self::Migration => drop(world.first.pay("S-1", 39_900, 2).await),
            Self::Refund => drop(world.first.refund("B-1", "S-1", 5_000, 2).await),
            Self::Cancel => drop(world.first.look("sale", "S-1").await),
            Self::Recovery => {
                world.second.pay("S-2", 20_000, 1).await;
                world.first.refund("B-1", "S-1", 5_000, 1).await;
            }
        }
    }
}

/// Killed when the provider has a sale and a refund whose answers the bridge has not heard.
async fn leave_work_undone(world: &mut World) {
    world.first.pay("S-1", 39_900, 2).await;
    let slow = json!([
        { "call": "create_session", "fault": { "delay": 300 }, "when": "after", "per_mille": 1000 },
        { "call": "refund", "fault": { "delay": 300 }, "when": "after", "per_mille": 1000 },
    ]);
    world.provider.set_faults(&slow).await;
    world.second.pay("S-2", 20_000, 0).await;
    world.first.refund("B-1", "S-1", 5_000, 0).await;
    let count = |seen: &BTreeMap<String, u64>| seen.len();
    let both = |ledger: &Ledger| count(&ledger.create_requests) == 2 && count(&ledger.refund_requests) == 1;
    let begun = Instant::now();
    while !both(&world.provider.ledger().await) && begun.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    world.shop.kill();
    world.provider.set_faults(&json!([])).await;
}
