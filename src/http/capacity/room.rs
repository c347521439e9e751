//! The room for connections: in all, and from each address.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::limits::Limits;
use super::shares::{Share, Shares};
use crate::http::connections::Peer;

/// How many callers without a place may be told so at the same time. More are closed without a word: telling them costs
/// open files too.
const REFUSALS: usize = 64;

/// The room for connections. Listeners may share one.
#[derive(Debug, Clone)]
pub struct Room {
    free: Arc<Semaphore>,
    taken: Shares<IpAddr>,
    per_address: usize,
    refusals: Arc<Semaphore>,
}

/// A connection's place, until it is dropped.
#[derive(Debug)]
pub(in crate::http) struct Place {
    _place: OwnedSemaphorePermit,
    /// A caller on the operator's socket has no address and no limit of its own.
    _share: Option<Share<IpAddr>>,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum Full {
    /// Every place is taken.
    Everywhere,
    /// This address has its share already.
    ForThisAddress,
}

impl Room {
    /// Room for as many connections as the limits say.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            free: Arc::new(Semaphore::new(limits.connections)),
            taken: Shares::default(),
            per_address: limits.connections_per_address,
            refusals: Arc::new(Semaphore::new(REFUSALS)),
        }
    }

    /// A place for a caller, when there is one.
    pub(in crate::http) fn take(&self, peer: Peer) -> Result<Place, Full> {
        let place = self.free.clone().try_acquire_owned().map_err(|_| Full::Everywhere)?;
        let share = match peer.remote.map(|remote| remote.ip().to_canonical()) {
            Some(address) => Some(self.taken.take(address, self.per_address).ok_or(Full::ForThisAddress)?),
            None => None,
        };
        Ok(Place { _place: place, _share: share })
    }

    /// A place for telling a caller that there is none.
    pub(super) fn refusal(&self) -> Option<OwnedSemaphorePermit> {
        self.refusals.clone().try_acquire_owned().ok()
    }
}
