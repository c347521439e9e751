//! The virtual terminals: who waits on them, and who drives them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use super::Refused;
use crate::simulator::clock::real_time;
use crate::simulator::hands::Mode;
use crate::simulator::options::{Enrolment, SimulatedStore, SimulatorOptions};

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub(crate) enum Prompt {
    Sale { session_id: String },
    Refund { transaction_id: String, request_id: String },
}

#[derive(Debug)]
pub(crate) struct Terminal {
    pub(crate) id: String,
    pub(crate) number: usize,
    pub(crate) store_id: String,
    pub(crate) enrolment: Enrolment,
    pub(crate) mode: Mode,
    pub(crate) speed: u32,
    pub(crate) prompt: Option<Prompt>,
}

impl Terminal {
    /// Virtual milliseconds in real time.
    pub(crate) fn real(&self, virtual_milliseconds: u64) -> Duration {
        real_time(virtual_milliseconds, self.speed)
    }

    /// As Dintero's management API shows it: enrolment, never presence.
    pub(crate) fn document(&self, account_id: &str) -> Value {
        let mut document = json!({
            "id": format!("00000000-0000-4000-8000-{:012}", self.number),
            "terminal_id": self.id,
            "device_serial_number": format!("SIMULATED-{account_id}-{:03}", self.number),
            "device_model": "SATURN1000",
            "store_id": self.store_id,
            "status": self.enrolment,
        });
        if self.enrolment == Enrolment::ActionRequired {
            document["status_reason"] = json!("CHECK_UPDATE");
        }
        document
    }

    /// As the control API shows it.
    pub(crate) fn state(&self) -> Value {
        json!({
            "terminal_id": self.id, "mode": self.mode, "speed": self.speed, "prompt": self.prompt,
        })
    }
}

/// The account's stores and terminals.
#[derive(Debug)]
pub(crate) struct Premises {
    stores: Vec<SimulatedStore>,
    terminals: BTreeMap<String, Terminal>,
}

impl Premises {
    pub(crate) fn new(options: &SimulatorOptions) -> Self {
        let terminals = options.terminals.iter().enumerate().map(|(position, terminal)| {
            let terminal = Terminal {
                id: terminal.id.clone(),
                number: position + 1,
                store_id: terminal.store_id.clone(),
                enrolment: terminal.enrolment,
                mode: Mode::Automatic,
                speed: options.speed,
                prompt: None,
            };
            (terminal.id.clone(), terminal)
        });
        Self { stores: options.stores.clone(), terminals: terminals.collect() }
    }

    pub(crate) fn stores(&self) -> &[SimulatedStore] {
        &self.stores
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Terminal> {
        self.terminals.values()
    }

    pub(crate) fn get(&self, id: &str) -> Result<&Terminal, Refused> {
        self.terminals.get(id).ok_or_else(|| Refused::UnknownTerminal(id.to_owned()))
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Result<&mut Terminal, Refused> {
        self.terminals.get_mut(id).ok_or_else(|| Refused::UnknownTerminal(id.to_owned()))
    }

    pub(crate) fn payout_destination(&self, store_id: &str) -> Option<&str> {
        self.stores.iter().find(|store| store.id == store_id).map(|store| store.payout_destination_id.as_str())
    }

    /// The terminal a sale may run on: store, seller and enrolment must agree.
    pub(crate) fn route(
        &self,
        store_id: &str,
        terminal_id: &str,
        payout_destination_id: &str,
    ) -> Result<&Terminal, Refused> {
        let seller = self.payout_destination(store_id).ok_or_else(|| Refused::UnknownStore(store_id.to_owned()))?;
        if seller != payout_destination_id {
            return Err(Refused::WrongPayoutDestination(payout_destination_id.to_owned()));
        }
        let terminal = self.get(terminal_id)?;
        if terminal.store_id != store_id || terminal.enrolment != Enrolment::Active {
            return Err(Refused::NotEnrolled(terminal_id.to_owned()));
        }
        Ok(terminal)
    }

    /// The terminal a refund may run on: any active one of the same seller.
    pub(crate) fn refund_route(&self, terminal_id: &str, payout_destination_id: &str) -> Result<&Terminal, Refused> {
        let store_id = &self.get(terminal_id)?.store_id;
        let terminal = self.route(store_id, terminal_id, payout_destination_id)?;
        if terminal.mode == Mode::Offline {
            return Err(Refused::Offline(terminal_id.to_owned()));
        }
        Ok(terminal)
    }

    /// Takes the prompt off a terminal, if it is this one.
    pub(crate) fn release(&mut self, terminal_id: &str, prompt: &Prompt) {
        if let Ok(terminal) = self.get_mut(terminal_id)
            && terminal.prompt.as_ref() == Some(prompt)
        {
            terminal.prompt = None;
        }
    }
}
