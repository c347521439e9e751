//! A running border and a client that sends exactly the bytes it is given.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use pos_bridge::domain::directory::{Credentials, Directory, Language, Profile, Store, Terminal, Till};
use pos_bridge::domain::identifiers::{ProviderTerminalId, StoreId, TerminalName, TillId};
use pos_bridge::domain::money::Currency;
use pos_bridge::domain::operation::{Operation, ProviderName};
use pos_bridge::engine::{Engine, Pace, Parts};
use pos_bridge::http::{
    Callers, Limits, Listener, Room, Shares, TillApi, TillListenerSettings, TlsListener, serve, till_router,
};
use pos_bridge::ports::SystemClock;
use rustls::ServerConfig;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::no_journal::{NoJournal, NoPusher};

/// The key of till-1.
pub(crate) const KEY: &str = "key-of-till-1";
/// The key of till-2, whose cashiers speak Norwegian.
pub(crate) const OTHER_KEY: &str = "key-of-till-2";
/// A name of the bridge besides its address.
pub(crate) const NAME: &str = "kasse.example";
/// A web page that may call.
pub(crate) const PAGE: &str = "https://till.example";

/// Waiting for anything takes longer than this only when it never comes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A running listener; it stops when this is dropped.
pub(crate) struct Border {
    pub(crate) address: SocketAddr,
    _stop: DropGuard,
}

/// A reply as it came.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
    /// The body as it came, whatever its code page.
    pub(crate) bytes: Vec<u8>,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().filter_map(|line| line.split_once(": ")).find(|(found, _)| *found == name).map(|(_, v)| v)
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The request passed the border: the engine, which takes no payments here, answered.
    pub(crate) fn reached_the_engine(&self) -> bool {
        self.status == 503 && ["shutting_down", "storage_unavailable"].contains(&self.code().as_str())
    }

    pub(crate) fn code(&self) -> String {
        self.field("code")
    }

    /// A field at the top of an answer in any dialect.
    pub(crate) fn field(&self, name: &str) -> String {
        let content_type = self.header("Content-Type").unwrap_or_default();
        if content_type.contains("json") {
            return self.json()[name].as_str().unwrap_or_default().to_owned();
        }
        if content_type.contains("xml") {
            let (_, rest) = self.body.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("{self:?}"));
            return rest.split('<').next().unwrap().to_owned();
        }
        let value = self.body.split("\r\n").find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        value.unwrap_or_else(|| panic!("{self:?}")).to_owned()
    }
}

/// Limits that a test need not wait for.
pub(crate) fn short_limits() -> Limits {
    Limits {
        header_read: Duration::from_millis(200),
        body_read: Duration::from_millis(200),
        write_stall: Duration::from_millis(200),
        drain: Duration::from_millis(200),
        ..Limits::default()
    }
}

pub(crate) fn engine(trusted_by: &[&str]) -> Engine {
    engine_on(NoJournal::default(), trusted_by, &Profile::default())
}

fn engine_on(journal: NoJournal, trusted_by: &[&str], profile: &Profile) -> Engine {
    let store = StoreId::new("oslo").unwrap();
    let terminal = TerminalName::new("front").unwrap();
    let till = |id: &str, key: &str| {
        let language = if profile.language == Language::English { language_of(id) } else { profile.language };
        Till {
            id: TillId::new(id).unwrap(),
            terminal: terminal.clone(),
            terminals: Vec::new(),
            credentials: Credentials {
                key_sha256: Some(Sha256::digest(key).into()),
                old_key_sha256: Some(Sha256::digest(format!("old-{key}")).into()),
                trusted_addresses: trusted_by.iter().filter(|name| **name == id).map(|_| loopback()).collect(),
            },
            profile: Profile { wait_seconds: 1, wait_seconds_max: 2, language, ..profile.clone() },
        }
    };
    Engine::new(Parts {
        directory: Directory {
            stores: vec![Store {
                id: store.clone(),
                payout_destination_id: "seller-1".into(),
                currency: Currency::from_code("NOK").unwrap(),
                time_zone: "Europe/Oslo".into(),
            }],
            terminals: vec![Terminal {
                name: terminal.clone(),
                provider: ProviderName::Dintero,
                store,
                terminal_id: ProviderTerminalId::new("T0292").unwrap(),
                tips: false,
                unlinked_refund: false,
            }],
            // The last one's KEY was not set when it was hashed; the configuration would refuse that.
            tills: vec![till("till-1", KEY), till("till-2", OTHER_KEY), till("keyless", "")],
        },
        journal: Arc::new(journal),
        providers: HashMap::new(),
        pusher: Arc::new(NoPusher),
        clock: Arc::new(SystemClock),
        pace: Pace { recovery_patience: Duration::ZERO, ..Pace::default() },
    })
}

fn language_of(till: &str) -> Language {
    if till == "till-2" { Language::Norwegian } else { Language::English }
}

fn loopback() -> IpAddr {
    IpAddr::from([127, 0, 0, 1])
}

/// The tills' listener with these limits; the named tills trust this machine.
pub(crate) async fn border_with(limits: Limits, trusted_by: &[&str]) -> Border {
    border_of(engine(trusted_by), limits).await
}

/// The tills' listener, where every till finds this operation.
pub(crate) async fn border_that_knows(operation: Operation, limits: Limits) -> Border {
    border_of(engine_on(NoJournal { found: Some(operation), ..NoJournal::default() }, &[], &Profile::default()), limits)
        .await
}

