//! A provider that lies, babbles and falls silent in the middle of everything: each thing that it can do wrong, on each call,
//! for as long as the sale is under way.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};

use crate::arguments::Form;
use crate::crowd;
use crate::dice::Dice;
use crate::faults::{every_rule_for_calls, provider_of};
use crate::provider::label;
use crate::rest;
use crate::vitals::Vitals;
use crate::world::World;

const SHORT_SHOPS: usize = 2;
/// A shop lives through so many lies.
const RULES_PER_SHOP: usize = 4;
const DECLINED: i64 = 990_100;
const WAITS_FOR_CARD: i64 = 990_104;
/// Until it is on the terminal, as a rule: what was not sent yet is stopped without a word to its provider.
const ON_ITS_WAY: Duration = Duration::from_millis(150);
/// What a lying provider may make the bridge hold on top, in KiB: an endless answer has 256 MiB.
const KIB_MORE: u64 = 64 << 10;

#[derive(Debug, Default)]
struct Found {
    hits: BTreeMap<String, u64>,
    approved: usize,
    memory: u64,
}

/// A part of all rules, by its number.
#[derive(Debug, Clone, Copy)]
struct Part {
    seed: u64,
    first: usize,
}

pub(super) async fn run(form: &Form) -> Result<(), String> {
    let all = shuffled(form.seed).len();
    let mut parts: Vec<Part> = (0..all).step_by(RULES_PER_SHOP).map(|first| Part { seed: form.seed, first }).collect();
    if !form.is_long {
        parts.truncate(SHORT_SHOPS);
    }
    let mut sum = Found::default();
    let outcome = crowd::run(
        form,
        "lying provider",
        &parts,
        |_, part| live(part),
        |_, found: Found| {
            found.hits.into_iter().for_each(|(rule, count)| *sum.hits.entry(rule).or_default() += count);
            sum.approved += found.approved;
            sum.memory = sum.memory.max(found.memory);
        },
    );
    outcome.await?;
    let struck = kinds(sum.hits.keys());
    println!(
        "{} of {all} lies struck, of {} kinds; {} approved, 0 of them falsely; memory {} KiB at most on top",
        sum.hits.len(),
        struck.len(),
        sum.approved,
        sum.memory
    );
    if sum.memory > KIB_MORE {
        return Err(format!("a provider made the bridge hold {} KiB", sum.memory));
    }
    let is_whole = form.from == 0 && form.until.is_none();
    if is_whole && (sum.approved == 0 || sum.hits.is_empty()) {
        return Err("vacuous: no lie struck, or nothing was approved".to_owned());
    }
    let labels: Vec<String> = every_rule_for_calls().iter().map(label).collect();
    let kinds_left = kinds(labels.iter()).difference(&struck).cloned().collect::<Vec<_>>();
    let calls_left = calls(labels.iter()).difference(&calls(sum.hits.keys())).cloned().collect::<Vec<_>>();
    let never = [kinds_left, calls_left].concat();
    if form.is_long && is_whole && !never.is_empty() {
        return Err(format!("vacuous: never struck: {}", never.join(", ")));
    }
    Ok(())
}

fn shuffled(seed: u64) -> Vec<Value> {
    let mut rules = every_rule_for_calls();
    Dice::new(seed, 0, 3).shuffle(&mut rules);
    rules
}

/// By provider and fault, whatever the call.
fn kinds<'a>(labels: impl Iterator<Item = &'a String>) -> BTreeSet<String> {
    labels.filter_map(|rule| rule.split_once(' ')).map(|(call, kind)| format!("{} {kind}", provider_of(call))).collect()
}

fn calls<'a>(labels: impl Iterator<Item = &'a String>) -> BTreeSet<String> {
    labels.filter_map(|rule| rule.split_once(' ')).map(|(call, _)| call.to_owned()).collect()
}

async fn live(Part { seed, first }: Part) -> Result<Found, String> {
    let mut world = World::open_with_dojo(40, seed.wrapping_add(u64::try_from(first).unwrap())).await;
    // By either way, one shop after the other.
    world.refund_at_dojo(if first % (2 * RULES_PER_SHOP) == 0 { "api" } else { "terminal" });
    let rules: Vec<Value> = shuffled(seed).into_iter().skip(first).take(RULES_PER_SHOP).collect();
    let lived = hear_lies(&mut world, &rules).await;
    lived.map_err(|broken| format!("{rules:?} ({}):\n* {}", world.keep().display(), broken.join("\n* ")))
}

async fn hear_lies(world: &mut World, rules: &[Value]) -> Result<Found, Vec<String>> {
    rest::start_in_peace(&mut world.shop).await?;
    let before = Vitals::of(world.shop.id()).memory;
    let mut most = before;
    for (number, rule) in rules.iter().enumerate() {
        world.provider.set_faults(&always(rule)).await;
        sell(world, number).await;
        most = most.max(Vitals::of(world.shop.id()).memory);
        world.provider.set_faults(&json!([])).await;
        rest::decide_everything(&world.shop, &mut world.provider).await?;
    }
    // What it lied about at a start.
    let twice = rules.iter().map(|rule| {
        let mut rule = rule.clone();
        (rule["per_mille"], rule["times"]) = (json!(1000), json!(2));
        rule
    });
    let any = [json!({ "fault": "garbage", "times": 3 }), json!({ "fault": "deep", "times": 2 })];
    world.provider.set_faults(&twice.chain(any).collect()).await;
    world.shop.kill();
    rest::start_in_peace(&mut world.shop).await?;
    world.provider.set_faults(&json!([])).await;
    let approved = world.approved().await;
    let hits = rules.iter().map(label).filter_map(|rule| Some((rule.clone(), *world.provider.hits.get(&rule)?)));
    let hits = hits.filter(|(_, count)| *count > 0).collect();
    world.close_books().await?;
    Ok(Found { hits, approved, memory: most.saturating_sub(before) })
}

/// The lie, each time, and what must go wrong besides for its call to be made.
fn always(rule: &Value) -> Value {
    let mut rule = rule.clone();
    rule["per_mille"] = json!(1000);
    // Without an answer to the request the bridge looks for its payment in the lists.
    let lost = |call: &str| json!({ "call": call, "fault": "lose_reply", "times": 1, "skip": 1 });
    // An intent is let go where its machine is in use.
    let in_use = json!({ "call": "create_terminal_session", "fault": { "status": { "code": 409 } }, "skip": 2 });
    let in_use = Some(in_use).filter(|_| rule["call"] == "cancel_intent");
    [rule, lost("create_session"), lost("create_terminal_session")].into_iter().chain(in_use).collect()
}

/// A sale that is paid and given back in part, one that is lost, one that is declined, and one that is cancelled, at each
/// provider.
async fn sell(world: &World, number: usize) {
    let [paid, lost, refused, stopped, back] = ["S", "L", "D", "C", "B"].map(|kind| format!("{kind}-{number}"));
    let at = async |till: &crate::caller::Caller| {
        till.pay(&paid, 2_000, 1).await;
        till.refund(&back, &paid, 500, 1).await;
        till.pay(&lost, 3_000, 1).await;
        till.pay(&refused, DECLINED, 1).await;
        till.pay(&stopped, WAITS_FOR_CARD, 0).await;
        tokio::time::sleep(ON_ITS_WAY).await;
        till.cancel(&stopped).await;
    };
    tokio::join!(at(&world.first), at(&world.second));
}

impl World {
    async fn approved(&self) -> usize {
        let all = self.shop.every_operation(false).await;
        all.iter().filter(|operation| operation["status"] == "approved").count()
    }
}
