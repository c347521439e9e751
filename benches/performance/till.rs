//! Tills that do nothing but ask: HTTP/1.1 by hand on connections that are kept, so that the load costs little.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::Outcome;

/// A till with an open connection.
pub(crate) struct Till {
    stream: TcpStream,
    address: SocketAddr,
    key: String,
    received: Vec<u8>,
}

/// An answer's status and body.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// What many tills did.
pub(crate) struct Load {
    pub(crate) latencies: Vec<Duration>,
    pub(crate) per_second: f64,
}

impl Till {
    pub(crate) async fn connect(address: SocketAddr, number: usize) -> Outcome<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, address, key: key(number), received: Vec::new() })
    }

    /// Takes this amount, and waits for the result.
    pub(crate) async fn pay(&mut self, reference: &str, amount: i64) -> Outcome<Answer> {
        let body = json!({"reference": reference, "amount": amount, "wait": 120}).to_string();
        self.call("POST", "/pay", &body).await
    }

    pub(crate) async fn get(&mut self, path: &str) -> Outcome<Answer> {
        self.call("GET", path, "").await
    }

    async fn call(&mut self, method: &str, path: &str, body: &str) -> Outcome<Answer> {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.address,
            self.key,
            body.len()
        );
        self.stream.write_all(request.as_bytes()).await?;
        self.answer().await
    }

    async fn answer(&mut self) -> Outcome<Answer> {
        self.received.clear();
        loop {
            if self.stream.read_buf(&mut self.received).await? == 0 {
                return Err("the connection was closed in the middle of an answer".into());
            }
            if let Some(answer) = complete(&self.received) {
                return Ok(answer);
            }
        }
    }
}

/// The answer, once all of it is there. The bridge always tells its length.
fn complete(received: &[u8]) -> Option<Answer> {
    let text = std::str::from_utf8(received).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    })?;
    (body.len() >= length).then(|| Answer { status, body: body.to_owned() })
}

/// The key of a till.
pub(crate) fn key(number: usize) -> String {
    format!("the-key-of-till-{number}")
}

/// Has `tills` tills pay again and again for `time`, each as soon as it has its answer, after half a second to warm up.
pub(crate) async fn rush(address: SocketAddr, tills: usize, time: Duration) -> Outcome<Load> {
    rush_at(address, tills, time, Pace::default()).await
}

/// How a rush goes.
#[derive(Clone, Copy, Default)]
pub(crate) struct Pace {
    /// An earlier rush with another round has not used its references.
    pub(crate) round: usize,
    /// Between an answer and the next sale.
    pub(crate) pause: Duration,
}

/// The same, at a pace of its own.
pub(crate) async fn rush_at(address: SocketAddr, tills: usize, time: Duration, pace: Pace) -> Outcome<Load> {
    let mut connected = Vec::new();
    for number in 1..=tills {
        connected.push(Till::connect(address, number).await?);
    }
    let measured_from = Instant::now() + Duration::from_millis(500);
    let until = measured_from + time;
    let mut rush = JoinSet::new();
    for (number, till) in connected.into_iter().enumerate() {
        rush.spawn(pay_until(till, format!("R-{}-{number}", pace.round), pace.pause, measured_from, until));
    }
    let mut latencies = Vec::new();
    for sold in rush.join_all().await {
        latencies.extend(sold?);
    }
    let per_second = latencies.len() as f64 / time.as_secs_f64();
    Ok(Load { latencies, per_second })
}

async fn pay_until(
    mut till: Till,
    name: String,
    pause: Duration,
    measured_from: Instant,
    until: Instant,
) -> Outcome<Vec<Duration>> {
    let mut latencies = Vec::new();
    for sale in 0.. {
        let began = Instant::now();
        let answer = till.pay(&format!("{name}-{sale}"), 39900).await?;
        let ended = Instant::now();
        if answer.status != 200 || !answer.body.contains("\"approved\"") {
            return Err(format!("a sale was not approved: {} {}", answer.status, answer.body).into());
        }
        if ended > until {
            break;
        }
        if ended > measured_from {
            latencies.push(ended - began);
        }
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
    }
    Ok(latencies)
}
