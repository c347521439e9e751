//! What the simulated Dojo knows: intents, terminal sessions, terminals.
//!
//! Plain methods on plain state. The time is passed in; what must happen later, or outside, is handed back as
//! [`Effect`]s.

mod answers;
mod by_hand;
mod documents;
mod intent;
mod intents;
mod limits;
mod machine;
mod payment;
mod receipt;
mod refunds;
mod refused;
mod search;
mod session;
mod sessions;
mod truth;
mod versioned;

use std::collections::BTreeMap;
use std::time::Duration;

use super::machines::Happening;
use super::options::{DojoOptions, DojoPolicy};
use crate::simulator::shelf::Shelf;

pub(crate) use intent::{AutoExpiry, IntentStatus, NewIntent};
pub(crate) use machine::{Machine, TerminalStatus};
pub(crate) use refunds::RefundRequest;
pub(crate) use refused::Refused;
pub(crate) use search::{Page, SearchRequest};
pub(crate) use session::SessionKind;
pub(crate) use truth::Asked;

use intent::Intent;
use machine::Machines;
use session::Session;
use versioned::Versioned;

/// Enough for a long soak; a full ledger forgets its oldest payment.
const CAPACITY: usize = 250_000;

/// What follows from a change of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Play this step of the session's script, so much later.
    Step { session_id: String, position: usize, after: Duration },
    /// Let this happen to the session, so much later.
    Then { session_id: String, happening: Happening, after: Duration },
    /// The status that the session has now, as its so-manieth, may last so long.
    Limit { session_id: String, statuses: usize, after: Duration },
    /// Capture or release the authorised intent, so much later.
    AutoExpire { intent_id: String, after: Duration },
    /// Call the webhooks.
    Tell { news: News },
}

/// What a webhook tells of an intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct News {
    pub(crate) event: &'static str,
    pub(crate) intent_id: String,
    pub(crate) status: IntentStatus,
    pub(crate) manual: bool,
}

#[derive(Debug)]
pub(crate) struct Ledger {
    pub(crate) policy: DojoPolicy,
    pub(crate) machines: Machines,
    limit_speed: u32,
    intents: Shelf<Versioned<Intent>>,
    sessions: Shelf<Versioned<Session>>,
    /// Refund identifier to the intent's.
    refunds: BTreeMap<String, String>,
    seen: truth::Seen,
}

impl Ledger {
    pub(crate) fn new(options: &DojoOptions, speed: u32) -> Self {
        Self {
            policy: options.policy,
            machines: Machines::new(&options.terminals, speed),
            limit_speed: options.limit_speed.max(1),
            intents: Shelf::new(CAPACITY),
            sessions: Shelf::new(CAPACITY),
            refunds: BTreeMap::new(),
            seen: truth::Seen::default(),
        }
    }
}
