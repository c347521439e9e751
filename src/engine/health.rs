//! Why payments may not be possible right now, as the latest calls told.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Engine, Refusal};
use crate::domain::identifiers::TerminalName;
use crate::domain::operation::ProviderName;
use crate::ports::{Enrolment, JournalError};

/// The latest trouble with the journal and with each provider; gone with the next call that works.
#[derive(Debug, Default)]
pub(super) struct Health {
    troubles: Mutex<BTreeMap<&'static str, String>>,
    enrolments: Mutex<BTreeMap<TerminalName, Enrolment>>,
}

impl Health {
    /// Notes how a call to the journal went, and turns its failure into the till's refusal.
    pub(super) fn journal<T>(&self, result: Result<T, JournalError>) -> Result<T, Refusal> {
        match &result {
            Err(JournalError::NotFound | JournalError::NotResolvable(_)) => {}
            outcome => self.note("journal", outcome.as_ref().err().map(ToString::to_string)),
        }
        result.map_err(|error| match error {
            JournalError::NotFound => Refusal::NotFound("operation"),
            JournalError::NotResolvable(why) => Refusal::NotResolvable(why),
            error => {
                tracing::error!(%error, "journal");
                Refusal::StorageUnavailable(error.to_string())
            }
        })
    }

    /// Notes how a call to a provider went.
    pub(super) fn note_provider(&self, provider: ProviderName, trouble: Option<String>) {
        self.note(provider.name(), trouble.map(|trouble| format!("{}: {trouble}", provider.name())));
    }

    /// Whether the latest call to a provider failed.
    pub(super) fn is_away(&self, provider: ProviderName) -> bool {
        locked(&self.troubles).contains_key(provider.name())
    }

    /// What stands in the way of payments.
    pub(super) fn troubles(&self) -> Vec<String> {
        locked(&self.troubles).values().cloned().collect()
    }

    /// How a provider sees a terminal, when that could be read lately.
    pub(super) fn enrolment(&self, terminal: &TerminalName) -> Option<Enrolment> {
        locked(&self.enrolments).get(terminal).cloned()
    }

    /// Notes how a provider sees a terminal.
    pub(super) fn enrolled(&self, terminal: TerminalName, enrolment: Enrolment) {
        locked(&self.enrolments).insert(terminal, enrolment);
    }

    fn note(&self, of: &'static str, trouble: Option<String>) {
        let mut troubles = locked(&self.troubles);
        match trouble {
            Some(trouble) => drop(troubles.insert(of, trouble)),
            None => drop(troubles.remove(of)),
        }
    }
}

impl Engine {
    /// Why no payment can be taken right now; empty when one can.
    #[must_use]
    pub fn unready(&self) -> Vec<String> {
        let mut reasons = self.health.troubles();
        if self.stopping.is_cancelled() {
            reasons.push("stopping".to_owned());
        } else if !*self.recovered.borrow() {
            reasons.push("starting: what was open before is being read".to_owned());
        }
        reasons
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
