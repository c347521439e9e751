//! One sale whose callbacks come in one of all orders, many times each: two before the bridge knows its session, one while
//! the customer stands at the terminal, one when all is over, and one long after.

use serde_json::json;

use super::letter::Letter;
use super::stand::{At, Stand};

pub(super) const EVENTS: usize = 5;
/// Until then the bridge has no answer to its first call.
const HELD_BACK_MS: u64 = 150;

/// What the customer does, and what the till must hear.
const ENDINGS: [(&str, &str); 3] = [("approve", "approved"), ("decline", "declined"), ("cancel", "cancelled")];

#[derive(Debug, Clone, Copy)]
pub(super) struct Story {
    pub(super) at: At,
    pub(super) order: [usize; EVENTS],
    /// Which of the endings.
    pub(super) ending: usize,
}

/// Every order of five events.
pub(super) fn every_order() -> Vec<[usize; EVENTS]> {
    let mut orders = vec![Vec::new()];
    for _ in 0..EVENTS {
        orders = orders
            .iter()
            .flat_map(|begun: &Vec<usize>| {
                let left = (0..EVENTS).filter(|event| !begun.contains(event));
                left.map(|event| [begun.as_slice(), &[event]].concat()).collect::<Vec<_>>()
            })
            .collect();
    }
    orders.into_iter().map(|order| order.try_into().unwrap()).collect()
}

/// A sale that was heard of to its end.
pub(super) struct Told {
    at: At,
    name: String,
    word: &'static str,
    known_as: String,
    /// How many callbacks came.
    pub(super) delivered: usize,
}

pub(super) async fn tell(stand: &mut Stand, story: Story, name: &str, copies: usize) -> Result<Told, Vec<String>> {
    let Story { at, order, ending } = story;
    let (gesture, word) = ENDINGS[ending % ENDINGS.len()];
    let create = if at == At::Dojo { "create_intent" } else { "create_session" };
    stand.hold_back(&[json!({ "call": create, "fault": { "delay": HELD_BACK_MS }, "when": "after" })]).await;
    let known: Vec<String> = stand.world.provider.ledger().await.create_requests.into_keys().collect();
    stand.till(at).pay(name, 39_900, 0).await;
    let known_as = stand.known_as(at, name, &known).await?;
    let letters = order.map(|event| letter(stand, at, &known_as, name, event));
    let mut delivered = 0;
    for early in &letters[..2] {
        delivered += stand.deliver(early, copies).await?;
    }
    delivered += stand.deliver(&letters[2], copies).await?;
    let status = stand.glance(at, name, 0).await;
    if status.as_deref() != Some("pending") {
        return Err(vec![format!("{name}: what a callback says was believed: {status:?}")]);
    }
    stand.customer(at, gesture).await?;
    delivered += stand.deliver(&letters[3], copies).await?;
    stand.hears(at, name, word).await?;
    delivered += stand.deliver(&letters[4], copies).await?;
    stand.hears(at, name, word).await?;
    Ok(Told { at, name: name.to_owned(), word, known_as, delivered })
}

/// The same delivery whenever it is made, signed anew.
fn letter(stand: &Stand, at: At, known_as: &str, name: &str, event: usize) -> Letter {
    stand.genuine(at, known_as, event, &format!("evt_{name}_{event}"))
}

impl Told {
    /// Once more, when nothing can come of the sale any more; and what was to be asked for again.
    pub(super) async fn repeat(&mut self, stand: &Stand) -> Result<(), Vec<String>> {
        for event in 0..EVENTS {
            let again = letter(stand, self.at, &self.known_as, &self.name, event);
            self.delivered += stand.deliver(&again, 1).await?;
        }
        stand.hears(self.at, &self.name, self.word).await
    }
}
