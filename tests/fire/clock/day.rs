//! A day at two tills, one at each provider, and everything that was decided in it.

use std::fmt;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use super::scenario::{Machine, Scenario};
use crate::caller::Caller;
use crate::dice::Dice;
use crate::history::Told;
use crate::provider::Ledger;
use crate::rest;
use crate::world::{World, sound};

/// Numbers that start over after a month, sales without a number, and a limit for a day's refunds: what goes by time.
const PROFILE: &str = "reference = \"optional\"\nreference_reuse_days = 30\nrefund_max_per_day = 25000";
/// Nothing happens until it expires, or is cancelled.
const WAITS_FOR_CARD: i64 = 990_104;
const DECLINED: i64 = 990_100;
/// Seconds that a till waits, and how long it goes on asking then.
const WAIT: u32 = 2;
const PATIENCE: Duration = Duration::from_secs(20);

/// What the tills were told, in the order of the day.
#[derive(Debug, Default)]
pub(super) struct Decisions(Vec<String>);

impl Decisions {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn mention(&self, word: &str) -> bool {
        self.0.iter().any(|decision| decision.contains(word))
    }

    pub(super) fn compare(&self, right: &Self) -> Result<(), Vec<String>> {
        let pairs = self.0.iter().zip(&right.0).filter(|(found, right)| found != right);
        sound(pairs.map(|(found, right)| format!("decided otherwise: {found}\n  not {right}")).collect())
    }
}

impl fmt::Display for Decisions {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.write_str(&self.0.join("\n"))
    }
}

struct Day<'a> {
    world: &'a mut World,
    machine: &'a Machine,
    scenario: Scenario,
    dice: Dice,
    decisions: Decisions,
    /// By till, the operation of the first sale without a number.
    without_number: [Option<String>; 2],
}

pub(super) async fn live(
    world: &mut World,
    machine: &Machine,
    scenario: Scenario,
    seed: u64,
) -> Result<Decisions, Vec<String>> {
    world.shop.profile = PROFILE;
    scenario.opens(machine, &mut world.shop);
    rest::start_in_peace(&mut world.shop).await?;
    let dice = Dice::new(seed, 0, 1);
    let mut day = Day { world, machine, scenario, dice, decisions: Decisions::default(), without_number: [None, None] };
    day.morning().await;
    scenario.turns(machine, &mut day.world.shop).await;
    rest::start_in_peace(&mut day.world.shop).await?;
    day.afternoon().await?;
    let decisions = day.decisions;
    if !machine.is_believed_by(&world.shop) {
        return Err(vec!["vacuous: the bridge does not take the clock that it is given".to_owned()]);
    }
    world.close_books().await?;
    Ok(decisions)
}

