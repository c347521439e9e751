//! The program against a model of what tills may expect, call by call: any sequence of calls, and a shorter one when it
//! fails. `REFERENCE_MODEL=50000 cargo test --release --test bridge reference_model -- --nocapture` is the long form.

use std::collections::BTreeMap;
use std::sync::Mutex;

use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::support::*;

/// Amounts that the simulator's customers pay, and one that they do not.
const PAID: [i64; 2] = [10_000, 20_000];
const DECLINED: i64 = 990_100;

/// What a till asks.
#[derive(Debug, Clone)]
enum Call {
    Pay { till: usize, number: u8, amount: i64 },
    Refund { till: usize, number: u8, sale: u8, amount: Option<i64> },
    Cancel { till: usize, number: u8 },
    Ask { till: usize, number: u8 },
    Book { till: usize, number: u8 },
    HangUp { till: usize, number: u8 },
    Restart,
}

/// A sale or a refund as its till must see it.
#[derive(Debug, Clone, PartialEq)]
struct Known {
    amount: i64,
    /// The sale that a refund gives back, and what was asked for.
    original: Option<(u8, Option<i64>)>,
    status: &'static str,
    given_back: i64,
}

/// What every till knows, whoever drives its terminal: no till can tell.
#[derive(Debug, Clone)]
struct Shop {
    provider: Behind,
    known: BTreeMap<(usize, &'static str, u8), Known>,
}

struct Expected;

impl Expected {
    /// What the call must be answered with; the shop changes with it.
    fn answer(shop: &mut Shop, call: &Call) -> &'static str {
        match *call {
            Call::Pay { till, number, amount } => Self::pay(shop, (till, "sale", number), amount),
            Call::Refund { till, number, sale, amount } => Self::refund(shop, (till, number), sale, amount),
            Call::HangUp { till, number } => {
                shop.known.entry((till, "sale", number)).or_insert_with(|| sale_of(PAID[0]));
                "gone"
            }
            Call::Cancel { till, number } | Call::Ask { till, number } | Call::Book { till, number } => {
                shop.known.get(&(till, "sale", number)).map_or("not_found", |known| known.status)
            }
            Call::Restart => "restarted",
        }
    }

    fn pay(shop: &mut Shop, name: (usize, &'static str, u8), amount: i64) -> &'static str {
        let known = shop.known.entry(name).or_insert_with(|| sale_of(amount));
        if known.amount == amount { known.status } else { "reference_conflict" }
    }

    fn refund(shop: &mut Shop, (till, number): (usize, u8), sale: u8, amount: Option<i64>) -> &'static str {
        let Some(original) = shop.known.get(&(till, "sale", sale)).cloned() else { return "not_found" };
        if let Some(known) = shop.known.get(&(till, "refund", number)) {
            let same_amount = amount.is_none_or(|amount| amount == known.amount);
            let same = known.original.is_some_and(|(before, _)| before == sale) && same_amount;
            return if same { known.status } else { "reference_conflict" };
        }
        let left = original.amount - original.given_back;
        let wanted = amount.unwrap_or(left);
        match original.status {
            "approved" if wanted > 0 && wanted <= left => {}
            "approved" => return "refund_exceeds",
            _ => return "not_refundable",
        }
        if let Some(sale) = shop.known.get_mut(&(till, "sale", sale)) {
            sale.given_back += wanted;
        }
        let refund = Known { amount: wanted, original: Some((sale, amount)), status: "approved", given_back: 0 };
        shop.known.insert((till, "refund", number), refund);
        "approved"
    }
}

fn sale_of(amount: i64) -> Known {
    let status = if amount == DECLINED { "declined" } else { "approved" };
    Known { amount, original: None, status, given_back: 0 }
}

impl ReferenceStateMachine for Expected {
    type State = Shop;
    type Transition = Call;

    fn init_state() -> BoxedStrategy<Shop> {
        prop::sample::select(&Behind::BOTH).prop_map(|provider| Shop { provider, known: BTreeMap::new() }).boxed()
    }

    fn transitions(_: &Shop) -> BoxedStrategy<Call> {
        let name = || (1_usize..=2, 0_u8..4);
        let amount = prop_oneof![4 => Just(PAID[0]), 1 => Just(PAID[1]), 2 => Just(DECLINED)];
        let part = prop_oneof![Just(None), Just(Some(4_000)), Just(Some(7_000))];
        prop_oneof![
            6 => (name(), amount).prop_map(|((till, number), amount)| Call::Pay { till, number, amount }),
            6 => (name(), 0_u8..4, part)
                .prop_map(|((till, number), sale, amount)| Call::Refund { till, number, sale, amount }),
            1 => name().prop_map(|(till, number)| Call::Cancel { till, number }),
            1 => name().prop_map(|(till, number)| Call::Ask { till, number }),
            1 => name().prop_map(|(till, number)| Call::Book { till, number }),
            1 => name().prop_map(|(till, number)| Call::HangUp { till, number }),
            1 => Just(Call::Restart),
        ]
        .boxed()
    }

