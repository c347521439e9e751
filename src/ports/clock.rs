//! The time of day, and chance.

use std::sync::Arc;

use jiff::Timestamp;

use super::provider::Provider;

/// The time of day, and chance. Behind a trait so that tests can jump, and play the same again.
pub trait Clock: Send + Sync {
    /// Now: the provider's time once it has told it, this machine's until then ([`ProvidersClock`]).
    fn now(&self) -> Timestamp;
    /// A number that nobody foresees.
    fn chance(&self) -> u128 {
        rand::random()
    }
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// The time that a provider told, and this machine's until one has.
///
/// A machine whose clock jumps would take a sale of a moment ago for an old one, and charge it again under the same number.
pub struct ProvidersClock {
    providers: Vec<Arc<dyn Provider>>,
}

impl ProvidersClock {
    /// Goes by the first of these that has told its time.
    #[must_use]
    pub fn new(providers: Vec<Arc<dyn Provider>>) -> Self {
        Self { providers }
    }
}

impl Clock for ProvidersClock {
    fn now(&self) -> Timestamp {
        let told = self.providers.iter().find(|provider| provider.has_told_time());
        told.map_or_else(|| SystemClock.now(), |provider| provider.now())
    }
}
