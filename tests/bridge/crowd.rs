//! Everybody at once: fifty tills at ten terminals, every one of them impatient (I1, I11, I14).
//! `CROWD=1000 cargo test --release --test bridge crowd -- --nocapture` does it again and again.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use sqlx::ConnectOptions;

use crate::support::*;

const TILLS: usize = 50;
const TERMINALS: usize = 10;

/// Fifty tills send each sale three times at once, five tills to a terminal. Whoever finds it held asks again.
#[tokio::test]
async fn fifty_tills_at_ten_terminals_are_each_charged_once() {
    for _ in Campaign::asked("CROWD", 1) {
        fifty_tills_sell().await;
    }
}

async fn fifty_tills_sell() {
    let setup = Setup { tills: TILLS, terminals: TERMINALS, profile: "queue_seconds = 300", ..Setup::default() };
    let bridge = Bridge::with(setup).await;
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
    let ledger = bridge.simulator.ledger().await;
    assert_eq!(ledger["captured"], i64::try_from(TILLS).unwrap() * 10_000);
    let sent = ledger["create_requests"].as_object().unwrap();
    assert!(sent.len() == TILLS && sent.values().all(|count| count == 1), "{sent:?}");
    assert_eq!(most_at_once(&bridge).await, 1, "one sale on a terminal at a time");
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
    within(std::time::Duration::from_secs(60), "the sale to be paid", ask).await;
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
        twenty_tills_give_back().await;
    }
}

async fn twenty_tills_give_back() {
    let setup = Setup { tills: 20, terminals: 10, refund: "plain", may_refund_others: true, ..Setup::default() };
    let bridge = Bridge::with(setup).await;
    bridge.till(1).pay("R-1", 10_000).await;
    let refunds: Vec<_> = (1..=20)
        .flat_map(|number| std::iter::repeat_n(number, 2))
        .map(|number| {
            let till = bridge.till(number);
            let body =
                json!({ "reference": "B", "original_reference": "R-1", "original_till": "till-1", "amount": 3_000 });
            tokio::spawn(async move { (number, till.post("/refund", body).await.word().to_owned()) })
        })
        .collect();
    let mut words: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for refund in refunds {
        let (number, word) = refund.await.unwrap();
        words.entry(number).or_default().push(word);
    }
    let approved = words.values().filter(|words| words.contains(&"approved".to_owned())).count();
    assert_eq!(approved, 3, "{words:?}");
    let ledger = bridge.simulator.ledger().await;
    assert_eq!(ledger["refunded"], 9_000);
    assert_eq!(ledger["refund_requests"].as_object().unwrap().len(), 3);
}
