//! One bridge behind one gate, before which cell after cell is tried.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use super::call::Call;
use super::gate::Gate;
use super::scene;
use super::table::{Blow, Cell};
use crate::audit;
use crate::caller::Caller;
use crate::journal::names_while_it_runs;
use crate::provider::{Provider, label};
use crate::rest;
use crate::shop::TERMINALS;
use crate::world::{World, sound};

/// A call that should have been struck may not have come in time.
const TRIES: u32 = 3;
/// Between two tries; longer than the first rest after a refused token.
const PAUSE: Duration = Duration::from_secs(5);

/// A terminal to which nobody brings a card waits for a second, so that it can be cancelled in time.
const SPEED: u32 = 100;

pub(super) struct Lane {
    pub(super) world: World,
    gate: Gate,
}

impl Lane {
    pub(super) async fn open(seed: u64) -> Result<Self, Vec<String>> {
        let provider = Provider::start_at_speed(SPEED, seed, TERMINALS);
        let gate = Gate::before(provider.address()).await;
        let mut world = World::behind(provider, gate.address);
        rest::start_in_peace(&mut world.shop).await?;
        Ok(Self { world, gate })
    }

    pub(super) fn till(&self, call: Call) -> &Caller {
        if call.is_dojos() { &self.world.second } else { &self.world.first }
    }

    /// Tries a cell until it struck.
    pub(super) async fn attempt(&mut self, cell: &Cell, name: &str) -> Result<(), Vec<String>> {
        for number in 1..=TRIES {
            let name = format!("{name}-{number}");
            let before = self.hits_of(cell);
            scene::perform(self, cell, &name).await?;
            scene::ask_again(self.till(cell.call), cell.call, &name).await;
            let was_cut = self.gate.stand_down();
            self.world.provider.set_faults(&json!([])).await;
            rest::decide_everything(&self.world.shop, &mut self.world.provider).await?;
            scene::hear_the_end(self.till(cell.call), cell.call, &name).await;
            self.audit().await?;
            if was_cut || self.hits_of(cell) > before {
                return Ok(());
            }
            // The bridge may rest from what the cell before did to its token.
            sleep(PAUSE).await;
        }
        Err(vec!["vacuous: it never struck".to_owned()])
    }

    /// Puts the rules of the scene in force, and aims at the call.
    pub(super) async fn strike(&mut self, cell: &Cell, of_scene: &[Value]) {
        let rule = match &cell.blow {
            Blow::Cut(cut) => {
                self.gate.aim_at(*cut);
                None
            }
            Blow::Rule(rule) => Some(rule),
        };
        self.world.provider.set_faults(&scene::rules(of_scene, rule)).await;
    }

    fn hits_of(&self, cell: &Cell) -> u64 {
        let Blow::Rule(rule) = &cell.blow else { return 0 };
        self.world.provider.hits.get(&label(rule)).copied().unwrap_or(0)
    }

    /// How many sales either provider was asked to put on a terminal.
    pub(super) async fn created(&self) -> u64 {
        let ledger = self.world.provider.ledger().await;
        let sum = |requests: &BTreeMap<String, u64>| requests.values().sum::<u64>();
        sum(&ledger.create_requests) + sum(&ledger.dojo.session_requests)
    }

    async fn audit(&self) -> Result<(), Vec<String>> {
        let ledger = self.world.provider.ledger().await;
        let mut broken = audit::intent_first(&ledger, &names_while_it_runs(&self.world.shop.database()).await);
        broken.extend(audit::at_any_moment(&ledger, &self.world.history.books()));
        sound(broken)
    }
}
