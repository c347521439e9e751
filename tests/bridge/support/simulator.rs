//! The provider behind the bridge, and its books.

use std::net::SocketAddr;

use pos_bridge::simulator::{
    DojoOptions, DojoWebhook, RunningSimulator, SimulatedDojoTerminal, SimulatedTerminal, SimulatorOptions, start,
};
use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::folder::{WEBHOOK_SECRET, dojo_terminal_id, terminal_id};
use super::{Behind, Setup};

pub(crate) struct Simulator {
    provider: Behind,
    running: RunningSimulator,
    client: Client,
}

impl Simulator {
    pub(crate) async fn start(setup: &Setup, callback_address: SocketAddr) -> Self {
        let options = SimulatorOptions {
            listen: "127.0.0.1:0".parse().unwrap(),
            speed: setup.speed,
            refund_needs_terminal: setup.refund == "terminal",
            start: if setup.start == "publish" {
                pos_bridge::simulator::StartRule::Publish
            } else {
                pos_bridge::simulator::StartRule::Session
            },
            pushes_fail: setup.pushes_fail,
            // One more than the bridge knows: another bridge's.
            terminals: (1..=setup.terminals + 1)
                .map(|number| SimulatedTerminal::active(terminal_id(number), "oslo-center"))
                .collect(),
            token_life_seconds: setup.token_life_seconds,
            dojo: DojoOptions {
                terminals: (1..=setup.terminals + 1).map(|number| machine(number, setup.machine)).collect(),
                limit_speed: setup.limit_speed,
                webhook: setup.callbacks.then(|| DojoWebhook {
                    url: format!("http://{callback_address}/callbacks/dojo").parse().unwrap(),
                    secret: WEBHOOK_SECRET.to_owned(),
                }),
                ..DojoOptions::default()
            },
            ..SimulatorOptions::default()
        };
        Self { provider: setup.provider, running: start(options).await.unwrap(), client: Client::new() }
    }

    pub(crate) fn dojo_base_url(&self) -> String {
        self.running.dojo_base_url()
    }

    /// Has Dojo do things another way.
    pub(crate) async fn dojo_policy(&self, policy: &Value) {
        self.control(Method::PUT, "/dojo", policy).await;
    }

    fn terminal_path(&self, number: usize) -> String {
        match self.provider {
            Behind::Dintero => format!("/terminals/{}", terminal_id(number)),
            Behind::Dojo => format!("/terminals/{}", dojo_terminal_id(number)),
        }
    }

    pub(crate) fn base_url(&self) -> String {
        self.running.base_url()
    }

    pub(crate) async fn control(&self, method: Method, path: &str, body: &Value) -> Value {
        let url = format!("http://{}/simulator{path}", self.running.address());
        let request = self.client.request(method, url);
        let request = if body.is_null() { request } else { request.json(body) };
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {} {}", answer.status(), answer.text().await.unwrap());
        serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or(Value::Null)
    }

    /// The first session, once there is one.
    pub(crate) async fn session(&self) -> Value {
        super::eventually("the session", || async {
            let sessions = self.ledger().await["sessions"].clone();
            sessions.get(0).map(|session| session["id"].clone())
        })
        .await
    }

    /// Somebody else asks the provider for something: another bridge, the back office, a request that was doubled.
    pub(crate) async fn ask(&self, path: &str, body: &Value) -> Value {
        let base = self.base_url();
        let audience = "https://api.dintero.com/v1/accounts/T12345678";
        let token = self
            .client
            .post(format!("{base}/accounts/T12345678/auth/token"))
            .basic_auth("simulated-client", Some("simulated-secret"))
            .json(&json!({ "grant_type": "client_credentials", "audience": audience }));
        let token: Value = token.send().await.unwrap().json().await.unwrap();
        let request = self.client.post(format!("{base}{path}")).bearer_auth(token["access_token"].as_str().unwrap());
        let answer = request.json(body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.text().await.unwrap());
        answer.json().await.unwrap()
    }

