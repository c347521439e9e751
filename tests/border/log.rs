//! What a call leaves in the log.

use std::cell::RefCell;
use std::io::{Result, Write};
use std::sync::Once;

use tracing_subscriber::filter::LevelFilter;

use crate::callbacks::callbacks;
use crate::support::{border, read_to_close};

thread_local! {
    /// What was logged on this thread, which is a test's own.
    static LINES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

struct Log;

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> Result<usize> {
        LINES.with_borrow_mut(|lines| lines.write(line))
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

/// For all threads: one that is set for a single thread is not heard of by whoever asked before.
fn log() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing_subscriber::fmt().with_max_level(LevelFilter::INFO).with_ansi(false).with_writer(|| Log).init();
    });
}

fn answers() -> Vec<String> {
    let text = LINES.with_borrow(|lines| String::from_utf8(lines.clone()).unwrap());
    text.lines().filter(|line| line.contains("answered")).map(str::to_owned).collect()
}

/// Anybody on the network could fill the disk with it.
#[tokio::test]
async fn what_needs_no_key_is_not_logged_each_time() {
    log();
    let border = border().await;
    for path in ["/health", "/metrics", "/docs", "/openapi.json"] {
        assert_eq!(border.bare_call("GET", path, "", "").await.status, 200, "{path}");
    }
    assert_eq!(answers(), Vec::<String>::new());
    border.call("GET", "/last", "", "").await;
    border.bare_call("GET", "/last", "", "").await;
    assert_eq!(answers().len(), 2, "a till, and a stranger who is refused: {:?}", answers());
}

/// It asks as often as it likes, and must not hide who is refused.
#[tokio::test]
async fn a_monitor_that_finds_the_bridge_not_ready_takes_no_line_of_a_stranger() {
    log();
    let border = border().await;
    for _ in 0..30 {
        assert_eq!(border.bare_call("GET", "/ready", "", "").await.status, 503);
    }
    assert_eq!(answers().len(), 20, "{:?}", answers());
    assert_eq!(border.bare_call("GET", "/last", "X-Api-Key: wrong\r\n", "").await.status, 401);
    assert_eq!(answers().len(), 20 + 1, "{:?}", answers());
}

/// Whatever the reason: a 503 can be had as often as a 401.
#[tokio::test]
async fn what_strangers_do_not_get_is_logged_one_by_one_up_to_a_number() {
    use tokio::io::AsyncWriteExt;

    log();
    let (border, callbacks) = (border().await, callbacks().await);
    for _ in 0..30 {
        assert_eq!(border.bare_call("GET", "/last", "", "").await.status, 401);
    }
    assert_eq!(answers().len(), 20, "{:?}", answers());
    for _ in 0..30 {
        let mut stream = callbacks.connect().await;
        stream
            .write_all(b"POST /callbacks/dintero HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nshort")
            .await
            .unwrap();
        stream.shutdown().await.unwrap();
        assert!(read_to_close(&mut stream).await.starts_with("HTTP/1.1 503 "));
    }
    assert_eq!(answers().len(), 20 + 20, "{:?}", answers());
}
