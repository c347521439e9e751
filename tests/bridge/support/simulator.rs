//! The provider behind the bridge, and its books.

use pos_bridge::simulator::{RunningSimulator, SimulatedTerminal, SimulatorOptions, start};
use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::Setup;
use super::folder::terminal_id;

pub(crate) struct Simulator {
    running: RunningSimulator,
    client: Client,
}

impl Simulator {
    pub(crate) async fn start(setup: &Setup) -> Self {
        let options = SimulatorOptions {
            listen: "127.0.0.1:0".parse().unwrap(),
            speed: setup.speed,
            refund_needs_terminal: setup.refund == "terminal",
            start: if setup.start == "publish" {
                pos_bridge::simulator::StartRule::Publish
            } else {
                pos_bridge::simulator::StartRule::Session
            },
            terminals: (1..=setup.terminals)
                .map(|number| SimulatedTerminal::active(terminal_id(number), "oslo-center"))
                .collect(),
            token_life_seconds: setup.token_life_seconds,
            ..SimulatorOptions::default()
        };
        Self { running: start(options).await.unwrap(), client: Client::new() }
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
        self.control(Method::PUT, &format!("/terminals/{}", terminal_id(number)), &json!({ "mode": mode })).await;
    }

    /// The customer does something at a terminal in manual mode; waits for the prompt.
    pub(crate) async fn customer(&self, number: usize, does: &str) {
        let path = format!("/terminals/{}", terminal_id(number));
        super::eventually("the terminal's prompt", || async {
            let terminal = self.control(Method::GET, &path, &Value::Null).await;
            (!terminal["prompt"].is_null()).then_some(())
        })
        .await;
        self.control(Method::POST, &format!("{path}/{does}"), &Value::Null).await;
    }
}
