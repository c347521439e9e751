//! A shop of either provider that hears of its sales by callbacks alone, and those come from here.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use super::letter::{Letter, deliver};
use super::{dintero, dojo};
use crate::caller::Caller;
use crate::configuration::{Dojo, Pace};
use crate::provider::Provider;
use crate::rest;
use crate::shop::TERMINALS;
use crate::world::World;

const PATIENCE: Duration = Duration::from_secs(10);
/// So seldom does the bridge look by itself that only what calls it brings news.
const PACE: Pace = Pace { poll_interval_ms: 60_000, request_timeout_ms: 5_000, session_ttl_seconds: 240 };

/// After so many seconds nothing can come of a sale any more. Dintero's signature tells its time, and a clock that runs away
/// by more than five minutes would make it look old.
pub(super) const HORIZON: i64 = 260;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum At {
    Dintero,
    Dojo,
}

impl At {
    pub(super) const BOTH: [Self; 2] = [Self::Dintero, Self::Dojo];

    /// The provider's name of the terminal at which the stand's till sells.
    fn device(self) -> &'static str {
        match self {
            Self::Dintero => "T0292",
            Self::Dojo => "tm_sandbox_3",
        }
    }
}

pub(super) struct Stand {
    pub(super) world: World,
    pub(super) webhook_secret: String,
}

impl Stand {
    pub(super) async fn open(seed: u64) -> Result<Self, Vec<String>> {
        let provider = Provider::start_at_speed(1, seed, TERMINALS);
        let address = provider.address();
        let mut world = World::behind(provider, address);
        let webhook_secret = world.provider.subscribe(world.shop.callback_address).await;
        world.shop.dojo = Some(Dojo { refund: "api", webhook_secret: webhook_secret.clone() });
        world.shop.pace = PACE;
        world.shop.spawn(true);
        rest::start_in_peace(&mut world.shop).await?;
        let mut stand = Self { world, webhook_secret };
        for at in At::BOTH {
            stand.control(Method::PUT, at, "", Some(&json!({ "mode": "manual" }))).await;
        }
        stand.hold_back(&[]).await;
        Ok(stand)
    }

    /// Nothing that the simulated providers would say of themselves arrives.
    pub(super) async fn hold_back(&mut self, more: &[Value]) {
        let silent = ["callback", "webhook"].map(|call| json!({ "call": call, "fault": "dropped", "per_mille": 1000 }));
        self.world.provider.set_faults(&silent.iter().chain(more).cloned().collect()).await;
    }

    pub(super) fn till(&self, at: At) -> &Caller {
        if at == At::Dojo { &self.world.second } else { &self.world.first }
    }

    async fn control(&self, method: Method, at: At, gesture: &str, body: Option<&Value>) -> bool {
        let path = format!("/terminals/{}{gesture}", at.device());
        self.world.provider.try_control(method, &path, body).await.is_some()
    }

    /// What the customer does, as soon as the terminal asks.
    pub(super) async fn customer(&self, at: At, gesture: &str) -> Result<(), Vec<String>> {
        let begun = Instant::now();
        while !self.control(Method::POST, at, &format!("/{gesture}"), None).await {
            if begun.elapsed() > PATIENCE {
                return Err(vec![format!("the terminal never asked, so that nobody could {gesture}")]);
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// What the provider knows a sale by, as soon as it knows of it: our reference at Dintero, the intent at Dojo.
    pub(super) async fn known_as(&self, at: At, name: &str, known: &[String]) -> Result<String, Vec<String>> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            let ledger = self.world.provider.ledger().await;
            let found = match at {
                At::Dintero => ledger.create_requests.into_keys().find(|reference| !known.contains(reference)),
                At::Dojo => {
                    let ours = format!("till-{}/{name}", self.world.second.number);
                    ledger.dojo.intents.into_iter().find(|intent| intent.till_reference() == ours).map(|it| it.id)
                }
            };
            if let Some(found) = found {
                return Ok(found);
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Err(vec![format!("{name} never arrived at the provider")])
    }

    pub(super) fn genuine(&self, at: At, known_as: &str, event: usize, delivery: &str) -> Letter {
        match at {
            At::Dintero => dintero::genuine(known_as, event, delivery, self.world.provider.now()),
            At::Dojo => dojo::genuine(&self.webhook_secret, known_as, event, delivery),
        }
    }

    /// Delivers copies of a genuine letter: each is taken, or asked for again. How many were.
    pub(super) async fn deliver(&self, letter: &Letter, copies: usize) -> Result<usize, Vec<String>> {
        let answers = deliver(self.world.shop.callback_address, letter, copies).await;
        let strange: Vec<_> = answers.iter().filter(|answer| !matches!(answer, Some(200 | 503))).collect();
        if strange.is_empty() { Ok(answers.len()) } else { Err(vec![format!("{letter:?} was answered {strange:?}")]) }
    }

    /// The status that the till hears, at once or within so many seconds.
    pub(super) async fn glance(&self, at: At, name: &str, wait: u32) -> Option<String> {
        let till = self.till(at);
        let reply = till.call(Method::GET, &format!("/pay/{name}?wait={wait}"), None).await;
        till.hear(&till.key("sale", name), reply)
    }

    /// The till hears this, and nothing else but that it must wait.
    pub(super) async fn hears(&self, at: At, name: &str, word: &str) -> Result<(), Vec<String>> {
        let begun = Instant::now();
        loop {
            let status = self.glance(at, name, 2).await;
            if status.as_deref() == Some(word) {
                return Ok(());
            }
            if begun.elapsed() > PATIENCE || !matches!(status.as_deref(), Some("pending" | "unknown") | None) {
                return Err(vec![format!("{name}: {word} at the terminal, and the till hears {status:?}")]);
            }
        }
    }
}
