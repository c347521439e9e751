//! What a provider made before an attempt could move money.

use serde::{Deserialize, Serialize};

use crate::domain::identifiers::{AttemptReference, Handle};

/// What a provider made, and what it held, before anything that can move money was sent (Dojo's payment intent).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preparation {
    /// What the provider calls the payment that was prepared, or that is given back.
    pub payment: Handle,
    /// The reference that the payment carries: that of the attempt it was made for.
    pub reference: AttemptReference,
    /// The runs that the payment had already. What comes to them is this attempt's.
    pub earlier_runs: Vec<Handle>,
    /// Minor units of the payment that had been given back already.
    pub refunded: i64,
    /// The run that this attempt started, once it is known.
    #[serde(default)]
    pub run: Option<Handle>,
}

impl Preparation {
    /// What the next attempt on the payment finds: the run of this one was there before.
    #[must_use]
    pub fn for_the_next(&self) -> Self {
        let mut next = self.clone();
        next.earlier_runs.extend(next.run.take());
        next
    }

    /// A history that is behind leaves out runs that the journal knows.
    #[must_use]
    pub fn with_runs_of(mut self, known: &Self) -> Self {
        for run in known.earlier_runs.iter().chain(&known.run) {
            if !self.earlier_runs.contains(run) {
                self.earlier_runs.push(run.clone());
            }
        }
        self
    }
}
