//! What a till does so that one certain call is made.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::call::Call;
use super::lane::Lane;
use super::table::Cell;
use crate::caller::Caller;

const PATIENCE: Duration = Duration::from_secs(5);
/// Nobody brings a card: it waits until it expires, or is cancelled.
const NO_CARD: i64 = 990_104;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scene {
    Sale,
    /// The first answer is lost, so the sale is looked for.
    LostSale,
    /// The token is refused, so a new one is wanted.
    FreshToken,
    /// The machine is in use, so the payment is let go.
    MachineInUse,
    Cancel,
    Refund,
    /// Killed while a sale is under way, and started again.
    Recovery,
    /// Killed while nothing is under way, and started again: nothing has told it the provider's time.
    Start,
}

fn scene_of(call: Call) -> Scene {
    match call {
        Call::CreateSession
        | Call::ReadSession
        | Call::ReadTransaction
        | Call::CreateIntent
        | Call::ReadIntent
        | Call::CreateTerminalSession
        | Call::ReadTerminalSession => Scene::Sale,
        Call::ListSessions => Scene::LostSale,
        Call::Token => Scene::FreshToken,
        Call::CancelIntent => Scene::MachineInUse,
        Call::CancelSession | Call::CancelTerminalSession => Scene::Cancel,
        Call::Refund | Call::RefundIntent => Scene::Refund,
        Call::ListTransactions | Call::SearchIntents | Call::ReadTerminal => Scene::Recovery,
        Call::ListTerminals => Scene::Start,
    }
}

/// Everything up to the call that is struck, and what the till hears of it.
pub(super) async fn perform(lane: &mut Lane, cell: &Cell, name: &str) -> Result<(), Vec<String>> {
    let scene = scene_of(cell.call);
    let amount = if scene == Scene::Cancel { NO_CARD } else { 39_900 };
    match scene {
        Scene::Sale | Scene::LostSale | Scene::FreshToken | Scene::MachineInUse => {
            lane.strike(cell, trouble(scene).as_slice()).await;
            lane.till(cell.call).pay(name, amount, 1).await;
        }
        Scene::Cancel => {
            lane.till(cell.call).pay(name, amount, 0).await;
            lane.strike(cell, &[]).await;
            lane.till(cell.call).cancel(name).await;
        }
        Scene::Refund => {
            lane.till(cell.call).pay(name, amount, 2).await;
            lane.strike(cell, &[]).await;
            lane.till(cell.call).refund(&refund_of(name), name, 5_000, 1).await;
        }
        Scene::Recovery => {
            leave_undone(lane, cell.call, name, amount).await;
            start(lane, cell, name).await?;
        }
        Scene::Start => {
            lane.till(cell.call).pay(name, amount, 2).await;
            start(lane, cell, name).await?;
        }
    }
    Ok(())
}

/// What else goes wrong, so that the call is made.
fn trouble(scene: Scene) -> Option<Value> {
    match scene {
        Scene::LostSale => Some(json!({ "call": "create_session", "fault": "lose_reply" })),
        Scene::FreshToken => Some(json!({ "call": "create_session", "fault": { "status": { "code": 401 } } })),
        Scene::MachineInUse => {
            Some(json!({ "call": "create_terminal_session", "fault": { "status": { "code": 409 } } }))
        }
        _ => None,
    }
}

/// The till does not know that anything happened, and asks once more for the same.
pub(super) async fn ask_again(till: &Caller, call: Call, name: &str) {
    match scene_of(call) {
        Scene::Cancel => drop(till.look("sale", name).await),
        Scene::Refund => drop(till.refund(&refund_of(name), name, 5_000, 0).await),
        _ => drop(till.pay(name, 39_900, 0).await),
    }
}

/// What it hears when all is over.
pub(super) async fn hear_the_end(till: &Caller, call: Call, name: &str) {
    till.look("sale", name).await;
    if scene_of(call) == Scene::Refund {
        till.look("refund", &refund_of(name)).await;
    }
}

fn refund_of(sale: &str) -> String {
    format!("{sale}-B")
}

/// Until the provider has a sale whose answer the bridge has not heard.
async fn leave_undone(lane: &mut Lane, call: Call, name: &str, amount: i64) {
    let create = if call.is_dojos() { "create_terminal_session" } else { "create_session" };
    let slow = json!([{ "call": create, "fault": { "delay": 300 }, "when": "after" }]);
    lane.world.provider.set_faults(&slow).await;
    let before = lane.created().await;
    lane.till(call).pay(name, amount, 0).await;
    let begun = Instant::now();
    while lane.created().await == before && begun.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn start(lane: &mut Lane, cell: &Cell, name: &str) -> Result<(), Vec<String>> {
    lane.world.shop.kill();
    lane.strike(cell, &[]).await;
    lane.world.shop.spawn(false);
    let ready = lane.world.shop.ready(Duration::from_secs(20)).await;
    ready.map(drop).ok_or_else(|| vec![format!("{name}: does not get ready again")])
}

/// The rules in force while a cell is tried.
pub(super) fn rules(of_scene: &[Value], of_cell: Option<&Value>) -> Value {
    of_scene.iter().chain(of_cell).cloned().collect()
}
