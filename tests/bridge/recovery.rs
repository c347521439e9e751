//! The plug is pulled (P8, P11, P13, P15, P32, P38 to P40).

use std::os::unix::fs::FileExt;

use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use crate::support::*;

/// P11, P15: killed while the create call is under way; the restart finds the payment and sends nothing.
#[tokio::test]
async fn p15_a_sale_that_was_being_sent_is_found_after_a_restart() {
    let mut bridge = Bridge::start().await;
    bridge.simulator.faults(json!([{ "call": "create_session", "fault": { "delay": 300 }, "when": "after" }])).await;
    assert_eq!(bridge.till(1).begin("R-1", 39900).await.word(), "pending");
    eventually("the request at the provider", || async {
        (!bridge.simulator.ledger().await["create_requests"].as_object().unwrap().is_empty()).then_some(())
    })
    .await;
    bridge.kill();
    bridge.boot().await;
    assert_eq!(bridge.till(1).result("R-1").await.word(), "approved");
    bridge.books_agree().await;
}

/// P20, P32: killed while the customer pays; the result is there after the restart, and stays the same.
#[tokio::test]
async fn p20_a_payment_that_completes_while_the_bridge_is_down_is_known_at_once() {
    let mut bridge = Bridge::start().await;
    bridge.simulator.terminal_mode(1, "manual").await;
    bridge.till(1).begin("R-1", 39900).await;
    bridge.simulator.session().await;
    bridge.kill();
    bridge.simulator.customer(1, "approve").await;
    bridge.boot().await;
    let answer = bridge.till(1).get("/pay/R-1").await;
    assert_eq!(answer.word(), "approved", "known before the bridge says that it is ready");
    bridge.books_agree().await;
}

/// P8, R7: a restart sends nothing, and prompts nobody.
#[tokio::test]
async fn p8_a_restart_starts_nothing() {
    let mut bridge = Bridge::start().await;
    bridge.simulator.faults(json!([{ "call": "create_session", "fault": "lose_request" }])).await;
    bridge.till(1).begin("R-1", 39900).await;
    for _ in 0..3 {
        bridge.kill();
        bridge.boot().await;
    }
    assert_eq!(bridge.till(1).get("/pay/R-1").await.word(), "unknown");
    bridge.books_agree().await;
}

/// A refund in flight when the plug is pulled is looked up by its reference.
#[tokio::test]
async fn r7_a_refund_that_was_being_sent_is_found_after_a_restart() {
    let mut bridge = Bridge::start().await;
    bridge.till(1).pay("R-1", 39900).await;
    bridge.simulator.faults(json!([{ "call": "refund", "fault": { "delay": 300 }, "when": "after" }])).await;
    let body = json!({ "reference": "B-1", "original_reference": "R-1", "amount": 5000, "wait": 0 });
    bridge.till(1).post("/refund", body).await;
    eventually("the request at the provider", || async {
        (bridge.simulator.ledger().await["refunded"] == 5000).then_some(())
    })
    .await;
    bridge.kill();
    bridge.boot().await;
    assert_eq!(bridge.till(1).get("/refund/B-1?wait=5").await.word(), "approved");
    bridge.books_agree().await;
}

/// A polite stop answers whoever waits, and loses nothing.
#[tokio::test]
async fn a_stop_answers_the_tills_that_wait() {
    let mut bridge = Bridge::start().await;
    bridge.simulator.terminal_mode(1, "manual").await;
    let till = bridge.till(1);
    let waiting = tokio::spawn(async move { till.pay("R-1", 39900).await });
    eventually("the sale", || async { (bridge.till(1).get("/pay/R-1").await.status != 404).then_some(()) }).await;
    bridge.stop().await;
    assert_eq!(waiting.await.unwrap().word(), "pending");
    bridge.simulator.customer(1, "approve").await;
    bridge.boot().await;
    assert_eq!(bridge.till(1).result("R-1").await.word(), "approved");
    bridge.books_agree().await;
}

