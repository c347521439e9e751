//! The control API: terminals by hand, clock, requests, reset.

use pos_bridge::simulator::outcome_table;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Simulator, sale};

#[tokio::test]
async fn a_person_approves_declines_and_cancels() {
    let simulator = Simulator::start().await;
    let manual = json!({ "mode": "manual" });
    simulator.control(Method::PUT, "/terminals/T0292", manual).await;
    for (gesture, status) in [("approve", "CAPTURED"), ("decline", "DECLINED"), ("cancel", "")] {
        let id = simulator.create(&sale(100)).await;
        let state = simulator.look("/terminals/T0292").await;
        assert_eq!(state["prompt"]["session_id"], json!(id));
        for gesture in ["insert", gesture] {
            let path = format!("/terminals/T0292/{gesture}");
            if gesture == "insert" && status.is_empty() {
                continue;
            }
            let answer = simulator.control(Method::POST, &path, json!({})).await;
            assert_eq!(answer.status(), 200);
        }
        let session = simulator.get(&format!("/sessions/{id}")).await;
        match session["transaction_id"].as_str() {
            None => assert_eq!(session["cancelled_by"], "customer"),
            Some(transaction) => {
                let transaction = simulator.get(&format!("/transactions/{transaction}")).await;
                assert_eq!(transaction["status"], status);
            }
        }
    }
    let answer = simulator.control(Method::POST, "/terminals/T0292/approve", json!({})).await;
    assert_eq!(answer.status(), 409);
}

#[tokio::test]
async fn a_person_approves_a_refund() {
    let simulator = Simulator::start().await;
    let sale = simulator.sell(100).await;
    let manual = json!({ "mode": "manual" });
    simulator.control(Method::PUT, "/terminals/T0293", manual).await;
    let path = format!("/transactions/{}", sale["id"].as_str().unwrap());
    let body = json!({ "amount": 100, "terminal_id": "T0293" });
    let answer = simulator.post(&format!("{path}/refund"), &body).await;
    assert_eq!(answer.status(), 202);
    simulator.control(Method::POST, "/terminals/T0293/approve", json!({})).await;
    assert_eq!(simulator.get(&path).await["status"], "REFUNDED");
}

#[tokio::test]
async fn the_clock_can_be_wrong() {
    let simulator = Simulator::start().await;
    let setting = json!({ "offset_seconds": -31_536_000 });
    simulator.control(Method::PUT, "/clock", setting).await;
    let answer = simulator.try_get("/transactions").await.unwrap();
    let date = answer.headers()["date"].to_str().unwrap().to_owned();
    let clock = simulator.look("/clock").await;
    let year = &clock["now"].as_str().unwrap()[..4];
    assert!(date.ends_with("GMT") && date.contains(year), "{date}");
}

#[tokio::test]
async fn requests_are_kept_without_their_secrets() {
    let simulator = Simulator::start().await;
    let request = simulator
        .client
        .post(simulator.url("/sessions-profile"))
        .bearer_auth(&simulator.token)
        .header("Dintero-System-Name", "pos-bridge")
        .json(&sale(100));
    request.send().await.unwrap();
    let requests = simulator.look("/requests").await;
    let last = requests.as_array().unwrap().last().unwrap();
    assert_eq!(last["path"], "/v1/sessions-profile");
    assert_eq!(last["headers"]["dintero-system-name"], "pos-bridge");
    assert_eq!(last["body"]["order"]["amount"], 100);
    assert!(!requests.to_string().contains(&simulator.token));
}

#[tokio::test]
async fn a_reset_forgets_everything_and_stop_stops() {
    let simulator = Simulator::start().await;
    simulator.sell(100).await;
    let answer = simulator.control(Method::POST, "/reset", json!({})).await;
    assert_eq!(answer.status(), 204);
    assert_eq!(simulator.look("/ledger").await["captured"], 0);
    assert_eq!(simulator.get("/transactions").await, json!([]));
    let Simulator { running, client, .. } = simulator;
    let url = format!("{}/transactions", running.base_url());
    running.stop().await;
    assert!(client.get(url).send().await.unwrap_err().is_connect());
}

#[tokio::test]
async fn the_table_is_told_as_it_is() {
    let simulator = Simulator::start().await;
    let told: Value = simulator.look("/outcomes").await;
    assert_eq!(told.as_array().unwrap().len(), outcome_table().len());
    assert_eq!(told[0]["amount"], 39_900);
}
