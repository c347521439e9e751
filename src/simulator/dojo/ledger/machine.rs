//! The virtual terminals: who waits on them, and who drives them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Refused;
use crate::simulator::clock::real_time;
use crate::simulator::dojo::machines::{Reach, Script, script_of};
use crate::simulator::dojo::options::SimulatedDojoTerminal;
use crate::simulator::hands::Mode;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum TerminalStatus {
    Available,
    Offline,
    InUse,
}

#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) id: String,
    pub(crate) tid: String,
    pub(crate) mode: Mode,
    pub(crate) speed: u32,
    /// The session that it is busy with.
    pub(super) session_id: Option<String>,
    /// For a stale read: before a session came or went, or a person changed the mode.
    status_before: TerminalStatus,
}

impl Machine {
    pub(super) fn script(&self) -> &'static Script {
        script_of(&self.tid)
    }

    /// Virtual milliseconds in real time.
    pub(super) fn real(&self, virtual_milliseconds: u64) -> Duration {
        real_time(virtual_milliseconds, self.speed)
    }

    pub(crate) fn status(&self) -> TerminalStatus {
        match self.script().reach {
            Reach::Offline => TerminalStatus::Offline,
            _ if self.mode == Mode::Offline => TerminalStatus::Offline,
            Reach::Available if self.session_id.is_none() => TerminalStatus::Available,
            Reach::Available | Reach::InUse => TerminalStatus::InUse,
        }
    }

    pub(crate) fn seen(&self, stale: bool) -> TerminalStatus {
        if stale { self.status_before } else { self.status() }
    }

    pub(crate) fn set_mode(&mut self, mode: Mode) {
        self.status_before = self.status();
        self.mode = mode;
    }

    pub(super) fn hold(&mut self, session_id: Option<String>) {
        self.status_before = self.status();
        self.session_id = session_id;
    }

    /// As the control API shows it.
    pub(crate) fn state(&self) -> Value {
        let prompt = self.session_id.as_ref().map(|id| json!({ "kind": "session", "session_id": id }));
        json!({
            "terminal_id": self.id, "tid": self.tid, "mode": self.mode, "speed": self.speed, "prompt": prompt,
        })
    }
}

/// The account's terminals.
#[derive(Debug)]
pub(crate) struct Machines {
    all: BTreeMap<String, Machine>,
}

impl Machines {
    pub(super) fn new(terminals: &[SimulatedDojoTerminal], speed: u32) -> Self {
        let all = terminals.iter().map(|terminal| {
            let machine = Machine {
                id: terminal.id.clone(),
                tid: terminal.tid.clone(),
                mode: Mode::Automatic,
                speed,
                session_id: None,
                status_before: TerminalStatus::Available,
            };
            (terminal.id.clone(), machine)
        });
        Self { all: all.collect() }
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Machine> {
        self.all.values()
    }

    pub(crate) fn get(&self, id: &str) -> Result<&Machine, Refused> {
        self.all.get(id).ok_or(Refused::NoTerminal)
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Result<&mut Machine, Refused> {
        self.all.get_mut(id).ok_or(Refused::NoTerminal)
    }

    /// Takes a session off its terminal.
    pub(super) fn release(&mut self, terminal_id: &str, session_id: &str) {
        if let Ok(machine) = self.get_mut(terminal_id)
            && machine.session_id.as_deref() == Some(session_id)
        {
            machine.hold(None);
        }
    }
}
