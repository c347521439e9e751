use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::http::{Limits, serve};

/// Tells its dropping, to await it.
struct Dropped(Arc<Notify>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

/// A till's call that waits for `result` and reports on `taken` when its reply is handed over.
async fn call(result: Arc<Notify>, taken: Arc<Notify>, arrived: Arc<Notify>, dropped: Arc<Notify>) -> TcpStream {
    let handler = move || {
        let (result, taken, dropped) = (result.clone(), taken.clone(), Dropped(dropped.clone()));
        arrived.notify_one();
        async move {
            let _dropped = dropped;
            result.notified().await;
            telling(Response::new(Body::from("approved")), move || taken.notify_one()).await
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/", get(handler));
    tokio::spawn(serve(listener, router, Limits::default(), CancellationToken::new()));
    let mut till = TcpStream::connect(address).await.unwrap();
    till.write_all(b"GET / HTTP/1.0\r\n\r\n").await.unwrap();
    till
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
async fn a_till_that_hung_up_while_it_waited_is_not_told() {
    let [result, taken, arrived, dropped] = [(); 4].map(|()| Arc::new(Notify::new()));
    let till = call(result.clone(), taken.clone(), arrived.clone(), dropped.clone()).await;
    arrived.notified().await;
    drop(till);
    tokio::time::timeout(Duration::from_secs(5), dropped.notified()).await.unwrap();
    result.notify_one();
    // Everybody who could tell is gone with the handler.
    assert_eq!(Arc::strong_count(&taken), 2, "the router's and the test's");
    assert!(tokio::time::timeout(Duration::ZERO, taken.notified()).await.is_err());
}