impl Day<'_> {
    async fn morning(&mut self) {
        self.pay("S-1", 39_900, WAIT).await;
        self.refund("B-1", 10_000).await;
        self.pay("S-2", DECLINED, WAIT).await;
        self.pay_without_number(12_300).await;
        self.pay_without_number(45_600).await;
        self.lose_a_request().await;
        self.wait_for_card("S-4").await;
    }

    async fn afternoon(&mut self) -> Result<(), Vec<String>> {
        // Nobody knows yet what became of it, whatever the time is.
        self.look("S-3").await;
        self.pay("S-1", 39_900, 0).await;
        self.pay("S-1", 39_901, 0).await;
        self.cancel("S-4").await;
        self.pay("S-2", DECLINED, WAIT).await;
        self.pay_without_number(12_300).await;
        self.refund("B-1", 10_000).await;
        self.refund("B-2", 20_000).await;
        self.lose_an_answer().await;
        rest::decide_everything(&self.world.shop, &mut self.world.provider).await?;
        self.look("S-3").await;
        self.pay("S-6", 5_000, WAIT).await;
        Ok(())
    }

    async fn pay(&mut self, reference: &str, amount: i64, wait: u32) {
        self.scenario.goes_on(self.machine, &mut self.dice);
        let World { first, second, .. } = &*self.world;
        let sell =
            async |till: &Caller| till.followed("sale", reference, till.pay(reference, amount, wait).await, wait).await;
        let replies = tokio::join!(sell(first), sell(second));
        self.note(&format!("pay {reference} {amount}"), [replies.0, replies.1]);
    }

    /// The same amount within a minute and a half is the same sale.
    async fn pay_without_number(&mut self, amount: i64) {
        self.scenario.goes_on(self.machine, &mut self.dice);
        let World { first, second, .. } = &*self.world;
        let replies = tokio::join!(first.pay_without_number(amount), second.pay_without_number(amount));
        let replies = [replies.0, replies.1];
        for (known, reply) in self.without_number.iter_mut().zip(&replies) {
            let operation = reply.as_ref().and_then(|(_, reply)| reply["operation_id"].as_str()).map(str::to_owned);
            let again = if *known == operation { "the same as before" } else { "another one" };
            self.decisions.0.push(format!("{amount} without a number: {again}"));
            if known.is_none() {
                *known = operation;
            }
        }
        self.note(&format!("pay {amount} without a number"), replies);
    }

    async fn refund(&mut self, reference: &str, amount: i64) {
        self.scenario.goes_on(self.machine, &mut self.dice);
        let World { first, second, .. } = &*self.world;
        let give = async |till: &Caller| {
            let reply = till.refund(reference, "S-1", amount, WAIT).await;
            till.followed("refund", reference, reply, WAIT).await
        };
        let replies = tokio::join!(give(first), give(second));
        self.note(&format!("refund {reference} {amount}"), [replies.0, replies.1]);
    }

    /// Whatever the till asks before it is decided, it hears no end of it.
    async fn look(&mut self, reference: &str) {
        self.scenario.goes_on(self.machine, &mut self.dice);
        let World { first, second, .. } = &*self.world;
        let path = format!("/pay/{reference}?wait=1");
        let replies = tokio::join!(first.call(Method::GET, &path, None), second.call(Method::GET, &path, None));
        self.note(&format!("look at {reference}"), [replies.0, replies.1]);
    }

    async fn cancel(&mut self, reference: &str) {
        self.scenario.goes_on(self.machine, &mut self.dice);
        let World { first, second, .. } = &*self.world;
        tokio::join!(first.cancel(reference), second.cancel(reference));
        let begun = Instant::now();
        let both = async || tokio::join!(first.look("sale", reference), second.look("sale", reference)) == (true, true);
        while !both().await && begun.elapsed() < PATIENCE {}
        self.look(reference).await;
    }

    /// It is at both providers when the day turns.
    async fn wait_for_card(&mut self, reference: &str) {
        let before = requests(&self.world.provider.ledger().await);
        self.pay(reference, WAITS_FOR_CARD, 0).await;
        let begun = Instant::now();
        let arrived = async || {
            let now = requests(&self.world.provider.ledger().await);
            now.0 > before.0 && now.1 > before.1
        };
        while !arrived().await && begun.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// On other terminals: it holds them until it is given up.
    async fn lose_a_request(&mut self) {
        let rule = |call| json!({ "call": call, "fault": "lose_request", "times": 1 });
        self.world.provider.set_faults(&json!([rule("create_session"), rule("create_terminal_session")])).await;
        let World { first, second, .. } = &*self.world;
        let replies =
            tokio::join!(first.pay_on("terminal-2", "S-3", 20_000, 0), second.pay_on("machine-2", "S-3", 20_000, 0));
        tokio::join!(first.has_no_answer("S-3"), second.has_no_answer("S-3"));
        self.note("pay S-3", [replies.0, replies.1]);
    }

    async fn lose_an_answer(&mut self) {
        let rule = |call| json!({ "call": call, "fault": "lose_reply", "times": 1 });
        self.world.provider.set_faults(&json!([rule("create_session"), rule("create_terminal_session")])).await;
        self.pay("S-5", 15_000, WAIT).await;
    }

    fn note(&mut self, what: &str, replies: [Option<(u16, Value)>; 2]) {
        let words = replies.map(decision);
        self.decisions.0.extend([format!("Dintero, {what}: {}", words[0]), format!("Dojo, {what}: {}", words[1])]);
    }
}

/// How often each provider was asked for a payment.
fn requests(ledger: &Ledger) -> (u64, u64) {
    (ledger.create_requests.values().sum(), ledger.dojo.session_requests.values().sum())
}

/// Whether a sale under way is already found is chance.
fn decision(reply: Option<(u16, Value)>) -> String {
    let Some((http, reply)) = reply else { return "no answer".to_owned() };
    match Told::of(&reply) {
        Some(told) if told.is_final || reply["retry"] == "operator" => {
            format!("{http} {} {} of {}, attempt {}", told.status, told.amount_approved, told.amount, told.attempt)
        }
        Some(_) => "not decided".to_owned(),
        None => format!("{http} {}", reply["code"].as_str().unwrap_or("neither a reply nor a problem")),
    }
}

impl Caller {
    /// A till that waits asks on until it hears the end.
    async fn followed(
        &self,
        kind: &'static str,
        reference: &str,
        mut reply: Option<(u16, Value)>,
        wait: u32,
    ) -> Option<(u16, Value)> {
        let begun = Instant::now();
        let room = if kind == "sale" { "pay" } else { "refund" };
        let is_open = |reply: &Option<(u16, Value)>| reply.as_ref().is_none_or(|(_, it)| it["final"] == false);
        while wait > 0 && is_open(&reply) && begun.elapsed() < PATIENCE {
            reply = self.call(Method::GET, &format!("/{room}/{reference}?wait=1"), None).await;
            self.hear(&self.key(kind, reference), reply.clone());
        }
        reply
    }

    /// Waits until the request has struck the fault that was laid for it, and not the next one.
    async fn has_no_answer(&self, reference: &str) {
        let begun = Instant::now();
        let path = format!("/pay/{reference}");
        let is_unknown =
            async || self.call(Method::GET, &path, None).await.is_some_and(|(_, it)| it["status"] == "unknown");
        while !is_unknown().await && begun.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn pay_without_number(&self, amount: i64) -> Option<(u16, Value)> {
        let body = json!({ "amount": amount, "wait": WAIT });
        let begun = Instant::now();
        let mut reply = self.call(Method::POST, "/pay", Some(&body)).await;
        while reply.as_ref().is_none_or(|(_, it)| it["final"] == false) && begun.elapsed() < PATIENCE {
            // It has no number to ask by: it repeats itself.
            reply = self.call(Method::POST, "/pay", Some(&body)).await;
        }
        if let Some(reference) = reply.as_ref().and_then(|(_, reply)| reply["reference"].as_str()) {
            let key = self.key("sale", reference);
            self.history.asks(&key, Some(amount));
            self.hear(&key, reply.clone());
        }
        reply
    }
}
