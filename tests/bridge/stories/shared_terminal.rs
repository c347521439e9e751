//! A terminal that several tills share: who comes first, and who gave up.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{hanging_call, hanging_call_with, one_terminal, post};
use crate::support::*;

/// Three tills at one terminal: each gets it in the order in which they asked.
#[tokio::test]
async fn tills_that_wait_for_a_terminal_get_it_in_their_order() {
    let bridge = one_terminal("queue_seconds = 20", 4).await;
    bridge.till(1).begin("R-1", 100).await;
    let mut waiting = Vec::new();
    for (number, reference) in [(2, "R-2"), (3, "R-3"), (4, "R-4")] {
        waiting.push((number, reference, bridge.till(number).paying(reference, 100)));
        bridge.queues(number - 1).await;
        assert_eq!(bridge.till(number).get(&format!("/pay/{reference}")).await.status, 404, "nothing is on disk");
    }
    bridge.simulator.customer(1, "approve").await;
    for (number, reference, paying) in waiting {
        let till = bridge.till(number);
        bridge.listed(&till, &json!(reference), "pending").await;
        bridge.simulator.customer(1, "approve").await;
        assert_eq!(paying.await.unwrap().word(), "approved", "{reference}");
    }
    assert_eq!(bridge.simulator.ledger().await["captured"], 400);
}

#[tokio::test]
async fn a_terminal_is_waited_for_no_longer_than_the_profile_and_the_till_allow() {
    for (profile, wait) in [("queue_seconds = 1", 20), ("queue_seconds = 300", 1), ("queue_seconds = 300", 0)] {
        let bridge = one_terminal(profile, 2).await;
        let holder = bridge.till(1).begin("R-1", 100).await;
        let asked = std::time::Instant::now();
        let busy = bridge.till(2).post("/pay", json!({ "reference": "R-2", "amount": 100, "wait": wait })).await;
        assert_eq!((busy.status, busy.word()), (423, "terminal_busy"), "{profile}, {wait}");
        assert_eq!(busy.body["operation_id"], holder.body["operation_id"]);
        assert!(asked.elapsed().as_secs() < 15, "{profile}, {wait}");
        // Its own older sale is not waited for: it would wait for its own cashier.
        assert_eq!(bridge.till(1).pay("R-2", 100).await.header("location"), "/pay/R-1");
    }
}

/// The cashier gave up and switched the till off: nobody is charged behind her back, and the next till moves up.
#[tokio::test]
async fn a_till_that_hangs_up_in_the_line_begins_nothing() {
    let bridge = one_terminal("queue_seconds = 20", 3).await;
    bridge.till(1).begin("R-1", 100).await;
    let gone = hanging_call(&bridge.till(2), &json!({ "reference": "R-2", "amount": 100 })).await;
    bridge.queues(1).await;
    let next = bridge.till(3).paying("R-3", 100);
    bridge.queues(2).await;
    drop(gone);
    bridge.queues(1).await;
    bridge.simulator.customer(1, "approve").await;
    bridge.listed(&bridge.till(3), &json!("R-3"), "pending").await;
    bridge.simulator.customer(1, "approve").await;
    assert_eq!(next.await.unwrap().word(), "approved");
    assert_eq!(bridge.till(2).get("/pay/R-2").await.status, 404);
    assert_eq!(bridge.simulator.ledger().await["create_requests"].as_object().unwrap().len(), 2);
}

/// What stands behind a body would hide that the till hung up, so such a till is not kept in the line at all.
#[tokio::test]
async fn a_till_that_sends_more_than_its_request_is_not_kept_in_the_line() {
    let bridge = one_terminal("queue_seconds = 20", 2).await;
    bridge.till(1).begin("R-1", 100).await;
    for behind in ["\r\n", "GET /health HTTP/1.1\r\n\r\n"] {
        let mut call = hanging_call_with(&bridge.till(2), &json!({ "reference": "R-2", "amount": 100 }), behind).await;
        let mut answer = [0_u8; 12];
        call.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 423", "{behind:?}");
    }
    bridge.simulator.customer(1, "approve").await;
    bridge.till(1).result("R-1").await;
    assert_eq!(bridge.till(2).get("/pay/R-2").await.status, 404, "nothing began behind its back");
    assert_eq!(bridge.simulator.ledger().await["create_requests"].as_object().unwrap().len(), 1);
}

/// What was refused before anybody read its body says nothing of what comes next on the connection.
#[tokio::test]
async fn a_till_whose_call_was_refused_is_kept_in_the_line_on_the_same_connection() {
    let bridge = one_terminal("queue_seconds = 20", 2).await;
    bridge.till(1).begin("R-1", 100).await;
    let till = bridge.till(2);
    let mut connection = TcpStream::connect(till.address).await.unwrap();
    for (path, answer) in [("/nothing", "HTTP/1.1 404 "), ("/pay", "HTTP/1.1 200 ")] {
        let call = post(&till, path, &json!({ "reference": "R-2", "amount": 100 }));
        connection.write_all(call.as_bytes()).await.unwrap();
        if path == "/pay" {
            bridge.queues(1).await;
            bridge.simulator.customer(1, "approve").await;
            bridge.listed(&till, &json!("R-2"), "pending").await;
            bridge.simulator.customer(1, "approve").await;
        }
        let read = read_answer(&mut connection).await;
        assert!(read.starts_with(answer), "{path}: {read}");
    }
    bridge.books_agree().await;
}

async fn read_answer(connection: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    while !answer.ends_with(b"}") {
        assert!(connection.read_buf(&mut answer).await.unwrap() > 0, "the connection was closed");
    }
    String::from_utf8(answer).unwrap()
}

/// From the commit on a sale goes on, whoever hangs up.
#[tokio::test]
async fn a_till_that_hangs_up_after_its_turn_came_finds_its_result() {
    let bridge = one_terminal("queue_seconds = 20", 2).await;
    bridge.till(1).begin("R-1", 100).await;
    let till = bridge.till(2);
    let call = hanging_call(&till, &json!({ "reference": "R-2", "amount": 100 })).await;
    bridge.queues(1).await;
    bridge.simulator.customer(1, "approve").await;
    bridge.listed(&till, &json!("R-2"), "pending").await;
    // A clean end could be a till that waits with its side closed; a reset is noticed at once.
    call.set_zero_linger().unwrap();
    drop(call);
    bridge.waits_for(0).await;
    bridge.simulator.customer(1, "approve").await;
    assert_eq!(till.pay("R-2", 100).await.word(), "approved");
    bridge.books_agree().await;
}

/// A refund waits for its terminal as a sale does.
#[tokio::test]
async fn a_refund_waits_for_its_terminal_too() {
    let bridge = Bridge::with(Setup { profile: "queue_seconds = 20", terminals: 1, ..Setup::default() }).await;
    let till = bridge.till(2);
    assert_eq!(till.pay("R-1", 100).await.word(), "approved");
    bridge.simulator.terminal_mode(1, "manual").await;
    bridge.till(1).begin("R-2", 200).await;
    let refunding = tokio::spawn({
        let till = till.clone();
        async move { till.refund("F-1", "R-1", None).await }
    });
    bridge.queues(1).await;
    bridge.simulator.customer(1, "approve").await;
    bridge.listed(&till, &json!("F-1"), "pending").await;
    bridge.simulator.customer(1, "approve").await;
    assert_eq!(refunding.await.unwrap().word(), "approved");
    bridge.books_agree().await;
}
