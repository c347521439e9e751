//! A sale, as the contract says it.

use serde_json::json;

use crate::support::*;

#[tokio::test]
async fn an_approved_sale_is_told_in_full() {
    let bridge = Bridge::start().await;
    let answer = bridge.till(1).pay("R-1001", 39900).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let reply = &answer.body;
    let expected = json!({
        "kind": "sale", "till": "till-1", "reference": "R-1001", "status": "approved", "final": true, "retry": "never",
        "message": "Approved", "amount": 39900, "currency": "NOK", "amount_approved": 39900, "amount_refunded": 0,
        "terminal": "terminal-1", "provider": "dintero", "attempt": 1, "replayed": false, "late": false,
        "simulated": true, "acknowledged": false,
    });
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&reply[field], value, "{field} in {reply}");
    }
    assert_eq!(reply["operation_id"].as_str().unwrap().len(), 26);
    assert!(reply["transaction_id"].as_str().unwrap().starts_with("T12345678."));
    assert_eq!(reply["card"]["brand"], "Visa");
    assert!(reply["card"]["masked_pan"].as_str().unwrap().contains('*'));
    assert_eq!(reply["card"]["entry_method"], "contactless");
    assert!(reply["receipt"]["customer"].as_str().unwrap().contains("399"));
    for field in ["created_at", "updated_at"] {
        let moment = reply[field].as_str().unwrap();
        assert!(moment.len() == 24 && moment.ends_with('Z'), "{field}: {moment}");
    }
    assert_eq!(answer.header("content-type"), "application/json");
    bridge.books_agree().await;
}

/// "HTTP status: 202 with pending, plus Location and Retry-After."
#[tokio::test]
async fn a_till_that_does_not_wait_is_told_where_to_ask() {
    let bridge = Bridge::with(Setup { speed: 10, ..Setup::default() }).await;
    let till = bridge.till(1);
    let answer = till.begin("R-1", 39900).await;
    assert_eq!((answer.status, answer.word()), (202, "pending"));
    assert_eq!(answer.body["final"], false);
    assert_eq!(answer.body["retry"], "same_reference");
    assert_eq!(answer.header("location"), "/pay/R-1");
    assert!(answer.header("retry-after").parse::<u32>().unwrap() >= 1);
    assert_eq!(till.get("/pay/R-1").await.word(), "pending");
    let result = till.result("R-1").await;
    assert_eq!((result.status, result.word()), (200, "approved"));
    bridge.books_agree().await;
}

/// `wait` by body, query and header.
#[tokio::test]
async fn the_till_says_how_long_it_waits() {
    let bridge = Bridge::start().await;
    bridge.simulator.terminal_mode(1, "manual").await;
    let till = bridge.till(1);
    let body = json!({ "reference": "R-1", "amount": 100 });
    assert_eq!(till.post("/pay?wait=0", body.clone()).await.word(), "pending");
    let request = till.client.post(bridge.url("/pay")).bearer_auth(&till.key).header("Prefer", "wait=0");
    assert_eq!(request.json(&body).send().await.unwrap().status(), 202);
    let waited = tokio::time::Instant::now();
    assert_eq!(till.post("/pay", json!({ "reference": "R-1", "amount": 100, "wait": 1 })).await.word(), "pending");
    assert!(waited.elapsed().as_millis() >= 1000);
}

/// P1: a till that hangs up loses nothing; its next call gets the result.
#[tokio::test]
async fn p1_a_till_that_hangs_up_loses_nothing() {
    let bridge = Bridge::start().await;
    bridge.simulator.terminal_mode(1, "manual").await;
    let till = bridge.till(1);
    till.pay_and_hang_up("R-1", 39900).await;
    bridge.simulator.customer(1, "approve").await;
    let answer = till.result("R-1").await;
    assert_eq!(answer.word(), "approved");
    assert_eq!(bridge.till(1).pay("R-1", 39900).await.body["replayed"], true);
    bridge.books_agree().await;
}

/// P33: a till whose time is up before the customer's is told where it stands, and the result waits for it.
#[tokio::test]
async fn p33_a_till_that_gives_up_waiting_finds_the_result_however_it_asks() {
    let bridge = Bridge::start().await;
    bridge.simulator.terminal_mode(1, "manual").await;
    let till = bridge.till(1);
    let waited = tokio::time::Instant::now();
    let early = till.post("/pay", json!({ "reference": "R-1", "amount": 39900, "wait": 1 })).await;
    assert_eq!((early.status, early.word()), (202, "pending"));
    assert!(waited.elapsed().as_secs() < 3, "it is answered in its own time");
    bridge.simulator.customer(1, "approve").await;
    let result = till.result("R-1").await.body;
    assert_eq!(result["status"], "approved");
    let mut repeated = till.pay("R-1", 39900).await.body;
    assert_eq!(repeated["replayed"], true);
    repeated["replayed"] = json!(false);
    for told in [repeated, till.get("/pay/R-1").await.body, till.get("/last").await.body] {
        assert_eq!(told, result);
    }
    bridge.books_agree().await;
}

