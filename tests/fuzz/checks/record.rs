//! A provider that answers whatever the bytes say, over real HTTP, and remembers what it said.

use std::cell::RefCell;
use std::rc::Rc;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::task::LocalSet;

use super::bytes::Bytes;

/// Whoever asks for more than there is hears this.
const NOTHING_MORE: (u16, &[u8]) = (503, b"");
/// One address of Dintero's is not the fuzzer's: a refused token makes the bridge rest, for real seconds.
const TOKEN_PATH: &str = "/auth/token";
const TOKEN: &[u8] = br#"{"access_token":"one","token_type":"Bearer","expires_in":3600}"#;

/// What was answered: statuses and bodies, oldest first.
#[derive(Debug, Default, Clone)]
pub(crate) struct Record {
    pub(crate) answers: Vec<(u16, Vec<u8>)>,
}

impl Record {
    /// Any object, however deep in any answer that counts as one, of which this holds.
    pub(crate) fn tells(&self, holds: impl Fn(&Value) -> bool) -> bool {
        let successes = self.answers.iter().filter(|(status, _)| (200..300).contains(status));
        // What nobody reads of an answer need not be a text.
        let texts = successes.map(|(_, body)| String::from_utf8_lossy(body));
        texts.filter_map(|text| serde_json::from_str(&text).ok()).any(|body| any_object(&body, &holds))
    }

    pub(crate) fn last_status(&self) -> u16 {
        self.answers.last().map_or(0, |(status, _)| *status)
    }
}

fn any_object(value: &Value, holds: &impl Fn(&Value) -> bool) -> bool {
    match value {
        Value::Object(members) => holds(value) || members.values().any(|member| any_object(member, holds)),
        Value::Array(elements) => elements.iter().any(|element| any_object(element, holds)),
        _ => false,
    }
}

/// What is still to be said, and what was.
#[derive(Debug, Default)]
struct Script {
    to_come: Vec<(u16, Vec<u8>)>,
    said: Record,
}

/// A provider's server, and one thread for it and for whoever calls it.
pub(crate) struct Scene {
    runtime: Runtime,
    tasks: LocalSet,
    script: Rc<RefCell<Script>>,
    pub(crate) url: String,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let (tasks, script) = (LocalSet::new(), Rc::<RefCell<Script>>::default());
        let listener = tasks.block_on(&runtime, TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tasks.spawn_local(accept(listener, Rc::clone(&script)));
        Self { runtime, tasks, script, url }
    }

    /// Has a question asked of the provider, whose answers are in the bytes: a status, a line end, a body.
    pub(crate) fn ask<T>(&self, mut bytes: Bytes<'_>, question: impl Future<Output = T>) -> (T, Record) {
        let mut to_come: Vec<_> = std::iter::from_fn(|| (!bytes.is_empty()).then(|| answer(bytes.part()))).collect();
        to_come.reverse();
        *self.script.borrow_mut() = Script { to_come, said: Record::default() };
        let answer = self.tasks.block_on(&self.runtime, question);
        (answer, self.script.take().said)
    }
}

/// `404\n{…}`; a body alone is a success.
fn answer(part: &[u8]) -> (u16, Vec<u8>) {
    let (head, body) = part.split_at(part.len().min(3));
    let status = std::str::from_utf8(head).ok().and_then(|text| text.parse().ok());
    match status.filter(|status| (200..=599).contains(status) && !matches!(status, 204 | 304)) {
        Some(status) => (status, body.strip_prefix(b"\n").unwrap_or(body).to_owned()),
        None => (200, part.to_owned()),
    }
}

async fn accept(listener: TcpListener, script: Rc<RefCell<Script>>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::task::spawn_local(serve(stream, Rc::clone(&script)));
    }
}

async fn serve(mut stream: TcpStream, script: Rc<RefCell<Script>>) {
    let mut bytes = Vec::new();
    while let Some(head) = request(&mut stream, &mut bytes).await {
        let (status, body) = if head.lines().next().is_some_and(|line| line.contains(TOKEN_PATH)) {
            (200, TOKEN.to_owned())
        } else {
            let mut script = script.borrow_mut();
            let (nothing, empty) = NOTHING_MORE;
            let answer = script.to_come.pop().unwrap_or_else(|| (nothing, empty.to_owned()));
            script.said.answers.push(answer.clone());
            answer
        };
        let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n", body.len());
        if stream.write_all(&[head.as_bytes(), &body].concat()).await.is_err() {
            return;
        }
    }
}

/// The head of the next request; its body is read and forgotten.
async fn request(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<String> {
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            let whole = end + 4 + length.unwrap_or(0);
            while bytes.len() < whole {
                if stream.read_buf(bytes).await.ok()? == 0 {
                    return None;
                }
            }
            bytes.drain(..whole);
            return Some(head);
        }
        if stream.read_buf(bytes).await.ok()? == 0 {
            return None;
        }
    }
}