/// P38.
#[tokio::test]
async fn p38_a_second_bridge_on_the_same_file_is_refused() {
    let bridge = Bridge::start().await;
    let mut command = bridge.serve();
    command.stderr(std::process::Stdio::piped());
    let second = output(command).await;
    assert_eq!(second.status.code(), Some(1));
    assert!(!String::from_utf8(second.stderr).unwrap().is_empty());
    assert_eq!(bridge.till(1).pay("R-1", 39900).await.word(), "approved", "the first one works on");
}

/// Replaces the journal by what `backup` holds.
fn restore(bridge: &Bridge, backup: &[u8]) {
    for suffix in ["-wal", "-shm"] {
        let mut path = bridge.folder.database().into_os_string();
        path.push(suffix);
        let _ = std::fs::remove_file(path);
    }
    std::fs::write(bridge.folder.database(), backup).unwrap();
}

/// P39: after an old copy of the journal was restored, the sweep brings back what it had lost before anything is sold.
#[tokio::test]
async fn p39_a_restored_journal_learns_what_it_had_lost() {
    let mut bridge = Bridge::start().await;
    bridge.till(1).pay("R-1", 39900).await;
    bridge.stop().await;
    let backup = std::fs::read(bridge.folder.database()).unwrap();
    bridge.boot().await;
    bridge.till(1).pay("R-2", 10000).await;
    bridge.stop().await;
    restore(&bridge, &backup);
    bridge.boot().await;
    let lost = bridge.till(1).get("/pay/R-2").await;
    assert_eq!((lost.word(), &lost.body["late"]), ("approved", &json!(true)), "{:?}", lost.body);
    assert_eq!(lost.body["amount_approved"], 10000);
    assert_eq!(bridge.till(1).pay("R-2", 10000).await.body["replayed"], true, "and is not sold again");
    bridge.books_agree().await;
}

/// P39: while the provider does not tell what was lost, nothing is sold.
#[tokio::test]
async fn p39_nothing_is_sold_before_the_first_sweep() {
    let mut bridge = Bridge::start().await;
    bridge.till(1).pay("R-1", 100).await;
    bridge.stop().await;
    let backup = std::fs::read(bridge.folder.database()).unwrap();
    bridge.boot().await;
    bridge.till(1).pay("R-2", 10000).await;
    bridge.stop().await;
    restore(&bridge, &backup);
    let down = json!([{ "call": "list_transactions", "fault": { "status": { "code": 503 } }, "times": 100_000 }]);
    bridge.simulator.faults(down).await;
    bridge.spawn();
    eventually("the listener", || async { bridge.client.get(bridge.url("/health")).send().await.ok() }).await;
    let refused = bridge.till(1).pay("R-2", 10000).await;
    assert_eq!((refused.status, refused.word()), (503, "shutting_down"));
    assert_eq!(bridge.till(1).get("/pay/R-1").await.word(), "approved", "what is known is told meanwhile");
    bridge.simulator.faults(json!([])).await;
    bridge.ready().await;
    assert_eq!(bridge.till(1).pay("R-2", 10000).await.body["replayed"], true);
    bridge.books_agree().await;
}

/// P39: a refund that the journal lost is not made a second time.
#[tokio::test]
async fn p39_a_lost_refund_is_not_made_again() {
    let mut bridge = Bridge::start().await;
    bridge.till(1).pay("R-1", 10000).await;
    bridge.stop().await;
    let backup = std::fs::read(bridge.folder.database()).unwrap();
    bridge.boot().await;
    assert_eq!(bridge.till(1).refund("B-1", "R-1", Some(3000)).await.word(), "approved");
    bridge.stop().await;
    restore(&bridge, &backup);
    bridge.boot().await;
    assert_eq!(bridge.till(1).get("/pay/R-1").await.body["amount_refunded"], 3000);
    let again = bridge.till(1).refund("B-1", "R-1", Some(3000)).await;
    assert_eq!(again.word(), "failed", "{:?}", again.body);
    assert_eq!(bridge.simulator.ledger().await["refunded"], 3000);
    let alarms = String::from_utf8(bridge.run(&["alarms", "--json"]).await.stdout).unwrap();
    assert!(alarms.contains("lost_refund"), "{alarms}");
}