/// The tills' listener, where every till finds this operation and nothing that is written is ever answered.
pub(crate) async fn border_on_a_disk_that_stands_still(operation: Operation) -> Border {
    let journal = NoJournal { found: Some(operation), stands_still: true };
    border_of(engine_on(journal, &[], &Profile::default()), Limits::default()).await
}

/// The tills' listener, where every till has this profile.
pub(crate) async fn border_with_profile(profile: &Profile) -> Border {
    border_of(engine_on(NoJournal::default(), &[], profile), Limits::default()).await
}

/// The tills' listener for tills of this profile, where every till finds this operation.
pub(crate) async fn border_for(profile: Profile, found: Option<Operation>, limits: Limits) -> Border {
    border_of(engine_on(NoJournal { found, ..NoJournal::default() }, &[], &profile), limits).await
}

async fn border_of(engine: Engine, limits: Limits) -> Border {
    border_for_pages(engine, limits, &[PAGE]).await
}

/// The tills' listener of a shop without web tills.
pub(crate) async fn border_without_pages() -> Border {
    border_for_pages(engine(&[]), Limits::default(), &[]).await
}

async fn border_for_pages(engine: Engine, limits: Limits, pages: &[&str]) -> Border {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stop = CancellationToken::new();
    let router = router_of(engine, listener.local_addr().unwrap(), limits, pages, &stop);
    start(listener, router, limits, stop)
}

/// What answers on the tills' listener.
pub(crate) fn router(limits: Limits) -> Router {
    router_of(engine(&[]), (loopback(), 0).into(), limits, &[], &CancellationToken::new())
}

/// The tills' listener over TLS, where every till finds this operation.
pub(crate) async fn encrypted_border(operation: Operation, limits: Limits, config: Arc<ServerConfig>) -> Border {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
    let engine = engine_on(NoJournal { found: Some(operation), ..NoJournal::default() }, &[], &Profile::default());
    let router = router_of(engine, address, limits, &[PAGE], &stop);
    start_at(address, TlsListener::new(listener, config), router, limits, stop)
}

fn router_of(engine: Engine, address: SocketAddr, limits: Limits, pages: &[&str], stop: &CancellationToken) -> Router {
    till_router(TillApi {
        engine,
        settings: Arc::new(TillListenerSettings {
            listen: address,
            allowed_hosts: vec![NAME.into()],
            allowed_origins: pages.iter().map(|&page| page.into()).collect(),
            limits,
        }),
        metrics: Arc::new(|| "pos_bridge_up 1\n".into()),
        shutdown: stop.clone(),
        waiting: Shares::default(),
        callers: Callers::default(),
        streams: Shares::default(),
    })
}

pub(crate) fn start(listener: TcpListener, router: Router, limits: Limits, stop: CancellationToken) -> Border {
    start_at(listener.local_addr().unwrap(), listener, router, limits, stop)
}

fn start_at(
    address: SocketAddr,
    listener: impl Listener,
    router: Router,
    limits: Limits,
    stop: CancellationToken,
) -> Border {
    tokio::spawn(serve(Room::new(limits), listener, router, limits, stop.clone()));
    Border { address, _stop: stop.drop_guard() }
}

pub(crate) async fn border() -> Border {
    border_with(Limits::default(), &[]).await
}

impl Border {
    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends these bytes and reads one reply.
    pub(crate) async fn send(&self, bytes: impl AsRef<[u8]>) -> Reply {
        let mut stream = self.connect().await;
        stream.write_all(bytes.as_ref()).await.unwrap();
        read_reply(&mut stream).await
    }

    /// A call with till-1's key; `headers` are whole lines.
    pub(crate) async fn call(&self, method: &str, path: &str, headers: &str, body: &str) -> Reply {
        self.send(request(method, path, &format!("Host: {}\r\nX-Api-Key: {KEY}\r\n{headers}", self.address), body))
            .await
    }

    /// A call without a key; `headers` are whole lines.
    pub(crate) async fn bare_call(&self, method: &str, path: &str, headers: &str, body: &str) -> Reply {
        self.send(request(method, path, &format!("Host: {}\r\n{headers}", self.address), body)).await
    }
}

/// The bytes of a request; `headers` are whole lines.
pub(crate) fn request(method: &str, path: &str, headers: &str, body: &str) -> String {
    let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    format!("{method} {path} HTTP/1.1\r\n{headers}{length}\r\n{body}")
}

/// Reads one reply by its `Content-Length`.
pub(crate) async fn read_reply(stream: &mut TcpStream) -> Reply {
    tokio::time::timeout(PATIENCE, read_reply_patiently(stream, true)).await.expect("no reply in time")
}

/// Reads the head of the reply to a `HEAD`.
pub(crate) async fn read_head(stream: &mut TcpStream) -> Reply {
    tokio::time::timeout(PATIENCE, read_reply_patiently(stream, false)).await.expect("no reply in time")
}

async fn read_reply_patiently(stream: &mut TcpStream, with_body: bool) -> Reply {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("the connection ended before a reply"));
    }
    let head = String::from_utf8(head).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let mut reply = Reply { status, head, body: String::new(), bytes: Vec::new() };
    assert!(reply.header("Transfer-Encoding").is_none(), "chunked: {}", reply.head);
    if with_body {
        let length: usize = reply.header("Content-Length").expect("no Content-Length").parse().unwrap();
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.unwrap();
        reply.body = String::from_utf8_lossy(&body).into_owned();
        reply.bytes = body;
    }
    reply
}

/// The other side closes the connection; what it still says is returned.
pub(crate) async fn read_to_close(stream: &mut TcpStream) -> String {
    let mut rest = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("still open");
    // A reset is a close too.
    drop(read);
    String::from_utf8_lossy(&rest).into_owned()
}