/// P35 and the lease: one attempt per terminal, and the answer names the holder.
#[tokio::test]
async fn p35_a_busy_terminal_names_its_holder() {
    let bridge = Bridge::start().await;
    bridge.simulator.terminal_mode(1, "manual").await;
    let till = bridge.till(1);
    assert_eq!(till.begin("R-1", 39900).await.word(), "pending");
    let busy = till.begin("R-2", 39900).await;
    assert_eq!((busy.status, busy.word()), (423, "terminal_busy"));
    assert_eq!(busy.header("location"), "/pay/R-1");
    assert!(busy.body["detail"].as_str().unwrap().contains("R-1"), "{:?}", busy.body);
    let other = bridge.till(2).post("/pay", json!({ "reference": "R-3", "amount": 1, "terminal": "terminal-1" })).await;
    assert_eq!(other.word(), "terminal_busy");
    bridge.simulator.customer(1, "approve").await;
    assert_eq!(till.result("R-1").await.word(), "approved");
    assert_eq!(till.get("/pay/R-2").await.status, 404, "a refused sale leaves nothing behind");
    bridge.books_agree().await;
}

#[tokio::test]
async fn a_terminal_that_the_till_may_not_use_is_refused() {
    let bridge = Bridge::start().await;
    let answer = bridge.till(1).post("/pay", json!({ "reference": "R-1", "amount": 1, "terminal": "nowhere" })).await;
    assert_eq!((answer.status, answer.word()), (422, "unknown_terminal"));
}

/// What is passed on arrives at the provider.
#[tokio::test]
async fn items_and_the_tills_own_reference_reach_the_provider() {
    let bridge = Bridge::start().await;
    let sale = json!({
        "reference": "Bon 7/3", "amount": 39900, "currency": "NOK", "operator": "Kari",
        "items": [
            { "id": "coffee", "line_id": "1", "description": "Kaffe", "quantity": 1.5, "amount": 30000, "vat": 15 },
            { "id": "cup", "line_id": "2", "quantity": 1, "amount": 9900, "vat_amount": 1980, "vat": 25 }
        ],
        "metadata": { "shift": "early" },
    });
    assert_eq!(bridge.till(1).post("/pay", sale).await.word(), "approved");
    let requests = bridge.simulator.requests().await;
    let create =
        requests.iter().find(|request| request["path"].as_str().unwrap().contains("sessions-profile")).unwrap();
    let order = &create["body"]["order"];
    assert_eq!(order["merchant_reference_2"], "till-1/Bon 7/3");
    assert!(order["merchant_reference"].as_str().unwrap().starts_with("PB-"));
    assert_eq!(order["items"][0]["quantity"], 1.5);
    assert_eq!(order["items"][1]["vat"], 25);
    assert_eq!(
        order["store"],
        json!({ "id": "oslo-center", "terminal_id": "T0292", "payout_destination_id": "seller-1" })
    );
    assert_eq!(bridge.till(1).get("/pay/Bon%207%2F3").await.word(), "approved");
    bridge.books_agree().await;
}

/// The terminal starts when it is asked to, where the account is set up so.
#[tokio::test]
async fn the_terminal_can_be_started_explicitly() {
    let bridge = Bridge::with(Setup { start: "publish", ..Setup::default() }).await;
    assert_eq!(bridge.till(1).pay("R-1", 39900).await.word(), "approved");
    bridge.books_agree().await;
}

/// A push that did not arrive asks nobody for a card: the sale is stopped, long before its time is up.
#[tokio::test]
async fn a_terminal_that_the_push_did_not_reach_holds_nobody_up() {
    let bridge = Bridge::with(Setup { start: "publish", pushes_fail: true, ..Setup::default() }).await;
    let answer = bridge.till(1).pay("R-1", 39900).await;
    assert_eq!((answer.word(), &answer.body["retry"]), ("cancelled", &json!("new_attempt")), "{:?}", answer.body);
    bridge.books_agree().await;
}

#[tokio::test]
async fn the_reference_may_come_as_an_idempotency_key() {
    let bridge = Bridge::start().await;
    let till = bridge.till(1);
    let request = till.client.post(bridge.url("/pay")).bearer_auth(&till.key).header("Idempotency-Key", "R-9");
    let answer = request.json(&json!({ "amount": 39900 })).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(till.get("/pay/R-9").await.word(), "approved");
}

/// P6: bad input is named and leaves nothing behind.
#[tokio::test]
async fn p6_bad_input_reaches_nobody() {
    let bridge = Bridge::start().await;
    let till = bridge.till(1);
    for (body, field) in [
        (json!({ "reference": "R-1" }), "amount"),
        (json!({ "reference": "R-1", "amount": 0 }), "amount"),
        (json!({ "reference": "R-1", "amount": 399.5 }), "amount"),
        (json!({ "amount": 100 }), "reference"),
        (json!({ "reference": "R-1", "amount": 100, "currency": "kr" }), "currency"),
        (json!({ "reference": "R-1", "amount": 100, "tip": 5 }), "tip"),
        (json!({ "reference": "R-1", "amount": 100, "description": "4111 1111 1111 1111" }), "description"),
    ] {
        let answer = till.post("/pay", body.clone()).await;
        assert_eq!((answer.status, answer.word()), (400, "invalid_request"), "{body}");
        assert!(answer.body["detail"].as_str().unwrap().contains(field), "{body}: {:?}", answer.body);
    }
    assert!(bridge.operations().await.is_empty());
    assert_eq!(bridge.simulator.ledger().await["create_requests"], json!({}));
}
