//! A simulated Dojo to test against.

use pos_bridge::simulator::{DojoOptions, SimulatorOptions};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::support::Simulator;

pub(super) struct Dojo {
    pub(super) simulator: Simulator,
}

/// Machines answer at once; a limit of 80 s takes 80 ms.
pub(super) fn options() -> SimulatorOptions {
    let dojo = DojoOptions { limit_speed: 1_000, ..DojoOptions::default() };
    SimulatorOptions { dojo, ..crate::support::options() }
}

impl Dojo {
    pub(super) async fn start() -> Self {
        Self::with(options()).await
    }

    pub(super) async fn with(options: SimulatorOptions) -> Self {
        Self { simulator: Simulator::with(options).await }
    }

    /// Without any header.
    pub(super) fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        self.simulator.client.request(method, format!("{}{path}", self.simulator.running.dojo_base_url()))
    }

    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.bare(method, path)
            .header("Authorization", "Basic sk_sandbox_simulated")
            .header("version", "2025-09-10")
            .header("software-house-id", "softwareHouse1")
            .header("reseller-id", "reseller1")
    }

    pub(super) async fn try_post(&self, path: &str, body: &Value) -> reqwest::Result<Response> {
        self.request(Method::POST, path).json(body).send().await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Response {
        self.try_post(path, body).await.unwrap()
    }

    pub(super) async fn put(&self, path: &str, body: &Value) -> Response {
        self.request(Method::PUT, path).json(body).send().await.unwrap()
    }

    /// Empty, and saying so.
    pub(super) async fn cancel(&self, session_id: &str) -> Response {
        let path = format!("/terminal-sessions/{session_id}/cancel");
        self.request(Method::PUT, &path).header("Content-Length", "0").body("").send().await.unwrap()
    }

    pub(super) async fn delete(&self, path: &str) -> Response {
        self.request(Method::DELETE, path).header("Content-Length", "0").body("").send().await.unwrap()
    }

    pub(super) async fn try_get(&self, path: &str) -> reqwest::Result<Response> {
        self.request(Method::GET, path).send().await
    }

    pub(super) async fn get(&self, path: &str) -> Value {
        self.try_get(path).await.unwrap().json().await.unwrap()
    }

    /// The identifier of a new intent.
    pub(super) async fn intend(&self, amount: i64) -> String {
        identifier(answered(self.post("/payment-intents", &intent(amount)).await, 200).await)
    }

    /// The identifier of a new session.
    pub(super) async fn present(&self, terminal: &str, intent_id: &str) -> String {
        identifier(answered(self.post("/terminal-sessions", &sale(terminal, intent_id)).await, 200).await)
    }

    pub(super) async fn read_intent(&self, id: &str) -> Value {
        self.get(&format!("/payment-intents/{id}?returnCanceled=true")).await
    }

    pub(super) async fn read_session(&self, id: &str) -> Value {
        self.get(&format!("/terminal-sessions/{id}")).await
    }

    /// An intent that is paid on the terminal at once.
    pub(super) async fn sell(&self, terminal: &str, amount: i64) -> String {
        let intent_id = self.intend(amount).await;
        self.present(terminal, &intent_id).await;
        intent_id
    }

    /// Reads a document until its status is this one.
    pub(super) async fn until(&self, path: &str, status: &str) -> Value {
        for _ in 0..1_000 {
            let document = self.get(path).await;
            if document["status"] == status {
                return document;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        panic!("{path} never became {status}");
    }

    /// The truth about money.
    pub(super) async fn truth(&self) -> Value {
        self.simulator.look("/ledger").await["dojo"].clone()
    }

    /// Changes one member of the policy.
    pub(super) async fn policy(&self, member: &str, value: Value) {
        let answer = self.simulator.control(Method::PUT, "/dojo", json!({ member: value })).await;
        assert_eq!(answer.status(), 200);
    }
}

pub(super) async fn answered(answer: Response, status: u16) -> Value {
    assert_eq!(answer.status(), status);
    answer.json().await.unwrap()
}

pub(super) fn identifier(document: Value) -> String {
    document["id"].as_str().unwrap().to_owned()
}

pub(super) fn money(value: i64) -> Value {
    json!({ "value": value, "currencyCode": "GBP" })
}

pub(super) fn intent(amount: i64) -> Value {
    json!({
        "amount": money(amount), "reference": "order-1", "captureMode": "Auto", "metadata": { "operation": "op-1" },
    })
}

pub(super) fn sale(terminal: &str, intent_id: &str) -> Value {
    json!({
        "terminalId": format!("tm_sandbox_{}", terminal.to_lowercase()),
        "details": { "sessionType": "Sale", "sale": { "paymentIntentId": intent_id } },
    })
}

pub(super) fn matched_refund(terminal: &str, intent_id: &str, amount: Option<i64>) -> Value {
    let mut body = json!({
        "terminalId": format!("tm_sandbox_{}", terminal.to_lowercase()),
        "details": { "sessionType": "MatchedRefund", "matchedRefund": { "paymentIntentId": intent_id } },
    });
    if let Some(amount) = amount {
        body["details"]["matchedRefund"]["amount"] = money(amount);
    }
    body
}

pub(super) fn statuses(session: &Value) -> Vec<String> {
    let events = session["statusEvents"].as_array().unwrap().iter();
    events.map(|event| event["status"].as_str().unwrap().to_owned()).collect()
}
