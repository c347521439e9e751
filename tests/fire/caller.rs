//! The line of one till to the bridge, on which everything that is said is written down.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

use crate::client::client;
use crate::configuration::key_of_till;
use crate::history::{History, Key, Told};

const PATIENCE: Duration = Duration::from_secs(3);

pub(crate) struct Caller {
    pub(crate) number: usize,
    pub(crate) history: History,
    address: SocketAddr,
}

impl Caller {
    pub(crate) fn new(number: usize, address: SocketAddr, history: History) -> Self {
        Self { number, history, address }
    }

    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Option<(u16, Value)> {
        let request = client().request(method, format!("http://{}{path}", self.address)).timeout(PATIENCE);
        let request = request.bearer_auth(key_of_till(self.number));
        let request = if let Some(body) = body { request.json(body) } else { request };
        let answer = request.send().await.ok()?;
        let status = answer.status().as_u16();
        Some((status, serde_json::from_slice(&answer.bytes().await.ok()?).ok()?))
    }

    /// Writes down what was heard; the status, where there is one.
    pub(crate) fn hear(&self, key: &Key, reply: Option<(u16, Value)>) -> Option<String> {
        let Some((http, reply)) = reply else {
            self.history.hears_nothing(key);
            return None;
        };
        if http == 500 {
            self.history.books().broken.push(format!("{key}: answered with 500: {reply}"));
        }
        let Some(told) = Told::of(&reply) else {
            self.history.refused(reply["code"].as_str().unwrap_or("neither a reply nor a problem"));
            return None;
        };
        let status = told.status.clone();
        self.history.hears(key, told);
        Some(status)
    }

    pub(crate) fn key(&self, kind: &'static str, reference: &str) -> Key {
        Key { till: self.number, kind, reference: reference.to_owned() }
    }
}
