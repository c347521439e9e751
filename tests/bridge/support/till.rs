//! A till: it posts, it polls, it hangs up.

use std::net::SocketAddr;

use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What the bridge answered.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    /// The `status` of the reply, or the `code` of a problem.
    pub(crate) fn word(&self) -> &str {
        let word = if self.body["code"].is_string() { &self.body["code"] } else { &self.body["status"] };
        word.as_str().unwrap_or_else(|| panic!("neither a reply nor a problem: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

#[derive(Clone)]
pub(crate) struct Till {
    pub(crate) client: Client,
    pub(crate) address: SocketAddr,
    pub(crate) key: String,
}

impl Till {
    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let request = self.client.request(method, format!("http://{}{path}", self.address)).bearer_auth(&self.key);
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        let answer = request.send().await.unwrap_or_else(|error| panic!("{path}: {error:?}"));
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let bytes = answer.bytes().await.unwrap();
        Answer { status, headers, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, Some(&body)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None).await
    }

    pub(crate) async fn pay(&self, reference: &str, amount: i64) -> Answer {
        self.post("/pay", json!({ "reference": reference, "amount": amount })).await
    }

    /// Starts a sale and does not wait for it.
    pub(crate) async fn begin(&self, reference: &str, amount: i64) -> Answer {
        self.post("/pay", json!({ "reference": reference, "amount": amount, "wait": 0 })).await
    }

    /// Waits for the result of a sale.
    pub(crate) async fn result(&self, reference: &str) -> Answer {
        self.get(&format!("/pay/{reference}?wait=20")).await
    }

    pub(crate) async fn cancel(&self, reference: &str) -> Answer {
        self.call(Method::POST, &format!("/pay/{reference}/cancel"), None).await
    }

    pub(crate) async fn refund(&self, reference: &str, original: &str, amount: Option<i64>) -> Answer {
        let mut body = json!({ "reference": reference, "original_reference": original });
        if let Some(amount) = amount {
            body["amount"] = json!(amount);
        }
        self.post("/refund", body).await
    }

    /// Posts a sale at HTTP/1.0, closes its own side behind it, and reads what comes until the bridge closes too.
    pub(crate) async fn pay_half_closed(&self, reference: &str, amount: i64) -> String {
        let body = json!({ "reference": reference, "amount": amount }).to_string();
        let (key, length) = (&self.key, body.len());
        let request = format!("POST /pay HTTP/1.0\r\nX-Api-Key: {key}\r\nContent-Length: {length}\r\n\r\n{body}");
        let mut connection = TcpStream::connect(self.address).await.unwrap();
        connection.write_all(request.as_bytes()).await.unwrap();
        connection.shutdown().await.unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.unwrap();
        answer
    }

    /// Posts a sale and hangs up before the answer.
    pub(crate) async fn pay_and_hang_up(&self, reference: &str, amount: i64) {
        let body = json!({ "reference": reference, "amount": amount }).to_string();
        let request = format!(
            "POST /pay HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: \
             {}\r\n\r\n{body}",
            self.address,
            self.key,
            body.len()
        );
        let mut connection = TcpStream::connect(self.address).await.unwrap();
        connection.write_all(request.as_bytes()).await.unwrap();
        super::eventually("the sale that was hung up on", || async {
            (self.get(&format!("/pay/{reference}")).await.status != 404).then_some(())
        })
        .await;
    }
}
