//! Token, create, read, decline, cancel, lists.

use serde_json::{Value, json};

use crate::support::{AUDIENCE, Simulator, options, sale};

#[tokio::test]
async fn a_token_needs_the_right_client_and_audience() {
    let simulator = Simulator::start().await;
    let answer = simulator.ask_token("simulated-secret", AUDIENCE).await;
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_in"], 14_400);

    let wrong = simulator.ask_token("wrong", AUDIENCE).await;
    assert_eq!(wrong.status(), 401);
    let body: Value = wrong.json().await.unwrap();
    assert_eq!(body["error"].get("code"), None);
    let elsewhere = simulator.ask_token("simulated-secret", "https://example.com").await;
    assert_eq!(elsewhere.status(), 403);
}

#[tokio::test]
async fn an_invalid_or_expired_token_is_refused() {
    let mut options = options();
    options.token_life_seconds = 0;
    let mut simulator = Simulator::with(options).await;
    assert_eq!(simulator.try_get("/transactions").await.unwrap().status(), 401);
    simulator.token = "nonsense".into();
    assert_eq!(simulator.try_get("/transactions").await.unwrap().status(), 401);
}

#[tokio::test]
async fn at_speed_zero_a_sale_is_over_when_it_is_created() {
    let simulator = Simulator::start().await;
    let transaction = simulator.sell(39_900).await;
    assert_eq!(transaction["status"], "CAPTURED");
    assert_eq!(transaction["amount"], 39_900);
    assert_eq!(transaction["merchant_reference"], "order-1");
    assert_eq!(transaction["merchant_reference_2"], "till-1/R-1");
    assert_eq!(transaction["payment_product_type"], "seitatech.in_person");
    assert_eq!(transaction["channel"], "in_store");
    assert_eq!(transaction["store"]["terminal_id"], "T0292");
    assert_eq!(transaction["card"]["brand"], "Visa");
    assert_eq!(transaction["card"]["entry_method"], "contactless");
    let names: Vec<&Value> = transaction["events"].as_array().unwrap().iter().map(|event| &event["event"]).collect();
    assert_eq!(names, ["INITIALIZE", "AUTHORIZE", "CAPTURE"]);
    let receipt = &transaction["events"][2]["metadata"]["seitatech:customerReceipt"];
    assert!(receipt.as_str().unwrap().contains("NOK 399.00"));
}

#[tokio::test]
async fn a_session_has_no_status_and_can_be_included() {
    let simulator = Simulator::start().await;
    let answer = simulator.post("/sessions-profile?include_session=true", &sale(100)).await;
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["session"]["id"], body["id"]);
    assert_eq!(body["session"].get("status"), None);
    assert_eq!(body["session"]["order"]["amount"], 100);
    assert!(body["session"]["expires_at"].is_string());
}

#[tokio::test]
async fn cards_are_declined_and_fail_by_amount() {
    let simulator = Simulator::start().await;
    for (amount, status, reason) in [
        (990_100, "DECLINED", "INSUFFICIENT_FUNDS"),
        (990_101, "DECLINED", "DECLINED"),
        (990_102, "FAILED", "FAILED_VERIFICATION"),
    ] {
        let transaction = simulator.sell(amount).await;
        assert_eq!(transaction["status"], status);
        let last = transaction["events"].as_array().unwrap().last().unwrap();
        assert_eq!(last["success"], false);
        assert_eq!(last["error"]["type"], json!([reason]));
    }
    assert_eq!(simulator.look("/ledger").await["captured"], 0);
}

#[tokio::test]
async fn a_customer_who_presses_stop_leaves_no_transaction() {
    let simulator = Simulator::start().await;
    let id = simulator.create(&sale(990_103)).await;
    let session = simulator.get(&format!("/sessions/{id}")).await;
    assert_eq!(session.get("transaction_id"), None);
    assert_eq!(session["cancelled_by"], "customer");
    let last = session["events"].as_array().unwrap().last().unwrap();
    assert_eq!(last["name"], "CANCELLED");
}

