//! A disk that is full, read-only or broken: no disk, no money (P7, P10, P16, P24, P31, R13).

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::*;

async fn is_ready(bridge: &Bridge) -> bool {
    bridge.client.get(bridge.url("/ready")).send().await.unwrap().status().is_success()
}

/// The bridge has tried to write, and says that it cannot.
async fn stuck(bridge: &Bridge) {
    eventually("the bridge to notice the disk", || async { (!is_ready(bridge).await).then_some(()) }).await;
}

/// The note that a till was told follows its answer within milliseconds; it must not be what the full disk stops. The small
/// disk cannot be read from here, so this only waits.
async fn the_note_is_written() {
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
}

async fn asked_for(bridge: &Bridge, requests: &str) -> usize {
    bridge.simulator.ledger().await[requests].as_object().unwrap().len()
}

/// P7: nothing is sent, the till is told why, and everything works again when there is room.
#[tokio::test]
async fn p7_on_a_full_disk_no_sale_is_sent() {
    let Some(bridge) = Bridge::on_a_small_disk(Setup::default()).await else { return };
    let till = bridge.till(1);
    assert_eq!(till.pay("R-1", 100).await.word(), "approved");
    bridge.fill_disk();
    let refused = till.pay("R-2", 39900).await;
    assert_eq!((refused.status, refused.word()), (503, "storage_unavailable"), "{:?}", refused.body);
    assert_eq!(refused.body["retry"], "same_reference");
    assert!(!is_ready(&bridge).await);
    assert_eq!(asked_for(&bridge, "create_requests").await, 1, "only the first sale was sent");
    assert_eq!(till.get("/pay/R-1").await.word(), "approved", "what is known can be read");
    assert_eq!(till.get("/pay/R-2").await.status, 404, "the refused sale left nothing behind");
    bridge.free_disk();
    assert_eq!(till.pay("R-2", 39900).await.word(), "approved");
    assert!(is_ready(&bridge).await);
    bridge.books_agree().await;
}

/// P7: a disk that takes no change is found out at the start.
#[tokio::test]
async fn p7_a_read_only_disk_stops_the_start() {
    if !Disk::can_be_mounted() {
        return;
    }
    let mut bridge = Bridge::start().await;
    bridge.stop().await;
    bridge.disk = Disk::ReadOnly;
    let mut command = bridge.serve();
    command.stderr(std::process::Stdio::piped());
    let start = output(command).await;
    let said = String::from_utf8(start.stderr).unwrap();
    assert_eq!(start.status.code(), Some(1), "{said}");
    assert!(said.contains("pos-bridge.db") && said.contains("Read-only"), "{said}");
}

/// P7: after a failed write nobody knows what is on disk. The bridge stops, and the next start reads the truth.
#[tokio::test]
async fn p7_a_broken_disk_stops_the_bridge_and_nothing_was_sent() {
    let mut bridge = Bridge::start().await;
    bridge.stop().await;
    bridge.disk = Disk::Breakable;
    bridge.boot().await;
    assert_eq!(bridge.till(1).pay("R-1", 100).await.word(), "approved");
    bridge.break_disk();
    let sale = json!({ "reference": "R-2", "amount": 39900 });
    let request = bridge.client.post(bridge.url("/pay")).bearer_auth(bridge.till(1).key).json(&sale);
    if let Ok(answer) = request.send().await {
        assert_eq!(answer.status(), 503, "or none, where the end came first");
    }
    assert_eq!(bridge.ended().await.code(), Some(1));
    assert_eq!(asked_for(&bridge, "create_requests").await, 1, "only the first sale was sent");
    bridge.boot().await;
    assert_eq!(bridge.till(1).pay("R-2", 39900).await.word(), "approved");
    bridge.books_agree().await;
}

/// P10: a refund leaves only after the commit that says so; where that cannot be written, it is proven not sent.
#[tokio::test]
async fn p10_a_refund_whose_sending_cannot_be_written_is_not_sent() {
    let Some(bridge) = Bridge::on_a_small_disk(Setup::default()).await else { return };
    let till = bridge.till(1);
    till.pay("R-1", 39900).await;
    the_note_is_written().await;
    bridge.simulator.faults(json!([{ "call": "read_transaction", "fault": { "delay": 300 } }])).await;
    let body = json!({ "reference": "B-1", "original_reference": "R-1", "amount": 5000, "wait": 0 });
    assert_eq!(till.post("/refund", body).await.word(), "pending");
    bridge.fill_disk();
    stuck(&bridge).await;
    assert_eq!(asked_for(&bridge, "refund_requests").await, 0, "the amount is set aside, and nothing was sent");
    bridge.free_disk();
    let answer = till.get("/refund/B-1?wait=20").await;
    assert_eq!((answer.word(), &answer.body["retry"]), ("failed", &json!("new_attempt")), "{:?}", answer.body);
    assert_eq!(asked_for(&bridge, "refund_requests").await, 0);
    assert_eq!(till.refund("B-2", "R-1", None).await.body["amount"], 39900, "its amount is free again");
    bridge.books_agree().await;
}

