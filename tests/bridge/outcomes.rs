//! Every outcome of the simulator's table, seen from the till (P18, P19, P29, P30).

use serde_json::json;

use crate::support::*;

/// P18, P19, P29, P30: refused, declined, stopped, authorised only, unknown for a while.
#[tokio::test]
async fn every_outcome_is_told_as_it_is() {
    let bridge = Bridge::with(Setup { tills: 2, terminals: 2, ..Setup::default() }).await;
    let cases = [
        (39_900, "approved", "never"),
        (100, "approved", "never"),
        (990_100, "declined", "new_attempt"),
        (990_101, "declined", "new_attempt"),
        (990_102, "declined", "new_attempt"),
        (990_103, "cancelled", "new_attempt"),
        (990_105, "approved", "never"),
        (990_108, "failed", "new_attempt"),
        (990_109, "approved", "never"),
        (990_110, "approved", "never"),
        (990_111, "approved", "never"),
        (990_115, "approved", "never"),
        (990_201, "approved", "never"),
        (990_202, "approved", "never"),
        (990_203, "approved", "never"),
    ];
    for (amount, status, retry) in cases {
        let answer = bridge.till(1).pay(&format!("R-{amount}"), amount).await;
        assert_eq!((answer.status, answer.word(), &answer.body["retry"]), (200, status, &json!(retry)), "{amount}");
        assert_eq!(answer.body["amount_approved"], json!(if status == "approved" { amount } else { 0 }));
        let has_reason = matches!(status, "declined" | "failed");
        assert_eq!(answer.body["reason"].is_string(), has_reason, "{amount}: {:?}", answer.body);
        assert!(!answer.body["message"].as_str().unwrap().is_empty());
    }
}

/// P30: an outcome that the provider does not know stays open, and is never called unpaid.
#[tokio::test]
async fn p30_what_the_provider_does_not_know_stays_open() {
    let bridge = Bridge::start().await;
    let answer = bridge.till(1).post("/pay", json!({ "reference": "R-1", "amount": 990_114, "wait": 1 })).await;
    assert_eq!((answer.status, answer.word()), (202, "pending"));
    assert_eq!(bridge.till(1).begin("R-2", 100).await.word(), "terminal_busy");
}

/// P17: an amount that differs is never accepted; it is loud.
#[tokio::test]
async fn p17_a_record_with_another_amount_is_unknown_and_loud() {
    let bridge = Bridge::start().await;
    let answer = bridge.till(1).post("/pay", json!({ "reference": "R-1", "amount": 990_113, "wait": 2 })).await;
    assert_eq!((answer.status, answer.word()), (202, "unknown"), "{:?}", answer.body);
    assert_eq!(answer.body["amount_approved"], 0);
    let alarms = bridge.run(&["alarms", "--json"]).await;
    let alarms = String::from_utf8(alarms.stdout).unwrap();
    assert!(alarms.contains("mismatch") && alarms.contains("990213"), "{alarms}");
    let in_words = String::from_utf8(bridge.run(&["alarms"]).await.stdout).unwrap();
    assert!(in_words.contains("mismatch") && in_words.contains("990213"), "{in_words}");
    assert!(bridge.metric("pos_bridge_alarms_total").await.contains("mismatch"));
}

/// The figure that somebody is woken by.
#[tokio::test]
async fn the_figures_tell_which_alarms_stand() {
    let mut bridge = Bridge::start().await;
    let shown = async |bridge: &Bridge, count: &str| {
        eventually("the figure", || async {
            let line = bridge.metric("pos_bridge_alarms_standing{").await;
            (line == format!("pos_bridge_alarms_standing{{kind=\"mismatch\"}} {count}")).then_some(())
        })
        .await;
    };
    bridge.till(1).post("/pay", json!({ "reference": "R-1", "amount": 990_113, "wait": 2 })).await;
    shown(&bridge, "1").await;
    bridge.kill();
    bridge.boot().await;
    shown(&bridge, "1").await;
    assert!(bridge.run(&["acknowledge", "1", "--by", "Kari"]).await.status.success());
    shown(&bridge, "0").await;
}

/// No card until the time is up: the session is cancelled, and that is the proof.
#[tokio::test]
async fn a_customer_who_never_shows_a_card_is_proven_unpaid() {
    let bridge = Bridge::with(Setup { ttl_seconds: 30, speed: 100, ..Setup::default() }).await;
    let till = bridge.till(1);
    assert_eq!(till.begin("R-1", 990_104).await.word(), "pending");
    bridge.simulator.clock_ahead(31).await;
    let answer = till.result("R-1").await;
    assert_eq!((answer.word(), &answer.body["retry"]), ("cancelled", &json!("new_attempt")));
    assert_eq!(till.pay("R-2", 100).await.word(), "approved", "the terminal is free again");
}
