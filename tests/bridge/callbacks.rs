//! Callbacks: hints that have the record read sooner (P20 to P25).

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::*;

/// A bridge that reads so seldom that only a callback brings news in time.
async fn called_bridge() -> Bridge {
    Bridge::with(Setup { callbacks: true, poll_ms: 8000, ..Setup::default() }).await
}

async fn ask_for_callback(bridge: &Bridge, session: &Value, kind: &str) -> Value {
    let body = json!({ "session_id": session, "kind": kind });
    bridge.simulator.control(Method::POST, "/callbacks", &body).await["status"].clone()
}

#[tokio::test]
async fn p20_a_callback_brings_the_result_before_the_next_poll() {
    let bridge = called_bridge().await;
    let waited = tokio::time::Instant::now();
    for (reference, amount, expected) in
        [("R-1", 39_900, "approved"), ("R-2", 990_100, "declined"), ("R-3", 990_103, "cancelled")]
    {
        assert_eq!(bridge.till(1).pay(reference, amount).await.word(), expected);
    }
    assert!(waited.elapsed().as_secs() < 8, "without callbacks each would have taken eight seconds");
    bridge.books_agree().await;
}

/// P20: lost, late, dropped: polling alone is complete.
#[tokio::test]
async fn p20_without_callbacks_everything_still_works() {
    let bridge = Bridge::with(Setup { callbacks: true, ..Setup::default() }).await;
    bridge.simulator.faults(json!([{ "call": "callback", "fault": "dropped", "times": 1000 }])).await;
    assert_eq!(bridge.till(1).pay("R-1", 39900).await.word(), "approved");
    bridge.books_agree().await;
}

/// P21, P22: fifty times, late, and in any order.
#[tokio::test]
async fn p21_callbacks_are_idempotent_and_have_no_order() {
    for fault in [json!({ "duplicate": 50 }), json!({ "late": 200 }), json!("reordered")] {
        let bridge = Bridge::with(Setup { callbacks: true, ..Setup::default() }).await;
        bridge.simulator.faults(json!([{ "call": "callback", "fault": fault, "times": 1000 }])).await;
        for (reference, amount, expected) in [("R-1", 990_109, "approved"), ("R-2", 990_102, "declined")] {
            assert_eq!(bridge.till(1).pay(reference, amount).await.word(), expected, "{fault}");
        }
        assert_eq!(bridge.till(1).refund("B-1", "R-1", None).await.word(), "approved");
        bridge.books_agree().await;
    }
}

/// P23: forged and old ones are refused, and nothing happens.
#[tokio::test]
async fn p23_a_forged_callback_is_refused_and_does_nothing() {
    let bridge = called_bridge().await;
    bridge.simulator.terminal_mode(1, "manual").await;
    bridge.till(1).begin("R-1", 39900).await;
    let session = bridge.simulator.session().await;
    let readings = async || {
        let requests = bridge.simulator.requests().await;
        requests.iter().filter(|request| request["path"].as_str().unwrap().contains("/sessions/")).count()
    };
    eventually("the first reading", || async { (readings().await > 0).then_some(()) }).await;
    let before = readings().await;
    for kind in ["forged", "old"] {
        assert_eq!(ask_for_callback(&bridge, &session, kind).await, 401, "{kind}");
    }
    tokio::time::sleep(A_WHILE).await;
    assert_eq!(readings().await, before, "a forged callback has nothing read");
    assert_eq!(ask_for_callback(&bridge, &session, "genuine").await, 200);
    eventually("the reading", || async { (readings().await > before).then_some(()) }).await;
    assert_eq!(bridge.till(1).get("/pay/R-1").await.word(), "pending", "what a callback says is not believed");
}

/// P23: without a signature, with a wrong path, with a body that lies.
#[tokio::test]
async fn p23_only_the_signed_address_counts() {
    let bridge = called_bridge().await;
    let base = format!("http://{}", bridge.folder.callback_address);
    for (path, expected) in [
        ("/callbacks/dintero?merchant_reference=x", 401),
        ("/callbacks/dintero", 401),
        ("/pay", 404),
        ("/metrics", 404),
        ("/", 404),
    ] {
        let lie = json!({ "status": "CAPTURED", "amount": 39900 });
        let status = bridge.client.post(format!("{base}{path}")).json(&lie).send().await.unwrap().status();
        assert_eq!(status, expected, "{path}");
    }
}

/// P25: a callback that overtakes the reply is asked for again while something is open.
#[tokio::test]
async fn p25_an_unknown_but_genuine_callback_is_asked_for_again_while_something_is_open() {
    let mut bridge = called_bridge().await;
    bridge.simulator.terminal_mode(1, "manual").await;
    bridge.till(1).begin("R-1", 39900).await;
    let session = bridge.simulator.session().await;
    // A journal that knows nothing of the session, with something else open.
    bridge.stop().await;
    for suffix in ["", "-wal", "-shm"] {
        let mut path = bridge.folder.database().into_os_string();
        path.push(suffix);
        let _ = std::fs::remove_file(path);
    }
    bridge.boot().await;
    assert_eq!(ask_for_callback(&bridge, &session, "genuine").await, 200, "nothing is open: nothing to wait for");
    bridge.simulator.terminal_mode(2, "manual").await;
    bridge.till(2).begin("R-2", 100).await;
    assert_eq!(ask_for_callback(&bridge, &session, "genuine").await, 503);
}