#[tokio::test]
async fn a_cancel_ends_a_waiting_session_and_is_refused_for_a_paid_one() {
    let simulator = Simulator::start().await;
    let waiting = simulator.create(&sale(990_104)).await;
    let answer = simulator.post_nothing(&format!("/sessions/{waiting}/cancel")).await;
    assert_eq!(answer.status(), 200);
    let body: Value = answer.json().await.unwrap();
    assert!(body["cancelled_at"].is_string());

    let paid = simulator.create(&sale(100)).await;
    let answer = simulator.post_nothing(&format!("/sessions/{paid}/cancel")).await;
    assert_eq!(answer.status(), 400);
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["error"]["code"], "INVALID_REQUEST_PARAMETER");
    assert!(body["error"]["errors"][0]["description"].as_str().unwrap().contains("CAPTURED"));
}

#[tokio::test]
async fn a_slow_approval_is_seen_on_its_way() {
    let mut options = options();
    options.speed = 20;
    let simulator = Simulator::with(options).await;
    let id = simulator.create(&sale(990_105)).await;
    let session = simulator.get(&format!("/sessions/{id}")).await;
    assert_eq!(session.get("transaction_id"), None);
    let session = simulator.session_until(&id, |it| it.get("transaction_id").is_some()).await;
    let path = format!("/transactions/{}", session["transaction_id"].as_str().unwrap());
    assert_eq!(simulator.get(&path).await["status"], "INITIATED");
    let completed = |it: &Value| it["events"].to_string().contains("COMPLETED");
    simulator.session_until(&id, completed).await;
    assert_eq!(simulator.get(&path).await["status"], "CAPTURED");
}

#[tokio::test]
async fn transactions_are_found_newest_first() {
    let simulator = Simulator::start().await;
    let mut ids = Vec::new();
    for reference in ["a", "b", "b", "c"] {
        let mut body = sale(100);
        body["order"]["merchant_reference"] = json!(reference);
        let id = simulator.create(&body).await;
        let session = simulator.get(&format!("/sessions/{id}")).await;
        ids.push(session["transaction_id"].clone());
    }
    let list = async |query: String| -> Vec<Value> {
        let found = simulator.get(&format!("/transactions?{query}")).await;
        found.as_array().unwrap().iter().map(|it| it["id"].clone()).collect()
    };
    let (a, b1, b2, c) = (&ids[0], &ids[1], &ids[2], &ids[3]);
    assert_eq!(list("merchant_reference=b".into()).await, [b2.clone(), b1.clone()]);
    assert_eq!(list("limit=2".into()).await, [c.clone(), b2.clone()]);
    let after = format!("starting_after={}", b1.as_str().unwrap());
    assert_eq!(list(after).await, vec![a.clone()]);
    assert_eq!(list("status=REFUNDED&status=CAPTURED&terminal_id=T0292".into()).await.len(), 4);
    assert!(list("status=REFUNDED".into()).await.is_empty());
    assert!(list("created_at.lte=2020-01-01".into()).await.is_empty());
    for wrong in ["limit=101", "created_at.gte=lately", "created_at.lte=2026-11-20T10:00:00.Z"] {
        let found = simulator.try_get(&format!("/transactions?{wrong}")).await.unwrap();
        assert_eq!(found.status(), 400, "{wrong}");
    }
    let sessions = simulator.get("/sessions?search=b&limit=1").await;
    assert_eq!(sessions[0]["transaction_id"], *b2);
}

#[tokio::test]
async fn a_list_may_be_filtered_by_the_accounts_own_id_of_a_store() {
    let mut options = options();
    options.lists_by_own_store_id = true;
    let simulator = Simulator::with(options).await;
    simulator.sell(39_900).await;
    for (store, expected) in [("oslo-center", 0), ("T12345678-oslo-center", 1)] {
        let found = simulator.get(&format!("/transactions?store_id={store}")).await;
        assert_eq!(found.as_array().unwrap().len(), expected, "{store}");
    }
}
