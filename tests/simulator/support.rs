//! A simulator to test against, and a place to be called back.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use pos_bridge::simulator::{RunningSimulator, SimulatorOptions, start};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use tokio::sync::{Mutex, mpsc};

pub(crate) struct Simulator {
    pub(crate) running: RunningSimulator,
    pub(crate) client: Client,
    pub(crate) token: String,
}

/// Loopback on a free port, and everything answers at once.
pub(crate) fn options() -> SimulatorOptions {
    SimulatorOptions { listen: "127.0.0.1:0".parse().unwrap(), speed: 0, ..SimulatorOptions::default() }
}

impl Simulator {
    pub(crate) async fn start() -> Self {
        Self::with(options()).await
    }

    pub(crate) async fn with(options: SimulatorOptions) -> Self {
        let running = start(options).await.unwrap();
        let client = Client::builder()
            .timeout(Duration::from_secs(5))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let mut simulator = Self { running, client, token: String::new() };
        let answer = simulator.ask_token("simulated-secret", AUDIENCE).await;
        let body: Value = answer.json().await.unwrap();
        simulator.token = body["access_token"].as_str().unwrap().to_owned();
        simulator
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.running.base_url())
    }

    fn control_url(&self, path: &str) -> String {
        format!("http://{}/simulator{path}", self.running.address())
    }

    pub(crate) async fn ask_token(&self, secret: &str, audience: &str) -> Response {
        self.client
            .post(self.url("/accounts/T12345678/auth/token"))
            .basic_auth("simulated-client", Some(secret))
            .json(&json!({ "grant_type": "client_credentials", "audience": audience }))
            .send()
            .await
            .unwrap()
    }

    pub(crate) async fn try_get(&self, path: &str) -> reqwest::Result<Response> {
        let request = self.client.get(self.url(path)).bearer_auth(&self.token);
        request.send().await
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.try_get(path).await.unwrap().json().await.unwrap()
    }

    pub(crate) async fn try_post(&self, path: &str, body: &Value) -> reqwest::Result<Response> {
        let request = self.client.post(self.url(path)).bearer_auth(&self.token);
        request.json(body).send().await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Response {
        self.try_post(path, body).await.unwrap()
    }

    pub(crate) async fn post_nothing(&self, path: &str) -> Response {
        let request = self.client.post(self.url(path)).bearer_auth(&self.token);
        request.send().await.unwrap()
    }

    /// The identifier of a new session.
    pub(crate) async fn create(&self, body: &Value) -> String {
        let answer = self.post("/sessions-profile", body).await;
        assert_eq!(answer.status(), 200);
        let body: Value = answer.json().await.unwrap();
        body["id"].as_str().unwrap().to_owned()
    }

    /// The transaction of a new session that is over at once.
    pub(crate) async fn sell(&self, amount: i64) -> Value {
        let id = self.create(&sale(amount)).await;
        let session = self.get(&format!("/sessions/{id}")).await;
        let transaction = session["transaction_id"].as_str().unwrap();
        self.get(&format!("/transactions/{transaction}")).await
    }

    pub(crate) async fn control(&self, method: Method, path: &str, body: Value) -> Response {
        let request = self.client.request(method, self.control_url(path));
        request.json(&body).send().await.unwrap()
    }

    pub(crate) async fn look(&self, path: &str) -> Value {
        let request = self.client.get(self.control_url(path));
        request.send().await.unwrap().json().await.unwrap()
    }

    pub(crate) async fn fault(&self, rules: Value) {
        let answer = self.control(Method::PUT, "/faults", rules).await;
        assert_eq!(answer.status(), 200);
    }

    /// Reads a document until it passes the test.
    pub(crate) async fn until(&self, path: &str, test: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..1_000 {
            let document = self.get(path).await;
            if test(&document) {
                return document;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{path} never passed the test");
    }

    pub(crate) async fn session_until(&self, id: &str, test: impl Fn(&Value) -> bool) -> Value {
        self.until(&format!("/sessions/{id}"), test).await
    }
}

pub(crate) const AUDIENCE: &str = "https://api.dintero.com/v1/accounts/T12345678";

/// A create request as in Dintero's guide.
pub(crate) fn sale(amount: i64) -> Value {
    json!({
        "url": { "return_url": "https://pos.example.com/return" },
        "order": {
            "amount": amount,
            "currency": "NOK",
            "merchant_reference": "order-1",
            "merchant_reference_2": "till-1/R-1",
            "items": [{
                "id": "sku-1", "line_id": "1", "description": "Coffee", "quantity": 1,
                "amount": amount, "vat": 12,
            }],
            "store": {
                "id": "oslo-center", "terminal_id": "T0292", "payout_destination_id": "seller-1",
            },
        },
        "profile_id": "T12345678.simulated-in-person",
    })
}

pub(crate) fn sale_with_callback(amount: i64, url: &str) -> Value {
    let mut body = sale(amount);
    body["url"]["callback_url"] = json!(url);
    body
}

/// A call that came in.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Call {
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        let query = self.uri.query().unwrap_or_default().as_bytes();
        form_urlencoded::parse(query).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }
}

/// Listens for callbacks, and answers with the given statuses in turn, then 200.
pub(crate) struct Listener {
    pub(crate) url: String,
    calls: mpsc::UnboundedReceiver<Call>,
}

type Answers = Arc<(Mutex<Vec<u16>>, mpsc::UnboundedSender<Call>)>;

impl Listener {
    pub(crate) async fn answering(mut statuses: Vec<u16>) -> Self {
        statuses.reverse();
        let (sender, calls) = mpsc::unbounded_channel();
        let state: Answers = Arc::new((Mutex::new(statuses), sender));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let router = Router::new().fallback(take).with_state(state);
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, calls }
    }

    pub(crate) async fn next(&mut self) -> Call {
        let next = tokio::time::timeout(Duration::from_secs(5), self.calls.recv());
        next.await.expect("a call").expect("a listener")
    }

    pub(crate) async fn silence(&mut self) {
        let next = tokio::time::timeout(Duration::from_millis(100), self.calls.recv()).await;
        assert!(next.is_err(), "nobody should call: {next:?}");
    }
}

async fn take(State(state): State<Answers>, request: Request) -> StatusCode {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let call = Call { method: parts.method.to_string(), uri: parts.uri, headers: parts.headers, body: body.to_vec() };
    let status = state.0.lock().await.pop().unwrap_or(200);
    state.1.send(call).ok();
    StatusCode::from_u16(status).unwrap()
}
