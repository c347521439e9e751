//! The shop: three tills, two terminals, and one process after the other that serves them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use pos_bridge::domain::directory::{Credentials, Directory, Profile, Store, Terminal, Till};
use pos_bridge::domain::identifiers::{ProviderTerminalId, StoreId, TerminalName, TillId};
use pos_bridge::domain::money::Currency;
use pos_bridge::domain::operation::{Operation, ProviderName};
use pos_bridge::engine::{Engine, Pace, Parts};
use pos_bridge::ports::{NotPushed, Pusher};

use crate::cloud::Cloud;
use crate::journal::MemoryJournal;
use crate::time::Time;

/// The first two tills share a terminal; the second waits for it.
pub(crate) fn tills() -> Vec<Till> {
    [("till-0", "front", 0), ("till-1", "front", 20), ("till-2", "back", 0)]
        .map(|(id, terminal, queue)| Till {
            id: TillId::new(id).unwrap(),
            terminal: TerminalName::new(terminal).unwrap(),
            terminals: Vec::new(),
            credentials: Credentials::default(),
            profile: Profile { queue_seconds: queue, may_refund_others: true, ..Profile::default() },
        })
        .into()
}

fn directory(provider: ProviderName) -> Directory {
    let store = StoreId::new("oslo").unwrap();
    Directory {
        stores: vec![Store {
            id: store.clone(),
            payout_destination_id: "seller-1".into(),
            currency: Currency::from_code("NOK").unwrap(),
            time_zone: "Europe/Oslo".into(),
        }],
        terminals: [("front", "T1"), ("back", "T2")]
            .map(|(name, id)| Terminal {
                name: TerminalName::new(name).unwrap(),
                provider,
                store: store.clone(),
                terminal_id: ProviderTerminalId::new(id).unwrap(),
                tips: false,
                unlinked_refund: false,
            })
            .into(),
        tills: tills(),
    }
}

/// The real use cases over the simulated world.
pub(crate) fn process(journal: MemoryJournal, cloud: &Cloud, time: &Time) -> Engine {
    let provider = cloud.provider();
    let name = provider.name();
    Engine::new(Parts {
        directory: directory(name),
        journal: Arc::new(journal),
        providers: HashMap::from([(name, provider)]),
        pusher: Arc::new(NoPusher),
        clock: Arc::new(time.clone()),
        pace: Pace { sweep_interval: Duration::from_secs(600), ..Pace::default() },
    })
}

struct NoPusher;

#[async_trait]
impl Pusher for NoPusher {
    async fn push(&self, _: &Till, _: &str, _: &Operation, _: Timestamp) -> Result<(), NotPushed> {
        Err(NotPushed::Unreached("nobody is pushed to".to_owned()))
    }
}
