//! The network between the bridge and its providers: it passes on whatever it gets, but for the one call that it is aimed at.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};

use super::message::Message;
use super::table::{Cut, Harm, Point, Way};

/// Shorter than a bridge under fire waits for an answer (400 ms), and longer.
const PAUSE: Duration = Duration::from_millis(120);
const TOO_LONG: Duration = Duration::from_millis(600);
/// Nobody waits longer than this for silence to end.
const SILENCE_MAX: Duration = Duration::from_secs(5);
/// More than any reply may have.
const ENDLESS: usize = 16 * 1024 * 1024;

#[derive(Debug, Clone, Copy)]
enum Aim {
    Nothing,
    At(Cut),
    Struck,
}

pub(crate) struct Gate {
    pub(crate) address: SocketAddr,
    aim: Arc<Mutex<Aim>>,
    listening: AbortHandle,
}

impl Gate {
    pub(super) async fn before(provider: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let aim = Arc::new(Mutex::new(Aim::Nothing));
        let aimed = aim.clone();
        let listening = tokio::spawn(async move {
            while let Ok((bridge, _)) = listener.accept().await {
                tokio::spawn(Line::between(bridge, provider, aimed.clone()));
            }
        });
        Self { address, aim, listening: listening.abort_handle() }
    }

    /// The next such call is struck, and no other.
    pub(super) fn aim_at(&self, cut: Cut) {
        *self.aim.lock().unwrap() = Aim::At(cut);
    }

    /// No call is struck any more; whether one was.
    pub(super) fn stand_down(&self) -> bool {
        let aim = std::mem::replace(&mut *self.aim.lock().unwrap(), Aim::Nothing);
        matches!(aim, Aim::Struck)
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// One connection of the bridge, and the one that goes on from it.
struct Line {
    bridge: TcpStream,
    provider: TcpStream,
    aim: Arc<Mutex<Aim>>,
}

impl Line {
    async fn between(bridge: TcpStream, provider: SocketAddr, aim: Arc<Mutex<Aim>>) {
        if let Ok(provider) = TcpStream::connect(provider).await {
            let mut line = Self { bridge, provider, aim };
            while line.exchange().await.is_some() {}
        }
    }

    /// One call; `None` when it was the last on this connection.
    async fn exchange(&mut self) -> Option<()> {
        let request = Message::read(&mut self.bridge).await?;
        let cut = self.cut_of(&request);
        self.pass(&request, Way::Request, cut.filter(|cut| cut.way == Way::Request)).await?;
        let answer = Message::read(&mut self.provider).await?;
        let mut cut = cut.filter(|cut| cut.way == Way::Answer);
        if let Some(next_time) = cut.take_if(|cut| cut.point == Point::InItsBody && !answer.has_body()) {
            *self.aim.lock().unwrap() = Aim::At(next_time);
        }
        self.pass(&answer, Way::Answer, cut).await?;
        if answer.is_whole {
            return Some(());
        }
        let _ = copy_bidirectional(&mut self.bridge, &mut self.provider).await;
        None
    }

    fn cut_of(&self, request: &Message) -> Option<Cut> {
        let mut aim = self.aim.lock().unwrap();
        let Aim::At(cut) = *aim else { return None };
        if request.call() != Some(cut.call) {
            return None;
        }
        *aim = Aim::Struck;
        Some(cut)
    }

    async fn pass(&mut self, message: &Message, way: Way, cut: Option<Cut>) -> Option<()> {
        let Some(cut) = cut else { return self.onward(way).write_all(message.bytes()).await.ok() };
        let (first, rest) = message.split(cut.point);
        self.onward(way).write_all(first).await.ok()?;
        match cut.harm {
            Harm::Pause | Harm::Late => {
                sleep(if cut.harm == Harm::Pause { PAUSE } else { TOO_LONG }).await;
                self.onward(way).write_all(rest).await.ok()
            }
            Harm::HalfClose => {
                self.onward(way).shutdown().await.ok()?;
                self.say_nothing().await
            }
            harm => self.strike(harm).await,
        }
    }

    fn onward(&mut self, way: Way) -> &mut TcpStream {
        match way {
            Way::Request => &mut self.provider,
            Way::Answer => &mut self.bridge,
        }
    }

    async fn strike(&mut self, harm: Harm) -> Option<()> {
        match harm {
            Harm::Reset => {
                self.provider.set_zero_linger().ok()?;
                self.bridge.set_zero_linger().ok()?;
                return None;
            }
            Harm::Silence => return self.say_nothing().await,
            Harm::Endless => self.say_without_end().await,
            Harm::Garbage => drop(self.bridge.write_all(&[0xA5; 512]).await),
            Harm::Unavailable => self.say("503 Service Unavailable", "", "<html>busy</html>").await,
            Harm::SlowDown => self.say("429 Too Many Requests", "retry-after: 1\r\n", "<html>slow down</html>").await,
            Harm::Redirect => {
                let there = format!("location: http://{}/elsewhere\r\n", self.bridge.local_addr().ok()?);
                self.say("307 Temporary Redirect", &there, "").await;
            }
            Harm::WrongType => {
                self.say("200 OK", "", r#"{"id":42,"events":"none","amount":"many","data":"none"}"#).await
            }
            Harm::Close | Harm::HalfClose | Harm::Pause | Harm::Late => {}
        }
        // What is unread when a socket is closed would turn its end into a reset.
        let _ = self.bridge.shutdown().await;
        let _ = self.provider.shutdown().await;
        let _ = timeout(PAUSE, self.bridge.read(&mut [0; 1024])).await;
        None
    }

    async fn say(&mut self, status: &str, headers: &str, body: &str) {
        let length = body.len();
        let text = format!("HTTP/1.1 {status}\r\n{headers}connection: close\r\ncontent-length: {length}\r\n\r\n{body}");
        let _ = self.bridge.write_all(text.as_bytes()).await;
    }

    async fn say_without_end(&mut self) {
        let mut said = self.bridge.write_all(b"HTTP/1.1 200 OK\r\n\r\n\"").await;
        for _ in 0..ENDLESS / 65_536 {
            if said.is_err() {
                return;
            }
            said = self.bridge.write_all(&[b'x'; 65_536]).await;
        }
    }

    /// Until the bridge has had enough.
    async fn say_nothing(&mut self) -> Option<()> {
        let mut ignored = [0; 4096];
        let hung_up = async { while self.bridge.read(&mut ignored).await.is_ok_and(|count| count > 0) {} };
        let _ = timeout(SILENCE_MAX, hung_up).await;
        None
    }
}
