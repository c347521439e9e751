//! Whether a till takes money or tests, and which of its operations are of that environment.

use std::sync::Arc;

use super::Engine;
use crate::domain::directory::Till;
use crate::domain::operation::Operation;
use crate::ports::Provider;

impl Engine {
    /// Every terminal of the till is in a sandbox.
    pub(super) fn moves_no_money(&self, till: &Till) -> bool {
        self.driving(till).all(|provider| provider.is_sandbox())
    }

    /// What is over in a test is nothing in production, nor the reverse. Where its own provider is gone from the
    /// configuration, the till's tells.
    pub(super) fn is_of_this_environment(&self, till: &Till, known: &Operation) -> bool {
        let provider = self.provider(known.provider).ok().or_else(|| self.driving(till).next());
        provider.is_none_or(|provider| !known.is_of_other_environment(provider.is_sandbox()))
    }

    /// The providers of the till's terminals.
    fn driving<'a>(&'a self, till: &'a Till) -> impl Iterator<Item = &'a Arc<dyn Provider>> {
        self.directory.terminals_of(till).filter_map(|terminal| self.provider(terminal.provider).ok())
    }
}