    fn apply(mut shop: Shop, call: &Call) -> Shop {
        Self::answer(&mut shop, call);
        shop
    }
}

/// How often each word was heard, and of whose terminals.
static HEARD: Mutex<BTreeMap<&str, u64>> = Mutex::new(BTreeMap::new());

/// The program, and the model of it before the next call.
struct Program {
    runtime: Runtime,
    bridge: Bridge,
    shop: Shop,
}

impl Program {
    async fn call(bridge: &mut Bridge, call: &Call) -> String {
        let answer = match *call {
            Call::Pay { till, number, amount } => bridge.till(till).pay(&format!("R-{number}"), amount).await,
            Call::Refund { till, number, sale, amount } => {
                bridge.till(till).refund(&format!("B-{number}"), &format!("R-{sale}"), amount).await
            }
            Call::Cancel { till, number } => bridge.till(till).cancel(&format!("R-{number}")).await,
            Call::Ask { till, number } => bridge.till(till).get(&format!("/pay/R-{number}")).await,
            Call::Book { till, number } => bridge.till(till).post(&format!("/pay/R-{number}/ack"), json!({})).await,
            Call::HangUp { till, number } => {
                let (till, reference) = (bridge.till(till), format!("R-{number}"));
                till.pay_and_hang_up(&reference, PAID[0]).await;
                // The next call finds it decided, as the model does.
                till.result(&reference).await;
                return "gone".to_owned();
            }
            Call::Restart => {
                bridge.kill();
                bridge.boot().await;
                return "restarted".to_owned();
            }
        };
        answer.word().to_owned()
    }
}

impl StateMachineTest for Program {
    type SystemUnderTest = Self;
    type Reference = Expected;

    fn init_test(shop: &Shop) -> Self {
        let runtime = Runtime::new().unwrap();
        let (provider, refund) = (shop.provider, shop.provider.refund_without_card());
        let bridge = runtime.block_on(Bridge::with(Setup { provider, refund, ..Setup::default() }));
        let behind = if provider == Behind::Dojo { "behind Dojo" } else { "behind Dintero" };
        *HEARD.lock().unwrap().entry(behind).or_default() += 1;
        Self { runtime, bridge, shop: shop.clone() }
    }

    fn apply(mut program: Self, _: &Shop, call: Call) -> Self {
        let expected = Expected::answer(&mut program.shop, &call);
        let answered = program.runtime.block_on(Self::call(&mut program.bridge, &call));
        assert_eq!(answered, expected, "{call:?}");
        let what =
            if matches!(call, Call::Refund { .. }) && answered == "approved" { "refund approved" } else { expected };
        *HEARD.lock().unwrap().entry(what).or_default() += 1;
        program
    }

    fn teardown(program: Self, shop: Shop) {
        program.runtime.block_on(async {
            program.bridge.books_agree().await;
            let given_back: i64 = shop.known.values().map(|known| known.given_back).sum();
            assert_eq!(program.bridge.simulator.books().await["refunded"], given_back);
        });
    }
}

/// The short form's sequences of calls.
const SHORT: u64 = 6;
/// From so many sequences on every word must have been heard.
const LONG: u64 = 100;
/// What the model can say, and of whose terminals.
const WORDS: [&str; 11] = [
    "behind Dintero",
    "behind Dojo",
    "approved",
    "declined",
    "reference_conflict",
    "refund_exceeds",
    "not_refundable",
    "not_found",
    "gone",
    "restarted",
    "refund approved",
];
const CALLS: std::ops::Range<usize> = 10..40;

#[test]
fn the_program_answers_as_the_model_does() {
    let mut campaign = Campaign::asked("REFERENCE_MODEL", SHORT);
    for seed in campaign.by_ref() {
        let config = ProptestConfig {
            cases: 1,
            rng_seed: RngSeed::Fixed(seed),
            max_shrink_iters: 40,
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        let played =
            TestRunner::new(config.clone()).run(&Expected::sequential_strategy(CALLS), |(shop, calls, seen)| {
                Program::test_sequential(config.clone(), shop, calls, seen);
                Ok(())
            });
        played.unwrap_or_else(|broken| panic!("REFERENCE_MODEL_FROM={seed}: {broken}"));
    }
    let heard = HEARD.lock().unwrap();
    println!("{heard:?}");
    let never: Vec<_> = WORDS.into_iter().filter(|word| !heard.contains_key(*word)).collect();
    assert!(campaign.rounds() < LONG || never.is_empty(), "vacuous: never heard: {never:?}");
}
