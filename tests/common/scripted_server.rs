//! A server that does exactly what a test says, on the level of bytes, and remembers what it was sent.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What to do with a request.
pub(crate) enum Act {
    Reply {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: Vec<u8>,
    },
    /// Closes the connection without a word.
    Close,
    /// Promises a long body, sends some of it, and closes.
    Half,
    /// Never answers.
    Hang,
}

pub(crate) fn reply(status: u16, body: Value) -> Act {
    let headers = vec![("Content-Type", "application/json".to_owned())];
    Act::Reply { status, headers, body: body.to_string().into_bytes() }
}

pub(crate) fn reply_with(status: u16, header: (&'static str, &str), body: Value) -> Act {
    Act::Reply { status, headers: vec![(header.0, header.1.to_owned())], body: body.to_string().into_bytes() }
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) connection: usize,
}

impl Request {
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(found, _)| found == name).map_or("", |(_, value)| value)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn query(&self) -> Vec<(String, String)> {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        form_urlencoded::parse(query.as_bytes()).into_owned().collect()
    }
}

type Script = dyn Fn(&Request) -> Act + Send + Sync;

#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) url: String,
    state: Arc<State>,
}

struct State {
    script: Box<Script>,
    requests: Mutex<Vec<Request>>,
    connections: AtomicUsize,
    drops_connections: AtomicBool,
}

impl Server {
    pub(crate) async fn start(script: impl Fn(&Request) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(State {
            script: Box::new(script),
            requests: Mutex::default(),
            connections: AtomicUsize::new(0),
            drops_connections: AtomicBool::new(false),
        });
        tokio::spawn(accept(listener, Arc::clone(&state)));
        Self { url, state }
    }

    /// From now on every new connection is closed before a byte of it is read.
    pub(crate) fn drop_connections(&self) {
        self.state.drops_connections.store(true, Ordering::SeqCst);
    }

    pub(crate) fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.state.requests.lock().unwrap().clone()
    }

    /// The requests for this path.
    pub(crate) fn requests_for(&self, path: &str) -> Vec<Request> {
        self.requests().into_iter().filter(|request| request.path() == path).collect()
    }
}

/// An address on which nobody listens.
pub(crate) async fn dead_url() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    while let Ok((stream, _)) = listener.accept().await {
        let connection = state.connections.fetch_add(1, Ordering::SeqCst);
        if !state.drops_connections.load(Ordering::SeqCst) {
            tokio::spawn(serve(stream, connection, Arc::clone(&state)));
        }
    }
}

async fn serve(mut stream: TcpStream, connection: usize, state: Arc<State>) {
    while let Some(request) = read(&mut stream, connection).await {
        state.requests.lock().unwrap().push(request.clone());
        match (state.script)(&request) {
            Act::Reply { status, headers, body } => {
                let mut head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n", body.len());
                for (name, value) in headers {
                    head.push_str(&format!("{name}: {value}\r\n"));
                }
                let written = [head.as_bytes(), b"\r\n", &body].concat();
                if stream.write_all(&written).await.is_err() {
                    return;
                }
            }
            Act::Close => return,
            Act::Half => {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{\"id\": \"T1.s\"").await;
                return;
            }
            Act::Hang => std::future::pending().await,
        }
    }
}

async fn read(stream: &mut TcpStream, connection: usize) -> Option<Request> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(position) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break position + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap();
    let mut lines = head.lines();
    let mut start = lines.next()?.split(' ');
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length =
        headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, value)| value.parse().unwrap());
    while bytes.len() < head_end + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    Some(Request {
        method: start.next()?.to_owned(),
        target: start.next()?.to_owned(),
        headers,
        body: bytes[head_end..head_end + length].to_vec(),
        connection,
    })
}
