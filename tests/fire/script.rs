//! What is under way when something strikes.

use std::fmt;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::provider::Ledger;
use crate::world::{Side, World};
use crate::{old_journal, rest};

const PATIENCE: Duration = Duration::from_secs(5);
/// Nothing happens until it expires, or is cancelled.
const WAITS_FOR_CARD: i64 = 990_104;

/// What happens in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Sale,
    Refund,
    Cancel,
    /// A start on a journal in which a sale and a refund are open.
    Recovery,
    /// A start on a journal of the first version.
    Migration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Script {
    act: Act,
    side: Side,
}

impl fmt::Display for Script {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?} at {:?}", self.act, self.side)
    }
}

impl Script {
    /// Each at either provider, one after the other.
    pub(crate) fn all() -> Vec<Self> {
        let acts = [Act::Sale, Act::Refund, Act::Cancel, Act::Recovery];
        let at_both = acts.into_iter().flat_map(|act| Side::BOTH.map(|side| Self { act, side }));
        // The first version knew nothing of Dojo.
        at_both.chain([Self { act: Act::Migration, side: Side::Dintero }]).collect()
    }

    pub(crate) fn open_world(self, seed: u64) -> World {
        self.side.open(seed)
    }

    pub(crate) fn is_recovery(self) -> bool {
        self.act == Act::Recovery
    }

    /// Whether the start itself is what is tried.
    pub(crate) fn is_start(self) -> bool {
        matches!(self.act, Act::Recovery | Act::Migration)
    }

    /// Everything up to the interesting moment; the bridge runs afterwards, unless its start is what is tried.
    pub(crate) async fn prepare(self, world: &mut World) -> Result<(), Vec<String>> {
        rest::start_in_peace(&mut world.shop).await?;
        match self.act {
            Act::Refund => drop(world.first.pay("S-1", 39_900, 2).await),
            Act::Recovery => leave_work_undone(world, self.side).await,
            Act::Migration => {
                world.first.pay("S-1", 39_900, 2).await;
                world.first.refund("B-1", "S-1", 5_000, 2).await;
                world.shop.stop().await;
                old_journal::turn_back(&world.shop.database()).await;
            }
            Act::Sale | Act::Cancel => {}
        }
        Ok(())
    }

    pub(crate) async fn perform(self, world: &mut World) {
        match self.act {
            Act::Sale => drop(world.first.pay("S-1", 39_900, 2).await),
            Act::Refund => drop(world.first.refund("B-1", "S-1", 5_000, 2).await),
            Act::Cancel => {
                world.first.pay("S-1", WAITS_FOR_CARD, 0).await;
                world.first.cancel("S-1").await;
            }
            Act::Recovery => {
                let begun = Instant::now();
                while world.shop.comes_up(PATIENCE).await && begun.elapsed() < PATIENCE {
                    let sale = world.second.look("sale", "S-2").await;
                    if world.first.look("refund", "B-1").await && sale {
                        break;
                    }
                }
            }
            Act::Migration => drop(world.shop.comes_up(PATIENCE).await),
        }
    }

    /// The tills do not know that anything happened, and ask again.
    pub(crate) async fn ask_again(self, world: &mut World) {
        match self.act {
            Act::Sale | Act::Migration => drop(world.first.pay("S-1", 39_900, 2).await),
            Act::Refund => drop(world.first.refund("B-1", "S-1", 5_000, 2).await),
            Act::Cancel => drop(world.first.look("sale", "S-1").await),
            Act::Recovery => {
                world.second.pay("S-2", 20_000, 1).await;
                world.first.refund("B-1", "S-1", 5_000, 1).await;
            }
        }
    }
}

/// Killed when the provider has a sale and a refund whose answers the bridge has not heard.
async fn leave_work_undone(world: &mut World, side: Side) {
    world.first.pay("S-1", 39_900, 2).await;
    let calls = match side {
        Side::Dintero => ["create_session", "refund"],
        Side::Dojo => ["create_terminal_session", "refund_intent"],
    };
    let slow = calls.map(|call| json!({ "call": call, "fault": { "delay": 300 }, "when": "after", "per_mille": 1000 }));
    world.provider.set_faults(&json!(slow)).await;
    world.second.pay("S-2", 20_000, 0).await;
    world.first.refund("B-1", "S-1", 5_000, 0).await;
    let begun = Instant::now();
    while !has_both(&world.provider.ledger().await, side) && begun.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    world.shop.kill();
    world.provider.set_faults(&json!([])).await;
}

/// Whether the second sale and the refund have arrived.
fn has_both(ledger: &Ledger, side: Side) -> bool {
    let (sales, refunds) = match side {
        Side::Dintero => (&ledger.create_requests, &ledger.refund_requests),
        Side::Dojo => (&ledger.dojo.session_requests, &ledger.dojo.refund_requests),
    };
    sales.len() == 2 && refunds.len() == 1
}
