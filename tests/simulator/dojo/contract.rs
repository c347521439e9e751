//! What Dojo requires is enforced.

use pos_bridge::simulator::SimulatedDojoTerminal;
use reqwest::Method;
use serde_json::{Value, json};

use super::support::{Dojo, answered, intent, matched_refund, money, options, sale};

fn with(member: &str, value: Value) -> Value {
    let mut body = intent(1_000);
    body[member] = value;
    body
}

#[tokio::test]
async fn the_key_is_sent_as_it_is() {
    let dojo = Dojo::start().await;
    for wrong in ["Bearer sk_sandbox_simulated", "Basic sk_sandbox_other", "Basic c2tfc2FuZGJveF9zaW11bGF0ZWQ6"] {
        let request = dojo.bare(Method::GET, "/payment-intents/pi_1").header("version", "2025-09-10");
        let answer = request.header("Authorization", wrong).send().await.unwrap();
        assert_eq!(answered(answer, 401).await["status"], 401);
    }
    let answer = dojo.bare(Method::GET, "/payment-intents/pi_1").header("version", "2025-09-10").send().await.unwrap();
    assert_eq!(answer.status(), 401);
}

#[tokio::test]
async fn the_version_is_required_and_known() {
    let dojo = Dojo::start().await;
    let ask = async |path: &str, version: Option<&str>| {
        let request = dojo.bare(Method::GET, path).header("Authorization", "Basic sk_sandbox_simulated");
        let request = request.header("software-house-id", "softwareHouse1").header("reseller-id", "reseller1");
        let request = version.into_iter().fold(request, |request, version| request.header("version", version));
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(ask("/webhooks", None).await, 400);
    assert_eq!(ask("/webhooks", Some("2021-01-01")).await, 400);
    assert_eq!(ask("/webhooks", Some("2022-04-07")).await, 200);
    assert_eq!(ask("/terminals", Some("2022-04-07")).await, 400);
    assert_eq!(ask("/terminals", Some("2026-02-27")).await, 200);
}

#[tokio::test]
async fn the_terminal_calls_need_the_partner() {
    let dojo = Dojo::start().await;
    let ask = async |software_house: Option<&str>, reseller: Option<&str>| {
        let request = dojo.bare(Method::GET, "/terminals").header("Authorization", "Basic sk_sandbox_simulated");
        let request = request.header("version", "2025-09-10");
        let request = software_house.into_iter().fold(request, |request, id| request.header("software-house-id", id));
        let request = reseller.into_iter().fold(request, |request, id| request.header("reseller-id", id));
        request.send().await.unwrap().status().as_u16()
    };
    let right = Some("softwareHouse1");
    assert_eq!(ask(None, Some("reseller1")).await, 400);
    assert_eq!(ask(right, None).await, 401);
    assert_eq!(ask(right, Some("stranger")).await, 403);
    assert_eq!(ask(Some("stranger"), Some("reseller1")).await, 403);
    assert_eq!(ask(right, Some("reseller1")).await, 200);
    dojo.policy("reseller_required", json!(false)).await;
    assert_eq!(ask(right, None).await, 200);
}

#[tokio::test]
async fn an_intent_says_what_it_must_and_nothing_else() {
    let dojo = Dojo::start().await;
    for (member, value) in [
        ("amount", Value::Null),
        ("amount", money(0)),
        ("amount", money(-1)),
        ("amount", json!(1_000)),
        ("amount", json!({ "value": 10.5, "currencyCode": "GBP" })),
        ("amount", json!({ "value": 1_000, "currencyCode": "NOK" })),
        ("amount", json!({ "value": 1_000, "currencyCode": "GBP", "more": 1 })),
        ("reference", Value::Null),
        ("reference", json!("")),
        ("reference", json!("x".repeat(61))),
        ("captureMode", json!("Manual")),
        ("captureMode", json!("Later")),
        ("autoExpireIn", json!("PT5M")),
        ("autoExpireIn", json!("00:00:30")),
        ("autoExpireIn", json!("7.00:00:00")),
        ("expireAt", json!("2020-01-01T00:00:00Z")),
        ("metadata", json!({ "operation": 1 })),
        ("tipsAmount", json!({ "value": 100, "currencyCode": "EUR" })),
        ("itemLines", json!([{ "id": "1" }])),
        ("unknown", json!(1)),
    ] {
        let answer = dojo.post("/payment-intents", &with(member, value.clone())).await;
        assert_eq!(answer.status(), 400, "{member}: {value}");
        let problem: Value = answer.json().await.unwrap();
        assert!(problem["traceId"].is_string() && problem["errors"].is_object());
    }
    let missing = answered(dojo.post("/payment-intents", &json!({ "amount": money(1) })).await, 400).await;
    assert_eq!(missing["errors"]["Reference"][0], "The Reference field is required.");
    assert_eq!(dojo.truth().await["intents"], json!([]));
}

#[tokio::test]
async fn members_are_found_in_either_case() {
    let dojo = Dojo::start().await;
    let body = json!({
        "Amount": { "Value": 1_000, "CurrencyCode": "EUR" }, "Reference": "order-2", "captureMode": "Manual",
        "AutoExpireAction": "Capture", "AutoExpireIn": "00:00:55",
    });
    let intent = answered(dojo.post("/payment-intents", &body).await, 200).await;
    assert_eq!(intent["totalAmount"], json!({ "value": 1_000, "currencyCode": "EUR" }));
    assert_eq!(intent["captureMode"], "Manual");
    assert_eq!(intent["autoExpireIn"], "00:00:55");
}

#[tokio::test]
async fn a_body_is_json_and_an_empty_put_says_that_it_is_empty() {
    let dojo = Dojo::start().await;
    let text = dojo.request(Method::POST, "/payment-intents").body(intent(1_000).to_string());
    assert_eq!(text.send().await.unwrap().status(), 415);
    let unframed = dojo.request(Method::DELETE, "/payment-intents/pi_1").send().await.unwrap();
    assert_eq!(unframed.status(), 411);
    assert_eq!(dojo.delete("/payment-intents/pi_1").await.status(), 404);
}

#[tokio::test]
async fn terminals_are_listed_by_status() {
    let mut options = options();
    options.dojo.terminals.push(SimulatedDojoTerminal { id: "tm_sandbox_odd".into(), tid: "12345678".into() });
    let dojo = Dojo::with(options).await;
    let tids = async |query: &str| {
        let list = dojo.get(&format!("/terminals{query}")).await;
        list.as_array().unwrap().iter().map(|it| it["properties"]["tid"].to_string()).collect::<Vec<_>>()
    };
    assert!(tids("").await.contains(&"\"12345678\"".to_owned()));
    assert_eq!(tids("?statuses=Offline").await, ["\"VCMDEMOOFF0\""]);
    assert_eq!(tids("?statuses=Offline&statuses=InUse").await.len(), 2);
    let wrong = answered(dojo.try_get("/terminals?statuses=Busy").await.unwrap(), 400).await;
    assert_eq!(wrong["code"], "INVALID_REQUEST");
    let unknown = answered(dojo.try_get("/terminals/tm_sandbox_none").await.unwrap(), 404).await;
    assert_eq!(unknown["code"], "TERMINAL_UNAVAILABLE");
    let one = dojo.get("/terminals/tm_sandbox_sip0").await;
    assert_eq!(one["status"], "Available");
    assert_eq!(one["properties"]["tid"], "VCMDEMOSIP0");
}

#[tokio::test]
async fn a_session_has_the_one_member_that_its_type_names() {
    let dojo = Dojo::start().await;
    let intent_id = dojo.intend(1_000).await;
    let details = |details: Value| json!({ "terminalId": "tm_sandbox_sip0", "details": details });
    let sale_of = json!({ "paymentIntentId": intent_id });
    for body in [
        details(json!({ "sessionType": "Sale" })),
        details(json!({ "sale": sale_of })),
        details(json!({ "sessionType": "MatchedRefund", "sale": sale_of })),
        details(json!({ "sessionType": "Sale", "matchedRefund": sale_of })),
        details(json!({ "sessionType": "Sale", "sale": sale_of, "matchedRefund": sale_of })),
        details(json!({ "sessionType": "sale", "sale": sale_of })),
        details(json!({ "sessionType": "UnlinkedRefund", "unlinkedRefund": {} })),
        details(json!({ "sessionType": "UnlinkedRefund", "unlinkedRefund": { "amount": money(0) } })),
        json!({ "details": { "sessionType": "Sale", "sale": sale_of } }),
    ] {
        assert_eq!(dojo.post("/terminal-sessions", &body).await.status(), 400, "{body}");
    }
    assert_eq!(dojo.read_intent(&intent_id).await["terminalSessionHistory"], json!([]));
}

#[tokio::test]
async fn a_terminal_must_be_known_reachable_and_free() {
    let dojo = Dojo::start().await;
    let intent_id = dojo.intend(1_000).await;
    for (terminal, status) in [("none", 404), ("off0", 404), ("bsy0", 409)] {
        assert_eq!(dojo.post("/terminal-sessions", &sale(terminal, &intent_id)).await.status(), status, "{terminal}");
    }
    dojo.simulator.control(Method::PUT, "/terminals/tm_sandbox_sip0", json!({ "mode": "offline" })).await;
    assert_eq!(dojo.post("/terminal-sessions", &sale("sip0", &intent_id)).await.status(), 404);
    assert_eq!(dojo.get("/terminals/tm_sandbox_sip0").await["status"], "Offline");

    dojo.simulator.control(Method::PUT, "/terminals/tm_sandbox_scn0", json!({ "mode": "manual" })).await;
    dojo.present("scn0", &intent_id).await;
    assert_eq!(dojo.get("/terminals/tm_sandbox_scn0").await["status"], "InUse");
    let other = dojo.intend(1_000).await;
    assert_eq!(dojo.post("/terminal-sessions", &sale("scn0", &other)).await.status(), 409);
    assert_eq!(dojo.read_intent(&other).await["terminalSessionHistory"], json!([]));
}

#[tokio::test]
async fn only_an_unpaid_intent_is_sold_and_only_a_paid_one_refunded() {
    let dojo = Dojo::start().await;
    let paid = dojo.sell("sip0", 1_000).await;
    assert_eq!(dojo.post("/terminal-sessions", &sale("sip0", &paid)).await.status(), 400);
    let unpaid = dojo.intend(1_000).await;
    assert_eq!(dojo.post("/terminal-sessions", &matched_refund("sip0", &unpaid, None)).await.status(), 400);
    assert_eq!(dojo.post("/terminal-sessions", &sale("sip0", "pi_sandbox_none")).await.status(), 404);
    assert_eq!(dojo.try_get("/terminal-sessions/ts_none").await.unwrap().status(), 404);
}
