//! Everybody at once: fifty tills at ten terminals, every one of them impatient (I1, I11, I14), behind either provider.
//! `CROWD=1000 cargo test --release --test bridge crowd -- --nocapture` does it again and again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::json;
use sqlx::ConnectOptions;
use tokio_util::sync::CancellationToken;

use crate::support::*;

const TILLS: usize = 50;
const TERMINALS: usize = 10;
const BETWEEN_QUESTIONS: Duration = Duration::from_millis(20);
/// Also on a busy machine, and in a debug build.
const ANSWERED_WITHIN: Duration = Duration::from_secs(3);

/// Fifty tills send each sale three times at once, five tills to a terminal. Whoever finds it held asks again.
#[tokio::test]
async fn fifty_tills_at_ten_terminals_are_each_charged_once() {
    for _ in Campaign::asked("CROWD", 1) {
        for provider in Behind::BOTH {
            fifty_tills_sell(provider).await;
        }
    }
}

async fn fifty_tills_sell(provider: Behind) {
    let profile = "queue_seconds = 300";
    let setup = Setup { provider, tills: TILLS, terminals: TERMINALS, profile, ..Setup::default() };
    let bridge = Bridge::with(setup).await;
    let sold = CancellationToken::new();
    let asking = tokio::spawn(ask_until(sold.clone(), bridge.till(1)));
    let calls: Vec<_> = (1..=TILLS)
        .flat_map(|number| std::iter::repeat_n(number, 3))
        .map(|number| {
            let till = bridge.till(number);
            tokio::spawn(async move { paid_at_last(&till).await })
        })
        .collect();
    for call in calls {
        call.await.unwrap();
    }
    sold.cancel();
    let (asked, p99) = asking.await.unwrap();
    println!("behind {provider:?} {asked} questions while the fifty sold, 99 of 100 answered within {p99:.0?}");
    assert!(p99 < ANSWERED_WITHIN, "{p99:?}");
    let books = bridge.simulator.books().await;
    assert_eq!(books["captured"], i64::try_from(TILLS).unwrap() * 10_000);
    let sent = books["create_requests"].as_object().unwrap();
    assert!(sent.len() == TILLS && sent.values().all(|count| count == 1), "{sent:?}");
    assert_eq!(most_at_once(&bridge).await, 1, "one sale on a terminal at a time");
}

/// Asks where a sale stands, again and again. How often, and within which time 99 of 100 were answered.
async fn ask_until(sold: CancellationToken, till: Till) -> (usize, Duration) {
    let mut took = Vec::new();
    while sold.run_until_cancelled(tokio::time::sleep(BETWEEN_QUESTIONS)).await.is_some() {
        let asked = Instant::now();
        till.get("/pay/R-1").await;
        took.push(asked.elapsed());
    }
    took.sort();
    (took.len(), took.get(took.len() * 99 / 100).copied().unwrap_or_default())
}

/// Its own copies are told that the terminal is held while another till's sale runs; it asks until it is paid.
async fn paid_at_last(till: &Till) {
    eventually_paid(|| async {
        let answer = till.pay("R-1", 10_000).await;
        match answer.word() {
            "approved" => Some(()),
            "terminal_busy" | "pending" => None,
            other => panic!("{other}: {answer:?}"),
        }
    })
    .await;
}

async fn eventually_paid<Asking: Future<Output = Option<()>>>(ask: impl FnMut() -> Asking) {
    within(Duration::from_secs(60), "the sale to be paid", ask).await;
}

/// The most attempts that were live on one terminal at once, by the journal's log.
async fn most_at_once(bridge: &Bridge) -> usize {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(bridge.folder.database()).read_only(true);
    let mut journal = options.connect().await.unwrap();
    let log: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT a.terminal, a.reference, e.phase FROM event e JOIN attempt a ON a.operation = e.operation \
         AND a.number = e.attempt ORDER BY e.sequence",
    )
    .fetch_all(&mut journal)
    .await
    .unwrap();
    let mut live: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut most = 0;
    for (terminal, attempt, phase) in log {
        let on_terminal = live.entry(terminal).or_default();
        if ["sending", "open", "unknown"].contains(&phase.as_str()) {
            on_terminal.insert(attempt);
        } else {
            on_terminal.remove(&attempt);
        }
        most = most.max(on_terminal.len());
    }
    most
}

/// Twenty refunds of one sale from twenty tills, each sent twice: three fit.
#[tokio::test]
async fn twenty_tills_cannot_give_back_more_than_a_sale_took() {
    for _ in Campaign::asked("CROWD", 1) {
        for provider in Behind::BOTH {
            twenty_tills_give_back(provider).await;
        }
    }
}

async fn twenty_tills_give_back(provider: Behind) {
    let refund = provider.refund_without_card();
    let setup = Setup { provider, tills: 20, terminals: 10, refund, may_refund_others: true, ..Setup::default() };
    let bridge = Bridge::with(setup).await;
    bridge.till(1).pay("R-1", 10_000).await;
    let refunds: Vec<_> = (1..=20)
        .flat_map(|number| std::iter::repeat_n(number, 2))
        .map(|number| {
            let till = bridge.till(number);
            tokio::spawn(async move { (number, given_back_at_last(&till).await) })
        })
        .collect();
    let mut words: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for refund in refunds {
        let (number, word) = refund.await.unwrap();
        words.entry(number).or_default().push(word);
    }
    let approved = words.values().filter(|words| words.contains(&"approved".to_owned())).count();
    assert_eq!(approved, 3, "{words:?}");
    let books = bridge.simulator.books().await;
    assert_eq!(books["refunded"], 9_000);
    assert_eq!(books["refund_requests"].as_object().unwrap().len(), 3);
}

/// Dojo's refunds of one payment are made one at a time: whoever finds another under way asks again.
async fn given_back_at_last(till: &Till) -> String {
    let body = json!({ "reference": "B", "original_reference": "R-1", "original_till": "till-1", "amount": 3_000 });
    within(Duration::from_secs(60), "the refund to be decided", || async {
        let answer = till.post("/refund", body.clone()).await;
        let waits = answer.word() == "not_refundable" && answer.body["retry"] == "same_reference";
        (!waits).then(|| answer.word().to_owned())
    })
    .await
}
