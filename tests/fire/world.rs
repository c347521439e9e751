//! One shop of its own for one experiment: a provider, a bridge that can be struck, and two tills.

use std::net::SocketAddr;
use std::path::PathBuf;

use reqwest::Method;
use serde_json::{Value, json};

use crate::caller::Caller;
use crate::configuration::Dojo;
use crate::history::History;
use crate::journal::{Journal, names_now};
use crate::provider::Provider;
use crate::shop::{Shop, TERMINALS, TILLS};
use crate::{audit, rest};

/// Whose terminals the tills have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Dintero,
    Dojo,
}

impl Side {
    pub(crate) const BOTH: [Self; 2] = [Self::Dintero, Self::Dojo];

    pub(crate) fn open(self, seed: u64) -> World {
        match self {
            Self::Dintero => World::open(seed),
            Self::Dojo => World::open_at_dojo(seed),
        }
    }
}

pub(crate) struct World {
    pub(crate) shop: Shop,
    pub(crate) provider: Provider,
    pub(crate) first: Caller,
    pub(crate) second: Caller,
    pub(crate) history: History,
}

impl World {
    /// A shop with terminals of either provider, whose bridge reaches them through something in between: the first till
    /// sells at Dintero, the second at Dojo.
    pub(crate) fn behind(provider: Provider, between: SocketAddr) -> Self {
        let mut shop = Shop::open(&format!("http://{between}/v1"));
        shop.calm = true;
        shop.dojo = Some(Dojo { refund: "api", webhook_secret: String::new() });
        let history = History::default();
        let till = |number| Caller::new(number, shop.address, history.clone());
        Self { first: till(1), second: till(TILLS), shop, provider, history }
    }

    pub(crate) fn open(seed: u64) -> Self {
        Self::before(Provider::start(seed, TERMINALS))
    }

    /// Both tills stand in a shop of Dojo's.
    fn open_at_dojo(seed: u64) -> Self {
        let mut world = Self::open(seed);
        world.shop.dojo = Some(Dojo { refund: "api", webhook_secret: String::new() });
        let till = |number| Caller::new(number, world.shop.address, world.history.clone());
        (world.first, world.second) = (till(TILLS - 1), till(TILLS));
        world
    }

    fn before(provider: Provider) -> Self {
        let mut shop = Shop::open(&provider.base_url);
        shop.calm = true;
        let history = History::default();
        let till = |number| Caller::new(number, shop.address, history.clone());
        Self { first: till(1), second: till(2), shop, provider, history }
    }

    /// The second till stands in a shop of Dojo's; customers are so many times as fast as real ones.
    pub(crate) async fn open_with_dojo(speed: u32, seed: u64) -> Self {
        let mut world = Self::before(Provider::start_at_speed(speed, seed, TERMINALS));
        let webhook_secret = world.provider.subscribe(world.shop.callback_address).await;
        world.shop.dojo = Some(Dojo { refund: "terminal", webhook_secret });
        world.provider.sum_holds_machines(seed.is_multiple_of(2)).await;
        world.second = Caller::new(TILLS, world.shop.address, world.history.clone());
        world
    }

    /// Before its bridge is started.
    pub(crate) fn refund_at_dojo(&mut self, way: &'static str) {
        self.shop.dojo.as_mut().unwrap().refund = way;
    }

    /// What every till writes down.
    pub(crate) fn history(&self) -> History {
        self.history.clone()
    }

    /// The tills begin a new book of what they hear.
    pub(crate) fn forget(&mut self) {
        self.history = History::default();
        for till in [&mut self.first, &mut self.second] {
            *till = Caller::new(till.number, self.shop.address, self.history.clone());
        }
    }

    /// What must hold whatever the journal has lost: what each till asked for was taken, and given back, once at most.
    pub(crate) async fn audit_money(&self) -> Result<(), Vec<String>> {
        let ledger = self.provider.ledger().await;
        sound(audit::at_any_moment(&ledger, &self.history.books()))
    }

    /// The bridge is dead, and the disk and the provider are as it left them.
    pub(crate) async fn audit_wreck(&self) -> Result<(), Vec<String>> {
        let ledger = self.provider.ledger().await;
        let mut broken = audit::intent_first(&ledger, &names_now(&self.shop.database()).await);
        broken.extend(audit::at_any_moment(&ledger, &self.history.books()));
        sound(broken)
    }

    /// Lets everything come to rest, and compares all books.
    pub(crate) async fn close_books(&mut self) -> Result<(), Vec<String>> {
        rest::start_in_peace(&mut self.shop).await?;
        rest::decide_everything(&self.shop, &mut self.provider).await?;
        rest::catch_up(&self.shop, &self.provider).await;
        let listed = self.shop.every_operation(false).await;
        self.shop.stop().await;
        let ledger = self.provider.ledger().await;
        let journal = Journal::read(&self.shop.database()).await;
        let books = self.history.books();
        let mut broken = audit::at_any_moment(&ledger, &books);
        broken.extend(audit::at_rest(&ledger, &journal, &books, &listed, &self.provider.hits));
        sound(broken)
    }

    /// Leaves the folder behind for whoever looks into a failure.
    pub(crate) fn keep(&mut self) -> PathBuf {
        self.shop.keep()
    }
}

/// What a till can ask; a bridge that dies meanwhile leaves it without an answer.
impl Caller {
    pub(crate) async fn pay(&self, reference: &str, amount: i64, wait: u32) -> Option<(u16, Value)> {
        let body = json!({ "reference": reference, "amount": amount, "wait": wait });
        self.ask(self.key("sale", reference), Some(amount), "/pay", &body).await
    }

    pub(crate) async fn pay_on(&self, terminal: &str, reference: &str, amount: i64, wait: u32) -> Option<(u16, Value)> {
        let body = json!({ "reference": reference, "amount": amount, "wait": wait, "terminal": terminal });
        self.ask(self.key("sale", reference), Some(amount), "/pay", &body).await
    }

    pub(crate) async fn refund(&self, reference: &str, sale: &str, amount: i64, wait: u32) -> Option<(u16, Value)> {
        let body = json!({ "reference": reference, "original_reference": sale, "amount": amount, "wait": wait });
        self.ask(self.key("refund", reference), Some(amount), "/refund", &body).await
    }

    async fn ask(
        &self,
        key: crate::history::Key,
        amount: Option<i64>,
        path: &str,
        body: &Value,
    ) -> Option<(u16, Value)> {
        self.history.asks(&key, amount);
        let reply = self.call(Method::POST, path, Some(body)).await;
        self.hear(&key, reply.clone());
        reply
    }

    pub(crate) async fn cancel(&self, reference: &str) {
        let reply = self.call(Method::POST, &format!("/pay/{reference}/cancel?wait=1"), None).await;
        self.hear(&self.key("sale", reference), reply);
    }

    /// Whether the answer was a final one.
    pub(crate) async fn look(&self, kind: &'static str, reference: &str) -> bool {
        let room = if kind == "sale" { "pay" } else { "refund" };
        let reply = self.call(Method::GET, &format!("/{room}/{reference}?wait=1"), None).await;
        let is_final = reply.as_ref().is_some_and(|(_, reply)| reply["final"] == true);
        self.hear(&self.key(kind, reference), reply);
        is_final
    }
}

pub(crate) fn sound(broken: Vec<String>) -> Result<(), Vec<String>> {
    if broken.is_empty() { Ok(()) } else { Err(broken) }
}
