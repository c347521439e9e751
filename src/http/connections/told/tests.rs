use std::io::Write as _;
use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use axum::routing::get;
use axum::{Extension, Router};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::process::{Child, Command};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::http::connections::acknowledged::unacknowledged;
use crate::http::{Limits, Room, serve};

/// A till whose machine loses its power once its input ends, and is up again at once: `TCP_REPAIR` (19) takes its connection
/// away without a word, and whatever comes over that afterwards is answered with a reset.
const TILL_ON_A_WEAK_PLUG: &str = "
import socket, sys
till = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
till.sendall(b'GET / HTTP/1.0\\r\\n\\r\\n')
sys.stdin.read()
till.setsockopt(socket.IPPROTO_TCP, 19, 1)
till.close()
";

/// Tells its dropping, to await it.
struct Dropped(Arc<Notify>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

/// A till's call that waits for `result` and reports on `taken` when its reply is handed over.
async fn call(result: Arc<Notify>, taken: Arc<Notify>, arrived: Arc<Notify>, dropped: Arc<Notify>) -> TcpStream {
    let mut till = TcpStream::connect(bridge("approved", result, taken, arrived, dropped).await).await.unwrap();
    till.write_all(b"GET / HTTP/1.0\r\n\r\n").await.unwrap();
    till
}

async fn bridge(
    answer: impl Into<Bytes>,
    result: Arc<Notify>,
    taken: Arc<Notify>,
    arrived: Arc<Notify>,
    dropped: Arc<Notify>,
) -> SocketAddr {
    let answer = answer.into();
    let handler = move |Extension(exchange): Extension<Exchange>| {
        let (answer, result, taken, dropped) =
            (answer.clone(), result.clone(), taken.clone(), Dropped(dropped.clone()));
        arrived.notify_one();
        async move {
            let _dropped = dropped;
            result.notified().await;
            telling(Response::new(Body::from(answer)), exchange, move || taken.notify_one())
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/", get(handler));
    tokio::spawn(serve(Room::new(Limits::default()), listener, router, Limits::default(), CancellationToken::new()));
    address
}

/// What it was sent lies in this machine's memory until the till's machine takes it, as with a switch that went dark.
#[tokio::test]
async fn a_till_whose_machine_does_not_take_the_answer_is_not_told() {
    for (is_read, is_told) in [(false, false), (true, true)] {
        let [result, taken, arrived, dropped] = [(); 4].map(|()| Arc::new(Notify::new()));
        let long = vec![b'.'; 200_000];
        let address = bridge(long, result.clone(), taken.clone(), arrived.clone(), dropped.clone()).await;
        let narrow = TcpSocket::new_v4().unwrap();
        narrow.set_recv_buffer_size(4096).unwrap();
        let mut till = narrow.connect(address).await.unwrap();
        if let Err(error) = unacknowledged(till.local_addr().unwrap(), address) {
            eprintln!("NOT TESTED: this machine's kernel does not tell ({error})");
            return;
        }
        till.write_all(b"GET / HTTP/1.1\r\nHost: bridge\r\n\r\n").await.unwrap();
        arrived.notified().await;
        result.notify_one();
        dropped.notified().await;
        let reading = async {
            let mut rest = vec![0; 4096];
            while is_read && till.read(&mut rest).await.unwrap() > 0 {}
            std::future::pending::<()>().await;
        };
        let told = tokio::select! {
            () = reading => false,
            () = taken.notified() => true,
            () = tokio::time::sleep(Duration::from_secs(2)) => false,
        };
        assert_eq!(told, is_told, "read: {is_read}");
    }
}

#[tokio::test]
async fn a_till_that_gets_its_result_is_told() {
    let [result, taken, arrived, dropped] = [(); 4].map(|()| Arc::new(Notify::new()));
    let mut till = call(result.clone(), taken.clone(), arrived.clone(), dropped).await;
    arrived.notified().await;
    result.notify_one();
    let mut reply = String::new();
    till.read_to_string(&mut reply).await.unwrap();
    assert!(reply.ends_with("approved") && reply.contains("Content-Length: 8"), "{reply}");
    tokio::time::timeout(Duration::from_secs(5), taken.notified()).await.unwrap();
}

#[tokio::test]
async fn a_till_that_closes_its_side_behind_its_request_gets_its_result_and_is_told() {
    let [result, taken, arrived, dropped] = [(); 4].map(|()| Arc::new(Notify::new()));
    let mut till = call(result.clone(), taken.clone(), arrived.clone(), dropped).await;
    till.shutdown().await.unwrap();
    arrived.notified().await;
    result.notify_one();
    let mut reply = String::new();
    till.read_to_string(&mut reply).await.unwrap();
    assert!(reply.ends_with("approved"), "{reply}");
    tokio::time::timeout(Duration::from_secs(5), taken.notified()).await.unwrap();
}

#[tokio::test]
async fn a_till_that_hung_up_while_it_waited_is_not_told() {
    let [result, taken, arrived, dropped] = [(); 4].map(|()| Arc::new(Notify::new()));
    let till = call(result.clone(), taken.clone(), arrived.clone(), dropped.clone()).await;
    arrived.notified().await;
    drop(till);
    the_connection_hears_of_it().await;
    result.notify_one();
    tokio::time::timeout(Duration::from_secs(5), dropped.notified()).await.unwrap();
    nobody_is_left_to_tell(&taken).await;
}

#[tokio::test]
async fn a_till_that_broke_off_while_it_waited_is_noticed_at_once() {
    let [result, taken, arrived, dropped] = [(); 4].map(|()| Arc::new(Notify::new()));
    let till = call(result, taken.clone(), arrived.clone(), dropped.clone()).await;
    arrived.notified().await;
    till.set_zero_linger().unwrap();
    drop(till);
    tokio::time::timeout(Duration::from_secs(5), dropped.notified()).await.unwrap();
    nobody_is_left_to_tell(&taken).await;
}

#[tokio::test]
async fn a_till_whose_machine_lost_its_power_while_it_waited_is_noticed_and_not_told() {
    let [result, taken, arrived, dropped] = [(); 4].map(|()| Arc::new(Notify::new()));
    let address = bridge("approved", result.clone(), taken.clone(), arrived.clone(), dropped.clone()).await;
    let Some(till) = till_on_a_weak_plug(address) else { return not_tested("no python3") };
    arrived.notified().await;
    if !loses_its_power(till).await {
        return not_tested("TCP_REPAIR is not permitted here");
    }
    tokio::time::timeout(Duration::from_secs(15), dropped.notified()).await.expect("nobody looks after a silent till");
    result.notify_one();
    nobody_is_left_to_tell(&taken).await;
}

fn till_on_a_weak_plug(address: SocketAddr) -> Option<Child> {
    let port = address.port().to_string();
    let mut python = Command::new("python3");
    python.args(["-c", TILL_ON_A_WEAK_PLUG, &port]).stdin(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    python.spawn().ok()
}

async fn loses_its_power(mut till: Child) -> bool {
    drop(till.stdin.take());
    till.wait().await.unwrap().success()
}

fn not_tested(why: &str) {
    // Not by a macro, whose output a passing test does not show.
    std::io::stderr().write_all(format!("\n!!! NOT TESTED: {why} !!!\n").as_bytes()).unwrap();
}

/// As a machine does that lost its power and was up again while the answer was being repeated: had anybody read it, it would
/// have been acknowledged long before.
#[tokio::test]
async fn a_till_that_breaks_off_long_after_an_answer_that_it_never_took_is_not_told() {
    let [result, taken, arrived, dropped] = [(); 4].map(|()| Arc::new(Notify::new()));
    let answer = vec![b'.'; 20_000];
    let address = bridge(answer, result.clone(), taken.clone(), arrived.clone(), dropped.clone()).await;
    let narrow = TcpSocket::new_v4().unwrap();
    narrow.set_recv_buffer_size(4096).unwrap();
    let mut till = narrow.connect(address).await.unwrap();
    if let Err(error) = unacknowledged(till.local_addr().unwrap(), address) {
        return not_tested(&format!("this machine's kernel does not tell ({error})"));
    }
    till.write_all(b"GET / HTTP/1.1\r\nHost: bridge\r\n\r\n").await.unwrap();
    arrived.notified().await;
    result.notify_one();
    dropped.notified().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    till.set_zero_linger().unwrap();
    drop(till);
    nobody_is_left_to_tell(&taken).await;
}

/// The runtime of a test has one thread: two turns of its driver have taken up what has happened on the wire.
async fn the_connection_hears_of_it() {
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// The connection has ended, and with it went whoever could tell.
async fn nobody_is_left_to_tell(taken: &Arc<Notify>) {
    let ended = async {
        while Arc::strong_count(taken) > 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), ended).await.expect("the router's and the test's are left");
    assert!(tokio::time::timeout(Duration::ZERO, taken.notified()).await.is_err(), "it was told");
}