/// P20: an unpaid prompt that ran out while the bridge was away is cancelled, which proves it; nobody has to decide.
#[tokio::test]
async fn p20_a_prompt_that_ran_out_while_the_bridge_was_down_is_proven_unpaid() {
    let mut bridge = Bridge::start().await;
    bridge.simulator.terminal_mode(1, "manual").await;
    bridge.till(1).begin("R-1", 39900).await;
    bridge.simulator.session().await;
    bridge.kill();
    bridge.simulator.clock_ahead(8 * 3600).await;
    bridge.boot().await;
    assert_eq!(bridge.till(1).result("R-1").await.word(), "cancelled");
    assert!(bridge.run(&["alarms"]).await.status.success(), "no alarms");
}

/// P40: a journal that is damaged is not replaced by an empty one.
#[tokio::test]
async fn p40_a_damaged_journal_stops_the_start() {
    let mut bridge = Bridge::start().await;
    bridge.till(1).pay("R-1", 39900).await;
    bridge.stop().await;
    std::fs::write(bridge.folder.database(), b"this is not a database, it only stands where one was").unwrap();
    let start = output(bridge.serve()).await;
    assert_eq!(start.status.code(), Some(1));
    let left = std::fs::read(bridge.folder.database()).unwrap();
    assert!(left.starts_with(b"this is not a database"), "and it is left as it is");
}

/// P40: damage behind the first page is found when what was open is looked for; the words say what to do about it.
#[tokio::test]
async fn p40_a_journal_that_does_not_tell_what_was_open_stops_the_start() {
    let mut bridge = Bridge::start().await;
    bridge.till(1).pay("R-1", 39900).await;
    bridge.stop().await;
    spoil(&bridge.folder.database(), "attempt_live").await;
    let mut command = bridge.serve();
    command.stderr(std::process::Stdio::piped());
    let start = output(command).await;
    let said = String::from_utf8(start.stderr).unwrap();
    assert_eq!(start.status.code(), Some(1), "{said}");
    assert!(said.contains("pos-bridge.db") && said.contains("restore the latest backup"), "{said}");
}

/// Overwrites the first page of a table or an index.
async fn spoil(database: &std::path::Path, name: &str) {
    let mut file = SqliteConnectOptions::new().filename(database).connect().await.unwrap();
    let page = sqlx::query_scalar("SELECT rootpage FROM sqlite_schema WHERE name = ?").bind(name);
    let page: i64 = page.fetch_one(&mut file).await.unwrap();
    let size: i64 = sqlx::query_scalar("PRAGMA page_size").fetch_one(&mut file).await.unwrap();
    file.close().await.unwrap();
    let file = std::fs::File::options().write(true).open(database).unwrap();
    file.write_all_at(&vec![0xff; size.cast_unsigned() as usize], ((page - 1) * size).cast_unsigned()).unwrap();
}

/// P40: a journal that is gone is begun anew, and learns from the provider what was paid.
#[tokio::test]
async fn p40_a_lost_journal_learns_what_was_paid() {
    let mut bridge = Bridge::start().await;
    bridge.till(1).pay("R-1", 39900).await;
    bridge.stop().await;
    std::fs::remove_dir_all(bridge.folder.data()).unwrap();
    bridge.boot().await;
    let lost = bridge.till(1).get("/pay/R-1").await;
    assert_eq!((lost.word(), &lost.body["late"]), ("approved", &json!(true)), "{:?}", lost.body);
    assert_eq!(bridge.till(1).pay("R-1", 39900).await.body["replayed"], true, "and is not sold again");
    bridge.books_agree().await;
}

/// P41: whenever the first start is killed, the next one makes the journal whole.
#[tokio::test]
async fn p41_a_start_that_was_killed_half_way_is_started_again() {
    let mut bridge = Bridge::start().await;
    bridge.kill();
    for milliseconds in [2, 4, 8, 16, 32, 64] {
        std::fs::remove_dir_all(bridge.folder.data()).unwrap();
        bridge.spawn();
        tokio::time::sleep(std::time::Duration::from_millis(milliseconds)).await;
        bridge.kill();
        bridge.boot().await;
        let answer = bridge.till(1).pay(&format!("R-{milliseconds}"), 100).await;
        assert_eq!(answer.word(), "approved", "killed after {milliseconds} ms");
        bridge.kill();
    }
}