/// P16: the session is known and cannot be written: the till is told nothing that is not on disk.
#[tokio::test]
async fn p16_a_session_that_cannot_be_written_is_written_later() {
    let Some(bridge) = Bridge::on_a_small_disk(Setup::default()).await else { return };
    let till = bridge.till(1);
    bridge.simulator.faults(json!([{ "call": "create_session", "fault": { "delay": 300 }, "when": "after" }])).await;
    assert_eq!(till.begin("R-1", 39900).await.word(), "pending");
    bridge.fill_disk();
    stuck(&bridge).await;
    assert_eq!(bridge.till(2).pay("R-2", 100).await.word(), "storage_unavailable", "nothing new is taken");
    assert_eq!(till.get("/pay/R-1").await.word(), "pending");
    bridge.free_disk();
    assert_eq!(till.result("R-1").await.word(), "approved");
    bridge.books_agree().await;
}

/// P31: the result is known and cannot be written: it is not told before it is.
#[tokio::test]
async fn p31_a_result_that_cannot_be_written_is_not_told() {
    let Some(bridge) = Bridge::on_a_small_disk(Setup::default()).await else { return };
    let till = bridge.till(1);
    bridge.simulator.terminal_mode(1, "manual").await;
    till.begin("R-1", 39900).await;
    eventually("a reading of the session", || async {
        let requests = bridge.simulator.requests().await;
        requests.iter().any(|request| request["path"].as_str().unwrap().contains("/sessions/")).then_some(())
    })
    .await;
    bridge.fill_disk();
    bridge.simulator.customer(1, "approve").await;
    stuck(&bridge).await;
    assert_eq!(till.get("/pay/R-1?wait=1").await.word(), "pending");
    bridge.free_disk();
    assert_eq!(till.result("R-1").await.word(), "approved");
    bridge.books_agree().await;
}

/// P31: the same on a disk that breaks: the bridge stops, and the next start reads the result.
#[tokio::test]
async fn p31_a_result_on_a_broken_disk_is_read_at_the_next_start() {
    let mut bridge = Bridge::start().await;
    bridge.stop().await;
    bridge.disk = Disk::Breakable;
    bridge.boot().await;
    bridge.simulator.terminal_mode(1, "manual").await;
    bridge.till(1).begin("R-1", 39900).await;
    eventually("the session", || async {
        (bridge.simulator.ledger().await["sessions"].as_array().unwrap().len() == 1).then_some(())
    })
    .await;
    bridge.break_disk();
    bridge.simulator.customer(1, "approve").await;
    assert_eq!(bridge.ended().await.code(), Some(1));
    bridge.boot().await;
    assert_eq!(bridge.till(1).result("R-1").await.word(), "approved");
    bridge.books_agree().await;
}

/// P24: a callback that cannot be kept is asked for again; a 4xx would end its deliveries for good.
#[tokio::test]
async fn p24_a_callback_that_cannot_be_kept_is_asked_for_again() {
    let setup = Setup { callbacks: true, poll_ms: 8000, ..Setup::default() };
    let Some(bridge) = Bridge::on_a_small_disk(setup).await else { return };
    bridge.simulator.terminal_mode(1, "manual").await;
    bridge.till(1).begin("R-1", 39900).await;
    let session = eventually("the session", || async {
        let sessions = bridge.simulator.ledger().await["sessions"].clone();
        sessions.get(0).map(|session| session["id"].clone())
    })
    .await;
    let call_back = async || -> Value {
        let callback = json!({ "session_id": session, "kind": "genuine" });
        bridge.simulator.control(Method::POST, "/callbacks", &callback).await["status"].clone()
    };
    eventually("the session in the journal", || async { (call_back().await == 200).then_some(()) }).await;
    bridge.fill_disk();
    assert_eq!(call_back().await, 503);
    bridge.free_disk();
    assert_eq!(call_back().await, 200);
}

/// R13: without room no amount is set aside, and nothing is sent.
#[tokio::test]
async fn r13_on_a_full_disk_no_refund_is_sent() {
    let Some(bridge) = Bridge::on_a_small_disk(Setup::default()).await else { return };
    let till = bridge.till(1);
    till.pay("R-1", 39900).await;
    bridge.fill_disk();
    let refused = till.refund("B-1", "R-1", Some(5000)).await;
    assert_eq!((refused.status, refused.word()), (503, "storage_unavailable"), "{:?}", refused.body);
    assert_eq!(asked_for(&bridge, "refund_requests").await, 0);
    bridge.free_disk();
    assert_eq!(till.refund("B-1", "R-1", Some(39900)).await.word(), "approved", "all of it is still there to give");
    bridge.books_agree().await;
}

/// R13: a refund was made and cannot be written: it is not told before it is, and not made again.
#[tokio::test]
async fn r13_a_refund_whose_result_cannot_be_written_is_not_told() {
    let Some(bridge) = Bridge::on_a_small_disk(Setup::default()).await else { return };
    let till = bridge.till(1);
    till.pay("R-1", 39900).await;
    the_note_is_written().await;
    bridge.simulator.faults(json!([{ "call": "refund", "fault": { "delay": 300 }, "when": "after" }])).await;
    let body = json!({ "reference": "B-1", "original_reference": "R-1", "amount": 5000, "wait": 0 });
    till.post("/refund", body).await;
    eventually("the refund at the provider", || async {
        (bridge.simulator.ledger().await["refunded"] == 5000).then_some(())
    })
    .await;
    bridge.fill_disk();
    stuck(&bridge).await;
    assert_eq!(till.get("/refund/B-1?wait=1").await.word(), "pending");
    bridge.free_disk();
    assert_eq!(till.get("/refund/B-1?wait=20").await.word(), "approved");
    bridge.books_agree().await;
}
