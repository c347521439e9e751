//! The simulated provider in a process of its own: it is never killed, and its ledger is the truth.

mod dojo;

use std::collections::BTreeMap;
use std::fmt;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::audit::SHOWN_WRONG;
use crate::client::{PATIENCE, client};
use crate::shop::MACHINES;

pub(crate) use dojo::{DojoLedger, Intent};

/// What the provider really did with a payment.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Transaction {
    pub(crate) id: String,
    pub(crate) merchant_reference: String,
    /// `till/reference`.
    pub(crate) merchant_reference_2: String,
    pub(crate) terminal_id: String,
    pub(crate) status: String,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) captured: i64,
    pub(crate) refunded: i64,
    pub(crate) refunds: Vec<Refund>,
    pub(crate) pending_refunds: Vec<Value>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Refund {
    pub(crate) refund_reference: Option<String>,
    pub(crate) amount: i64,
    pub(crate) success: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Ledger {
    pub(crate) transactions: Vec<Transaction>,
    pub(crate) create_requests: BTreeMap<String, u64>,
    pub(crate) refund_requests: BTreeMap<String, u64>,
    pub(crate) dojo: DojoLedger,
}

/// One payment that took money, at either provider.
pub(crate) struct Charge<'a> {
    /// `till/reference`.
    pub(crate) name: &'a str,
    /// Without what the customer added.
    pub(crate) amount: i64,
    pub(crate) refunded: i64,
    /// All that is known of it, for a person.
    record: &'a dyn fmt::Debug,
}

impl fmt::Debug for Charge<'_> {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.record.fmt(text)
    }
}

impl Transaction {
    pub(crate) fn is_paid(&self) -> bool {
        self.captured > 0 || self.status == "AUTHORIZED"
    }
}

impl Ledger {
    pub(crate) fn charges(&self) -> Vec<Charge<'_>> {
        let at_dintero = self.transactions.iter().filter(|it| it.captured > 0).map(|it| Charge {
            name: &it.merchant_reference_2,
            amount: it.captured,
            refunded: it.refunded,
            record: it,
        });
        let at_dojo = self.dojo.intents.iter().filter(|it| it.captured > 0).map(|it| Charge {
            name: it.till_reference(),
            amount: it.captured - it.added(),
            refunded: it.refunded,
            record: it,
        });
        at_dintero.chain(at_dojo).collect()
    }

    /// What was taken for good where the record shows it right, and what was given back of anything.
    pub(crate) fn sums(&self) -> (i64, i64) {
        let at_dintero =
            self.transactions.iter().filter(|it| it.is_paid() && it.amount != SHOWN_WRONG).map(|it| it.amount);
        let at_dojo = self.dojo.intents.iter().filter(|it| it.amount != SHOWN_WRONG).map(|it| it.captured);
        let back_at_dintero = self.transactions.iter().map(|it| it.refunded);
        let back_at_dojo = self.dojo.intents.iter().map(|it| it.refunded);
        (at_dintero.chain(at_dojo).sum(), back_at_dintero.chain(back_at_dojo).sum())
    }
}

pub(crate) struct Provider {
    process: Child,
    pub(crate) base_url: String,
    ahead: i64,
    /// How often each rule struck so far.
    pub(crate) hits: BTreeMap<String, u64>,
}

impl Provider {
    pub(crate) fn start(seed: u64, terminals: usize) -> Self {
        Self::start_at_speed(400, seed, terminals)
    }

    /// Its terminals take so many times less than real ones, and what runs out does so as much sooner. At 400 a busy machine
    /// is too slow for customers that have a time limit.
    pub(crate) fn start_at_speed(speed: u32, seed: u64, terminals: usize) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_pos-bridge"))
            .args(["simulate", "--listen", "127.0.0.1:0", "--speed", &speed.to_string()])
            .args(["--terminals", &terminals.to_string(), "--seed", &seed.to_string()])
            .args(["--dojo-terminals", &MACHINES.to_string()])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let base_url = first.split_whitespace().last().unwrap().to_owned();
        // The rest of its greeting is read so that it never writes into a closed pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, base_url, ahead: 0, hits: BTreeMap::new() }
    }

    fn root(&self) -> &str {
        self.base_url.trim_end_matches("/v1")
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.root().trim_start_matches("http://").parse().unwrap()
    }

    /// Has Dojo send its webhooks there; the secret that signs them.
    pub(crate) async fn subscribe(&self, bridge: SocketAddr) -> String {
        let wish = json!({
            "url": format!("http://{bridge}/callbacks/dojo"),
            "events": ["payment_intent.created", "payment_intent.status_updated"],
        });
        let request = client().post(format!("{}/webhooks", self.root())).json(&wish);
        let request = request.header("authorization", "Basic sk_sandbox_simulated").header("version", "2026-02-27");
        let answer: Value = request.send().await.unwrap().error_for_status().unwrap().json().await.unwrap();
        answer["secrets"][0]["value"].as_str().unwrap().to_owned()
    }

    async fn control(&self, method: Method, path: &str, body: Option<&Value>) -> Value {
        self.try_control(method, path, body).await.unwrap()
    }

    /// `None` where the simulator refuses.
    pub(crate) async fn try_control(&self, method: Method, path: &str, body: Option<&Value>) -> Option<Value> {
        let url = format!("{}/simulator{path}", self.root());
        let request = client().request(method, url).timeout(PATIENCE);
        let request = if let Some(body) = body { request.json(body) } else { request };
        let answer = request.send().await.unwrap();
        if answer.status().is_success() { Some(answer.json().await.unwrap()) } else { None }
    }

    /// How many requests it remembers, of either API.
    pub(crate) async fn requests(&self) -> usize {
        self.control(Method::GET, "/requests", None).await.as_array().map_or(0, Vec::len)
    }

    pub(crate) async fn ledger(&self) -> Ledger {
        serde_json::from_value(self.control(Method::GET, "/ledger", None).await).unwrap()
    }

    /// Counts what the rules in force did, and puts others in force.
    pub(crate) async fn set_faults(&mut self, rules: &Value) {
        let report = self.control(Method::GET, "/faults", None).await;
        for rule in report["rules"].as_array().into_iter().flatten() {
            *self.hits.entry(label(&rule["rule"])).or_default() += rule["hits"].as_u64().unwrap();
        }
        self.control(Method::PUT, "/faults", Some(rules)).await;
    }

    /// The time by its clock.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::now().saturating_add(SignedDuration::from_secs(self.ahead)).unwrap()
    }

    /// Puts its clock ahead, which is the one that expiry and horizon are counted on.
    pub(crate) async fn pass(&mut self, seconds: i64) {
        self.ahead += seconds;
        self.control(Method::PUT, "/clock", Some(&json!({ "offset_seconds": self.ahead }))).await;
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What a rule is counted as: call, fault and status code.
pub(crate) fn label(rule: &Value) -> String {
    let fault = &rule["fault"];
    let name = fault.as_str().map(str::to_owned).or_else(|| fault.as_object()?.keys().next().cloned());
    let code = fault["status"]["code"].as_i64().map_or(String::new(), |code| format!(" {code}"));
    format!("{} {}{code}", rule["call"].as_str().unwrap_or("any"), name.unwrap_or_default())
}