    /// Somebody else starts a sale, and the customer pays it.
    pub(crate) async fn foreign_sale(&self, reference: &str, till_reference: &str, terminal: usize, amount: i64) {
        let body = json!({
            "url": { "return_url": "https://example.com" },
            "profile_id": "T12345678.simulated-in-person",
            "order": {
                "amount": amount, "currency": "NOK",
                "merchant_reference": reference, "merchant_reference_2": till_reference,
                "store": {
                    "id": "oslo-center", "terminal_id": terminal_id(terminal), "payout_destination_id": "seller-1",
                },
            },
        });
        let captured = self.ledger().await["captured"].as_i64().unwrap();
        self.ask("/sessions-profile", &body).await;
        super::eventually("the other's payment", || async {
            (self.ledger().await["captured"].as_i64().unwrap() == captured + amount).then_some(())
        })
        .await;
    }

    /// Has these faults strike.
    pub(crate) async fn faults(&self, rules: Value) {
        self.control(Method::PUT, "/faults", &rules).await;
    }

    /// How often each kind of fault struck.
    pub(crate) async fn hits(&self) -> Value {
        self.control(Method::GET, "/faults", &Value::Null).await["hits"].clone()
    }

    /// The truth about money.
    pub(crate) async fn ledger(&self) -> Value {
        self.control(Method::GET, "/ledger", &Value::Null).await
    }

    /// The same of the provider alone that drives the terminals.
    pub(crate) async fn books(&self) -> Value {
        let mut ledger = self.ledger().await;
        match self.provider {
            Behind::Dintero => ledger,
            Behind::Dojo => ledger["dojo"].take(),
        }
    }

    /// What was asked of it lately.
    pub(crate) async fn requests(&self) -> Vec<Value> {
        self.control(Method::GET, "/requests", &Value::Null).await.as_array().unwrap().clone()
    }

    /// Puts the provider's clock ahead.
    pub(crate) async fn clock_ahead(&self, seconds: i64) {
        self.control(Method::PUT, "/clock", &json!({ "offset_seconds": seconds })).await;
    }

    /// Has a terminal wait for a person, be offline, or answer by itself.
    pub(crate) async fn terminal_mode(&self, number: usize, mode: &str) {
        self.control(Method::PUT, &self.terminal_path(number), &json!({ "mode": mode })).await;
    }

    /// Returns once a terminal asks its customer for something.
    pub(crate) async fn prompted(&self, number: usize) {
        let path = self.terminal_path(number);
        super::eventually("the terminal's prompt", || async {
            let terminal = self.control(Method::GET, &path, &Value::Null).await;
            (!terminal["prompt"].is_null()).then_some(())
        })
        .await;
    }

    /// The customer does something at a terminal in manual mode; waits for the prompt.
    pub(crate) async fn customer(&self, number: usize, does: &str) {
        self.prompted(number).await;
        self.control(Method::POST, &format!("{}/{does}", self.terminal_path(number)), &Value::Null).await;
    }
}

fn machine(number: usize, kind: &str) -> SimulatedDojoTerminal {
    SimulatedDojoTerminal { id: dojo_terminal_id(number), tid: format!("VCMDEMO{kind}") }
}

/// When a fault strikes: before or after the provider took note of the call.
pub(crate) const MOMENTS: [&str; 2] = ["before", "after"];

/// Everything that can go wrong with a call that moves money.
pub(crate) fn every_fault() -> Vec<Value> {
    vec![
        json!("lose_request"),
        json!("lose_reply"),
        json!("reset"),
        json!("half_answer"),
        json!("garbage"),
        json!("wrong_type"),
        json!("endless"),
        json!({ "delay": 800 }),
        json!({ "status": { "code": 500 } }),
        json!({ "status": { "code": 503, "retry_after": 1 } }),
        json!({ "status": { "code": 409 } }),
        json!({ "status": { "code": 429, "retry_after": 1 } }),
        json!({ "redirect": {} }),
    ]
}
