//! What Dintero requires is enforced.

use pos_bridge::simulator::{Enrolment, SimulatedTerminal, StartRule};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Simulator, options, sale};

async fn refused(simulator: &Simulator, body: &Value) -> String {
    let answer = simulator.post("/sessions-profile", body).await;
    assert_eq!(answer.status(), 400, "{body}");
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["error"]["code"], "INVALID_REQUEST_PARAMETER");
    body["error"]["errors"].to_string()
}

fn without(pointer: &str, name: &str) -> Value {
    let mut body = sale(100);
    body.pointer_mut(pointer).unwrap().as_object_mut().unwrap().remove(name);
    body
}

fn with(pointer: &str, name: &str, value: Value) -> Value {
    let mut body = sale(100);
    body.pointer_mut(pointer).unwrap()[name] = value;
    body
}

#[tokio::test]
async fn required_fields_are_required() {
    let simulator = Simulator::start().await;
    for (pointer, name) in [
        ("/url", "return_url"),
        ("/order", "amount"),
        ("/order", "currency"),
        ("/order", "merchant_reference"),
        ("", "profile_id"),
        ("/order/store", "id"),
        ("/order/store", "terminal_id"),
        ("/order/store", "payout_destination_id"),
    ] {
        let errors = refused(&simulator, &without(pointer, name)).await;
        assert!(errors.contains(name), "{errors}");
    }
}

#[tokio::test]
async fn values_that_make_no_sense_are_refused() {
    let simulator = Simulator::start().await;
    for (pointer, name, value) in [
        ("/order", "amount", json!(0)),
        ("/order", "amount", json!(-5)),
        ("/order", "amount", json!(i64::from(i32::MAX) + 1)),
        ("/order", "amount", json!("100")),
        ("/order", "currency", json!("nok")),
        ("", "profile_id", json!("other")),
        ("", "expires_at", json!("tomorrow")),
        ("/url", "callback_url", json!("ftp://pos.example.com")),
        ("", "customer", json!({ "phone_number": "" })),
        ("/order/store", "id", json!("nowhere")),
        ("/order/store", "terminal_id", json!("T9999")),
        ("/order/store", "payout_destination_id", json!("seller-2")),
    ] {
        refused(&simulator, &with(pointer, name, value)).await;
    }
}

#[tokio::test]
async fn item_sums_are_compared_only_on_request() {
    let simulator = Simulator::start().await;
    let body = with("/order/items/0", "amount", json!(99));
    simulator.create(&body).await;
    let strict = simulator
        .client
        .post(simulator.url("/sessions-profile"))
        .bearer_auth(&simulator.token)
        .header("Dintero-Feature-Toggles", "strict-session-amounts")
        .json(&body);
    assert_eq!(strict.send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn a_body_needs_its_content_type() {
    let simulator = Simulator::start().await;
    let request = simulator
        .client
        .post(simulator.url("/sessions-profile"))
        .bearer_auth(&simulator.token)
        .body(sale(100).to_string());
    assert_eq!(request.send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn a_cancel_takes_no_body() {
    let simulator = Simulator::start().await;
    let id = simulator.create(&sale(990_104)).await;
    let answer = simulator.post(&format!("/sessions/{id}/cancel"), &json!({})).await;
    assert_eq!(answer.status(), 400);
}

#[tokio::test]
async fn a_terminal_must_be_enrolled_reachable_and_free() {
    let mut options = options();
    let mut pending = SimulatedTerminal::active("T0294", "oslo-center");
    pending.enrolment = Enrolment::Pending;
    options.terminals.push(pending);
    let simulator = Simulator::with(options).await;
    let body = with("/order/store", "terminal_id", json!("T0294"));
    assert!(refused(&simulator, &body).await.contains("not enrolled"));
    assert!(refused(&simulator, &sale(990_108)).await.contains("cannot be reached"));

    let offline = json!({ "mode": "offline" });
    simulator.control(Method::PUT, "/terminals/T0293", offline).await;
    let body = with("/order/store", "terminal_id", json!("T0293"));
    assert!(refused(&simulator, &body).await.contains("cannot be reached"));

    simulator.create(&sale(990_104)).await;
    assert!(refused(&simulator, &sale(100)).await.contains("busy"));
}

#[tokio::test]
async fn an_expired_session_never_prompts() {
    let simulator = Simulator::start().await;
    let id = simulator.create(&with("", "expires_at", json!("2020-01-01T00:00:00Z"))).await;
    assert_eq!(simulator.get(&format!("/sessions/{id}")).await.get("transaction_id"), None);
}

#[tokio::test]
async fn the_publish_rule_starts_only_what_asks_for_it() {
    let mut options = options();
    options.start = StartRule::Publish;
    let simulator = Simulator::with(options).await;
    let silent = simulator.create(&sale(100)).await;
    assert_eq!(simulator.get(&format!("/sessions/{silent}")).await.get("transaction_id"), None);
    let publish = json!({ "publish": [{ "channel": "push", "type": "terminal" }] });
    let answer = simulator.post("/sessions-profile?include_session=true", &with("", "configuration", publish)).await;
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["publish"][0]["status"], "sent");
    assert!(body["session"]["transaction_id"].is_string());
}

#[tokio::test]
async fn another_account_is_forbidden_and_unknown_things_are_not_found() {
    let simulator = Simulator::start().await;
    let other = simulator.try_get("/accounts/T00000000/terminals").await.unwrap();
    assert_eq!(other.status(), 403);
    for path in ["/sessions/T12345678.none", "/transactions/T12345678.none", "/nothing"] {
        let answer = simulator.try_get(path).await.unwrap();
        assert_eq!(answer.status(), 404);
        let body: Value = answer.json().await.unwrap();
        assert!(body["error"]["message"].is_string());
    }
}

#[tokio::test]
async fn stores_terminals_and_operations_answer() {
    let mut options = options();
    options.speed = 1;
    let simulator = Simulator::with(options).await;
    let stores = simulator.get("/accounts/T12345678/stores").await;
    assert_eq!(stores["stores"][0]["store_id"], "oslo-center");
    let terminals = simulator.get("/accounts/T12345678/terminals").await;
    assert_eq!(terminals["terminals"].as_array().unwrap().len(), 2);
    let one = simulator.get("/accounts/T12345678/terminals/T0292").await;
    assert_eq!(one["status"], "ACTIVE");

    let body = json!({ "terminal_id": "T0292", "operation": "end_of_day" });
    let start = async || {
        let request = simulator
            .client
            .post(simulator.url("/admin/terminals/operations"))
            .bearer_auth(&simulator.token)
            .header("Idempotency-Key", "k1")
            .json(&body);
        request.send().await.unwrap().json::<Value>().await.unwrap()
    };
    let first = start().await;
    assert_eq!(first["status"], "PENDING");
    assert_eq!(start().await["id"], first["id"]);
    let second = simulator.post("/admin/terminals/operations", &body).await;
    assert_eq!(second.status(), 409);
    assert_eq!(second.headers()["retry-after"], "1");
    let list = simulator.get("/admin/terminals/operations?terminal_id=T0292").await;
    assert_eq!(list[0]["id"], first["id"]);
}
