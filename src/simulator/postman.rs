//! What the simulator itself sends: tried until it is taken, and spoilt on demand.

use std::time::Duration;

use reqwest::{Client, RequestBuilder, StatusCode};
use serde::Deserialize;
use tokio::sync::{Notify, Semaphore};

use super::faults::Fault;
use super::world::World;

/// How many letters are on their way at once.
const AT_ONCE: usize = 64;
/// How long an answer is waited for.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How a letter is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Seal {
    Genuine,
    /// With a secret that is not the account's.
    Forged,
    /// Rightly, with a time an hour ago.
    Old,
}

/// A call of the bridge, the same at every attempt but for its signature.
pub(crate) trait Letter: Sync {
    /// How often it is sent again after the first attempt.
    const RETRIES: u32;

    /// One attempt.
    fn request(&self, world: &World, seal: Seal) -> RequestBuilder;

    /// Whether this answer ends the delivery.
    fn is_settled_by(&self, status: StatusCode) -> bool;
}

/// Sends letters.
#[derive(Debug)]
pub(crate) struct Postman {
    pub(crate) client: Client,
    at_once: Semaphore,
    /// Told of every delivery, for the one that waits to be overtaken.
    delivered: Notify,
}

impl Postman {
    pub(crate) fn new() -> Result<Self, reqwest::Error> {
        let client = Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self { client, at_once: Semaphore::new(AT_ONCE), delivered: Notify::new() })
    }

    /// Waits until another letter was delivered, a second at most.
    async fn overtaken(&self) {
        let next = self.delivered.notified();
        if tokio::time::timeout(Duration::from_secs(1), next).await.is_err() {
            tracing::debug!("no other letter came to overtake this one");
        }
    }
}

/// Delivers a letter, with whatever fault was drawn for it.
pub(crate) async fn send<L: Letter>(world: &World, letter: &L, fault: Option<Fault>, retry_after: Duration) {
    let mut copies = 1_u32;
    let mut seal = Seal::Genuine;
    match fault {
        Some(Fault::Dropped) => return,
        Some(Fault::Duplicate(more)) => copies = copies.saturating_add(more),
        Some(Fault::Late(milliseconds)) => {
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        }
        Some(Fault::Reordered) => world.postman.overtaken().await,
        Some(Fault::Forged) => seal = Seal::Forged,
        Some(Fault::WrongTime) => seal = Seal::Old,
        _ => {}
    }
    for _ in 0..copies {
        if let Ok(_permit) = world.postman.at_once.acquire().await {
            until_taken(world, letter, seal, retry_after).await;
        }
        world.postman.delivered.notify_waiters();
    }
}

async fn until_taken<L: Letter>(world: &World, letter: &L, seal: Seal, retry_after: Duration) {
    for _ in 0..=L::RETRIES {
        match attempt(world, letter, seal).await {
            Some(status) if letter.is_settled_by(status) => return,
            _ => tokio::time::sleep(retry_after).await,
        }
    }
}

/// One attempt; `None` if there was no answer.
pub(crate) async fn attempt<L: Letter>(world: &World, letter: &L, seal: Seal) -> Option<StatusCode> {
    match letter.request(world, seal).send().await {
        Ok(response) => Some(response.status()),
        Err(error) => {
            tracing::debug!(%error, "a letter was not answered");
            None
        }
    }
}
