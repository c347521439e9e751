//! One shop from its opening to its books: some cycles of work and sudden death, then rest, then the audit.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::deck::Deck;
use super::report::Report;
use super::till::{Shelf, Till};
use crate::audit;
use crate::caller::Caller;
use crate::configuration::Dojo;
use crate::dice::Dice;
use crate::history::History;
use crate::journal::{Journal, names_now};
use crate::provider::Provider;
use crate::rest;
use crate::shop::{Shop, TERMINALS, TILLS};

const PURPOSE_CYCLE: u64 = 50;
const PURPOSE_FAULTS: u64 = 51;
/// Which way Dojo's refunds go, shop by shop.
const ROUTES: [&str; 2] = ["terminal", "api"];
/// A start that takes longer is killed all the same.
const READY_PATIENCE: Duration = Duration::from_secs(3);

struct Epoch<'a> {
    shop: Shop,
    provider: Provider,
    history: History,
    dice: Dice,
    report: &'a mut Report,
}

pub(crate) async fn run(seed: u64, number: u64, cycles: u32, report: &mut Report) -> Result<(), String> {
    let provider = Provider::start(seed.wrapping_add(number), TERMINALS);
    let mut shop = Shop::open(&provider.base_url);
    let webhook_secret = provider.subscribe(shop.callback_address).await;
    shop.dojo = Some(Dojo { refund: ROUTES[usize::from((seed ^ number) & 1 == 1)], webhook_secret });
    provider.sum_holds_machines((seed ^ number) & 2 == 0).await;
    let history = History::default();
    let dice = Dice::new(seed, number, PURPOSE_CYCLE);
    let mut epoch = Epoch { shop, provider, history, dice, report };
    let outcome = epoch.live(seed, number, cycles).await;
    outcome.map_err(|broken| epoch.tell(number, &broken))
}

impl Epoch<'_> {
    async fn live(&mut self, seed: u64, number: u64, cycles: u32) -> Result<(), Vec<String>> {
        let closing = CancellationToken::new();
        let shelf = Shelf::default();
        let mut tills = tokio::task::JoinSet::new();
        for till in 1..=TILLS {
            let dice = Dice::new(seed, number, till as u64);
            let caller = Caller::new(till, self.shop.address, self.history.clone());
            let till = Till::new(caller, dice, shelf.clone());
            tills.spawn(till.work(closing.clone()));
        }
        let mut deck = Deck::new(Dice::new(seed, number, PURPOSE_FAULTS));
        for _ in 0..cycles {
            self.cycle(&mut deck).await?;
        }
        closing.cancel();
        while let Some(ended) = tills.join_next().await {
            ended.unwrap();
        }
        rest::come_to_rest(&mut self.shop, &mut self.provider).await?;
        self.report.kills += 1;
        self.audit().await
    }

    /// A start, some work with faults, and death at a random instant: sometimes before the start is over.
    async fn cycle(&mut self, deck: &mut Deck) -> Result<(), Vec<String>> {
        self.provider.set_faults(&deck.deal()).await;
        let passed = self.dice.between(0, 50);
        self.provider.pass(passed).await;
        let callbacks = self.dice.percent(50);
        self.shop.spawn(callbacks);
        if self.dice.percent(15) {
            tokio::time::sleep(self.dice.milliseconds(0, 150)).await;
            self.report.early_kills += 1;
        } else {
            match self.shop.ready(READY_PATIENCE).await {
                Some(took) => self.report.starts.push(took),
                None => self.report.slow_starts += 1,
            }
            self.let_time_fly().await;
        }
        self.shop.kill();
        self.report.cycles += 1;
        self.report.kills += 1;
        self.provider.set_faults(&json!([])).await;
        let ledger = self.provider.ledger().await;
        let mut broken = audit::intent_first(&ledger, &names_now(&self.shop.database()).await);
        broken.extend(audit::at_any_moment(&ledger, &self.history.books()));
        sound(broken)
    }

    /// The provider's time runs some hundred times as fast as ours: sessions expire, attempts are given up, and the
    /// terminals are free again for the next sale.
    async fn let_time_fly(&mut self) {
        let life = self.dice.milliseconds(0, 1_500);
        let begun = Instant::now();
        while begun.elapsed() < life {
            let pause = self.dice.milliseconds(1, 60);
            tokio::time::sleep(pause.min(life.saturating_sub(begun.elapsed()))).await;
            let passed = self.dice.between(0, 25);
            self.provider.pass(passed).await;
        }
    }

    async fn audit(&mut self) -> Result<(), Vec<String>> {
        let listed = self.shop.every_operation(false).await;
        self.shop.stop().await;
        let ledger = self.provider.ledger().await;
        let journal = Journal::read(&self.shop.database()).await;
        let books = self.history.books();
        self.report.count(&ledger, &journal, &books, &self.provider.hits);
        let mut broken = audit::at_any_moment(&ledger, &books);
        broken.extend(audit::at_rest(&ledger, &journal, &books, &listed, &self.provider.hits));
        sound(broken)
    }

    fn tell(&mut self, number: u64, broken: &[String]) -> String {
        let folder = self.shop.keep();
        let cycle = self.report.cycles;
        let found = broken.iter().take(10).map(String::as_str).collect::<Vec<_>>().join("\n* ");
        format!("{} broken promises by cycle {cycle} (shop {number}, {}):\n* {found}", broken.len(), folder.display())
    }
}

fn sound(broken: Vec<String>) -> Result<(), Vec<String>> {
    if broken.is_empty() { Ok(()) } else { Err(broken) }
}
