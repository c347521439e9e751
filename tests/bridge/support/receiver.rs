//! A till that results are pushed to: a little web server that writes down what it gets.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::within;
use crate::free_address::free_address;

/// The pauses between two tries grow, on a machine that is busy with other things too.
pub(crate) const PUSH_PATIENCE: Duration = Duration::from_secs(60);

/// A message as it came.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) path: String,
    pub(crate) came_at: Instant,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) bytes: Vec<u8>,
}

impl Message {
    pub(crate) fn body(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// `R-1 approved`
    pub(crate) fn told(&self) -> String {
        let body = self.body();
        format!("{} {}", body["reference"].as_str().unwrap(), body["status"].as_str().unwrap())
    }
}

/// What is answered at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answers {
    With(u16),
    /// The connection is held, and nothing comes.
    Never,
}

#[derive(Clone, Default)]
struct Desk {
    got: Arc<Mutex<Vec<Message>>>,
    answers: Arc<Mutex<HashMap<String, Answers>>>,
    held: Arc<Mutex<usize>>,
    most_held: Arc<Mutex<usize>>,
}

/// The server. It can be shut, and opened again at the same address.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    desk: Desk,
    serving: Option<JoinHandle<()>>,
}

impl Receiver {
    /// One that nobody can reach yet.
    pub(crate) fn shut() -> Self {
        Self { address: free_address(), desk: Desk::default(), serving: None }
    }

    /// One that takes everything.
    pub(crate) async fn open() -> Self {
        let mut receiver = Self::shut();
        receiver.reopen().await;
        receiver
    }

    pub(crate) async fn reopen(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        let router = Router::new().fallback(take).with_state(self.desk.clone());
        self.serving = Some(tokio::spawn(async move { axum::serve(listener, router).await.unwrap() }));
    }

    /// What the till with this number answers from now on.
    pub(crate) fn answer(&self, till: usize, answers: Answers) {
        self.desk.answers.lock().unwrap().insert(format!("/till-{till}"), answers);
    }

    pub(crate) fn got(&self) -> Vec<Message> {
        self.desk.got.lock().unwrap().clone()
    }

    /// How many messages were kept waiting at once, at most.
    pub(crate) fn most_held(&self) -> usize {
        *self.desk.most_held.lock().unwrap()
    }

    /// The first so many messages, once they are there.
    pub(crate) async fn messages(&self, count: usize) -> Vec<Message> {
        within(PUSH_PATIENCE, "a pushed result", || async { Some(self.got()).filter(|got| got.len() >= count) }).await
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        if let Some(serving) = &self.serving {
            serving.abort();
        }
    }
}

async fn take(State(desk): State<Desk>, uri: Uri, headers: HeaderMap, bytes: Bytes) -> Response {
    let headers = headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    let path = uri.path().to_owned();
    let answers = desk.answers.lock().unwrap().get(&path).copied().unwrap_or(Answers::With(200));
    desk.got.lock().unwrap().push(Message { path, came_at: Instant::now(), headers, bytes: bytes.to_vec() });
    match answers {
        // A redirect leads here, where nobody must arrive.
        Answers::With(status) => {
            (StatusCode::from_u16(status).unwrap(), [("location", "/elsewhere")], "ignored").into_response()
        }
        Answers::Never => {
            let _held = Held::new(desk);
            std::future::pending().await
        }
    }
}

/// A message that is kept waiting, until its sender hangs up.
struct Held(Desk);

impl Held {
    fn new(desk: Desk) -> Self {
        let mut held = desk.held.lock().unwrap();
        *held += 1;
        let mut most = desk.most_held.lock().unwrap();
        *most = (*most).max(*held);
        drop((held, most));
        Self(desk)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        *self.0.held.lock().unwrap() -= 1;
    }
}
